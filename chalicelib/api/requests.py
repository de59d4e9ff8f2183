"""Reads a request: its body, its query, and the preconditions in its headers."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from email.message import Message
from typing import NamedTuple, TypeVar
from urllib.parse import parse_qsl

from chalice.app import MultiDict, Request
from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from chalicelib.clock import normalized_time
from chalicelib.errors import FieldError, Malformed, TooLarge, UnsupportedMediaType
from chalicelib.fields.text import normalize_id, normalize_text
from chalicelib.fields.validation import first_errors, validate
from chalicelib.preconditions import Precondition
from chalicelib.services import services

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MERGE_PATCH = "application/merge-patch+json"
MAX_BODY = 64 * 1024  # bytes; a valid member needs far fewer
PAGING = ("limit", "cursor")  # the query parameters of every list
MAX_LIMIT, DEFAULT_LIMIT = 500, 100  # items per page
IDS = ("account_id", "client_member_id")
LAST_DIGITS = "[0-9]{3,15}"
ETAGS = re.compile(r'\s*(\*|(W/)?"[^"]*"(\s*,\s*(W/)?"[^"]*")*)\s*')
T = TypeVar("T")
Model = TypeVar("Model", bound=BaseModel)


class PageRequest(NamedTuple):
    """The page that a request selects: at most `limit` items, from the start if `cursor` is None."""

    limit: int
    cursor: str | None


def media_type(request: Request) -> str:
    """Returns the body's media type in lower case, without parameters; JSON if the request names none."""
    return str(request.headers.get("content-type") or JSON).partition(";")[0].strip().lower()


def charset(request: Request) -> str | None:
    """Returns the charset parameter of the body's media type, None if there is none."""
    message = Message()
    message["content-type"] = str(request.headers.get("content-type") or "")
    return message.get_content_charset("?") if message.get_param("charset") else None


def body_bytes(request: Request) -> bytes:
    """Returns the body, empty without one."""
    raw = request.raw_body
    return raw.encode() if isinstance(raw, str) else raw  # chalice local passes either


def raw_body(request: Request, limit: int) -> bytes:
    """Returns the body. Raises TooLarge past `limit` bytes, Malformed if it is empty."""
    raw = body_bytes(request)
    if len(raw) > limit:
        raise TooLarge(f"The body is larger than {limit} bytes.")
    if not raw.strip():
        raise Malformed("The body is empty.", code="empty_body")
    return raw


def validated_body(request: Request, model: type[Model]) -> Model:
    """Returns the body as a `model`. Raises Invalid and the errors of `body_fields`."""
    return validate(model, body_fields(request), services().phone_rule)


