"""What a request says: its body, its query, and the conditions in its headers."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar
from urllib.parse import parse_qsl

from chalice.app import MultiDict, Request
from pydantic_core import PydanticCustomError

from chalicelib.errors import FieldError, Malformed, TooLarge, UnsupportedMediaType
from chalicelib.fields.text import clean
from chalicelib.preconditions import Condition, always
from chalicelib.services import services

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MAX_BODY = 64 * 1024  # bytes of one member: many times the largest that could be valid
PAGING = ("limit", "cursor")  # the query parameters of every list
MAX_LIMIT, DEFAULT_LIMIT = 500, 100  # members or imports of one page
T = TypeVar("T")


def media_type(request: Request) -> str:
    """The body's media type in small letters, without its parameters; JSON where none is given."""
    return str(request.headers.get("content-type") or JSON).partition(";")[0].strip().lower()


def raw_body(request: Request, limit: int) -> bytes:
    """The body. Raises TooLarge past `limit` bytes, Malformed for none."""
    raw = request.raw_body
    raw = raw.encode() if isinstance(raw, str) else raw  # chalice local hands over either
    if len(raw) > limit:
        raise TooLarge(f"The body is over {limit} bytes.")
    if not raw.strip():
        raise Malformed("The body is empty.", code="empty_body")
    return raw


def fields(request: Request) -> object:
    """What a JSON or form body says. Raises Malformed, TooLarge, UnsupportedMediaType."""
    kind = media_type(request)
    if kind not in (JSON, FORM):
        raise UnsupportedMediaType(f"Send {JSON} or {FORM}.")
    raw = raw_body(request, MAX_BODY)
    try:
        text = raw.decode("utf-8-sig")
        if kind == FORM:
            return _form(text)
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise Malformed(f"The body is not {kind}.", code="malformed_body") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _form(text: str) -> dict[str, str]:
    given = "&".join(filter(None, text.split("&")))  # many end in one & too many
    pairs = parse_qsl(given, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=100)
    return {name: _with_plus(name, value) for name, value in _once(pairs).items()}


def _with_plus(name: str, value: str) -> str:
    """A value of a form or a query: the + of a phone number that nobody escaped has come as a blank."""
    return "+" + value[1:] if name == "phone_number" and value.startswith(" ") else value


def _once(pairs: Sequence[tuple[str, T]]) -> dict[str, T]:
    """The named values. Raises Malformed where one has two: which of them is meant, nobody knows."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise Malformed("A field of the body is given twice.", code="repeated_field")
    return values


def check_parameters(request: Request, allowed: Collection[str]) -> None:
    """Raises Malformed for a query parameter that is not allowed or given twice.

    Ignoring it would do something else than the caller asked for: `?phone=…` would list every member.
    """
    given = request.query_params or MultiDict(None)
    remedy = f"use {', '.join(allowed)}" if allowed else "remove it"
    wrong = [
        FieldError(f"?{name}", "unknown_parameter", f"There is no parameter {name[:64]!a} here; {remedy}.")
        for name in given
        if name not in allowed
    ]
    wrong += [
        FieldError(f"?{name}", "repeated_parameter", f"{name} is given more than once.")
        for name in given
        if name in allowed and len(given.getlist(name)) > 1
    ]
    if wrong:
        raise bad_parameters(*wrong)


def parameters(request: Request) -> dict[str, str]:
    """Returns the query's parameters; `route` has checked them."""
    given = request.query_params or MultiDict(None)
    return {name: given[name] for name in given}


def bad_parameters(*errors: FieldError) -> Malformed:
    """The error that names the parameters at fault."""
    return Malformed(" ".join(e.detail for e in errors), code="invalid_parameter", errors=errors)


def value_of(name: str, value: str) -> str:
    """A filter's value, by the rules a member's field obeys. Raises Malformed."""
    try:
        if name != "phone_number":
            return clean(value)
        return services().phone_rule.parse(clean(_with_plus(name, value)))
    except PydanticCustomError as error:
        raise bad_parameters(FieldError(f"?{name}", error.type, f"{name}: {error.message()}")) from None


def limit_of(query: Mapping[str, str]) -> int:
    """The page size a query asks for. Raises Malformed."""
    text = query.get("limit", str(DEFAULT_LIMIT))
    if not (
        text.isascii() and text.isdigit() and len(text) <= len(str(MAX_LIMIT)) and 1 <= int(text) <= MAX_LIMIT
    ):
        raise bad_parameters(
            FieldError("?limit", "out_of_range", f"limit is a whole number from 1 to {MAX_LIMIT}.")
        )
    return int(text)


def not_modified(request: Request, etag: str) -> bool:
    """Whether If-None-Match says that the caller has what this ETag names."""
    tags = _tags(request, "if-none-match")
    return tags is not None and ("*" in tags or etag in tags)


def conditions(request: Request) -> Condition:
    """If-Match and If-None-Match of a write, as a condition on the current ETag."""
    match, none_match = _tags(request, "if-match"), _tags(request, "if-none-match")
    if match is None and none_match is None:
        return always

    def holds(etag: str | None) -> bool:
        current = set() if etag is None else {"*", etag}
        return (match is None or bool(match & current)) and (none_match is None or not none_match & current)

    return holds


def _tags(request: Request, header: str) -> set[str] | None:
    """The entity tags in a header, None without it. Raises Malformed for what are no tags."""
    value = request.headers.get(header)
    if value is None:
        return None
    if not re.fullmatch(r'\s*(\*|(W/)?"[^"]*"(\s*,\s*(W/)?"[^"]*")*)\s*', value):
        raise Malformed(
            f'{header} takes ETags with their quotes, such as "1-20261123052448110", or *.',
            code="invalid_header",
        )
    tags = set(re.findall(r'(?:W/)?"[^"]*"|\*', value))
    if header == "if-match":
        return tags  # a weak tag never matches here
    return {tag.removeprefix("W/") for tag in tags}