def body_fields(request: Request, kinds: Sequence[str] = (JSON, FORM), limit: int = MAX_BODY) -> object:
    """Returns a body of one of these types, parsed. Raises Malformed, TooLarge, UnsupportedMediaType."""
    kind = media_type(request)
    if kind == MERGE_PATCH and request.method == "PATCH":
        kind = JSON  # all that a JSON merge patch (RFC 7396) adds is null, and no field can be removed
    if kind not in kinds:
        raise UnsupportedMediaType(f"Send {' or '.join(kinds)}.")
    raw = raw_body(request, limit)
    try:
        text = raw.decode("utf-8-sig")
        if kind == FORM:
            return _form_fields(text)
        return json.loads(text, parse_constant=_reject_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise Malformed(f"The body is not {kind}.", code="malformed_body") from None


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _form_fields(text: str) -> dict[str, str]:
    pairs_text = "&".join(map(_with_plus, filter(None, text.split("&"))))  # many clients send a trailing &
    pairs = parse_qsl(
        pairs_text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=100
    )
    return _unique(pairs)


def _with_plus(pair: str) -> str:
    """Returns a pair of a form; many clients do not escape the + of a phone number, and it would become a space."""
    return re.sub(r"^phone_number=\+", "phone_number=%2B", pair)


def _unique(pairs: Sequence[tuple[str, T]]) -> dict[str, T]:
    """Returns the values by name. Raises Malformed if a name repeats: either value could be the intended one."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise Malformed("The body repeats a field. Send each field once.", code="repeated_field")
    return values


def query_parameters(request: Request) -> dict[str, str]:
    """Returns the query's parameters; `route` has checked them."""
    sent = request.query_params or MultiDict(None)
    return {name: sent[name] for name in sent}


def invalid_parameters(*errors: FieldError) -> Malformed:
    """Returns the error that names the invalid parameters, the first ones of many."""
    listed = first_errors(errors)
    return Malformed(" ".join(e.detail for e in listed), code="invalid_parameter", errors=listed)


def normalized_value(name: str, value: str, pointer: str) -> str:
    """Returns a query or path value, normalized like the member's field `name`.

    Raises Malformed with the pointer: `?name` for the query, `{name}` for the path.
    """
    try:
        if name == "phone_number":
            # An unescaped + is a space, and API Gateway passes values decoded.
            return services().phone_rule.parse(re.sub("^ ", "+", value))
        if name == "modified_since":
            return _moment(value)
        if name == "phone_ends_with":
            return _last_digits(value)
        return normalize_id(value) if name in IDS else normalize_text(value)
    except PydanticCustomError as error:
        raise invalid_parameters(FieldError(pointer, error.type, f"{name}: {error.message()}")) from None


def _moment(text: str) -> str:
    """Returns a time as members have it. Raises PydanticCustomError for one without a time zone."""
    text = re.sub(r" (?=[0-9]{2}:?[0-9]{2}$)", "+", text)  # an unescaped + of +01:00 was decoded as a space
    try:
        if datetime.fromisoformat(text).tzinfo:
            return normalized_time(text)
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("wrong_form", "Send a time with its zone, such as 2026-11-23T05:24:48Z.")


def _last_digits(text: str) -> str:
    """Returns the last digits of a phone number. Raises PydanticCustomError."""
    if not re.fullmatch(LAST_DIGITS, text):
        raise PydanticCustomError("wrong_form", "Send the last 3 to 15 digits of a phone number.")
    return text


def page_request(request: Request) -> PageRequest:
    """Returns the page that the query selects. Raises Malformed for an invalid limit."""
    limit = whole_number(request, "limit", range(1, MAX_LIMIT + 1), DEFAULT_LIMIT)
    return PageRequest(limit, query_parameters(request).get("cursor"))


def whole_number(request: Request, name: str, allowed: range, default: int) -> int:
    """Returns the number in a query parameter, `default` without one. Raises Malformed for another one."""
    text = query_parameters(request).get(name, str(default))
    # int() alone accepts other digits, spaces and signs.
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) not in allowed:
        detail = f"{name}: Must be a whole number from {allowed[0]} to {allowed[-1]}."
        raise invalid_parameters(FieldError(f"?{name}", "out_of_range", detail))
    return int(text)


def flag(request: Request, name: str) -> bool:
    """Returns whether a query parameter is true; without it, False. Raises Malformed for other values."""
    value = query_parameters(request).get(name, "false")
    if value not in {"true", "false"}:
        raise invalid_parameters(FieldError(f"?{name}", "unknown_value", f"{name}: Use true or false."))
    return value == "true"


def not_modified(request: Request, etag: str) -> bool:
    """Returns whether If-None-Match names this ETag: the caller has this version."""
    tags = _etags(request, "if-none-match")
    return tags is not None and ("*" in tags or etag.removeprefix("W/") in tags)


def precondition(request: Request) -> Precondition:
    """Returns the If-Match and If-None-Match of a write. Raises Malformed."""
    return Precondition(_etags(request, "if-match"), _etags(request, "if-none-match"))


def _etags(request: Request, header: str) -> frozenset[str] | None:
    """Returns the ETags in a header, None if it was not sent. Raises Malformed."""
    value = request.headers.get(header)
    if value is None:
        return None
    if not ETAGS.fullmatch(value):
        detail = f'{header}: Send ETags with their quotes, such as "1-20261123052448110", or *.'
        raise Malformed(detail, code="invalid_header")
    tags = re.findall(r'(?:W/)?"[^"]*"|\*', value)
    if header == "if-none-match":  # a weak tag matches here; it never matches If-Match
        tags = [tag.removeprefix("W/") for tag in tags]
    return frozenset(tags)
