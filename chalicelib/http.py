"""HTTP in and out: bodies, queries and conditional headers read, answers and problem+json written."""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl, unquote, urlencode

from aws_lambda_powertools import Logger
from chalice.app import Blueprint, Chalice, MultiDict, Request, Response
from pydantic_core import PydanticCustomError

from .access import PUBLIC, SIGNED_IN, Need
from .config import settings
from .errors import (
    FieldError,
    Internal,
    Malformed,
    MethodNotAllowed,
    RegistryError,
    Taken,
    TooLarge,
    UnsupportedMediaType,
)
from .gate import admit, authorize, caller_of
from .members import clean
from .table import Condition, always

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
PROBLEM = "application/problem+json"
MAX_BODY = 64 * 1024  # bytes of one member: many times the largest that could be valid

# Of every answer that says nothing else: members' data is for the caller alone, and what its type says.
KEPT_BY_NOBODY = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

View = Callable[..., Response]
T = TypeVar("T")
log = Logger()
MAX_LIMIT, DEFAULT_LIMIT = 500, 100  # members or imports of one page


def route(owner: Blueprint | Chalice, method: str, *paths: str, needs: Need) -> Callable[[View], View]:
    """Registers a view under each path, for those who have the permission that it `needs`.

    Its errors become problem+json, and each answer one line of log.
    """

    def register(view: View) -> View:
        @wraps(view)
        def answer(**values: str) -> Response:
            request = cast("Request", owner.current_request)
            started = time.perf_counter()
            try:
                admit(request, needs)
                response = view(**{name: _path_value(name, value) for name, value in values.items()})
            except RegistryError as error:
                response = problem(request, error)
            except Exception as error:
                response = problem(request, Internal())
                # The type and the code alone: a message may quote what the caller sent.
                code = getattr(error, "response", {}).get("Error", {}).get("Code")
                log.error("unhandled", error=type(error).__name__, code=code, at=_where(error))
            admitted = "admitted" in request.context
            log.info(
                "request",
                method=method,
                route=request.context["resourcePath"],
                status=response.status_code,
                caller=str(caller_of(request)) if admitted else None,
                about=values.get("name")
                if admitted
                else None,  # a user, group or token; no path else has a name
                milliseconds=round((time.perf_counter() - started) * 1000, 1),
                request_id=request_id(request),
            )
            response.headers = {**KEPT_BY_NOBODY, **response.headers}
            return response

        for path in paths:
            # An empty list keeps Chalice from judging the type of bodies, those of GET included: `fields` does.
            authorizer = None if needs == PUBLIC else authorize
            owner.route(path, methods=[method], content_types=[], authorizer=authorizer)(answer)
        return view

    return register


def close_methods(app: Chalice) -> None:
    """Registers on every path the methods it lacks, to answer 405. To be called when all routes are there.

    API Gateway knows no 405: it would answer them like a path that does not exist.
    """
    for path, taken in list(app.routes.items()):
        lacking = [method for method in METHODS if method not in taken]
        allowed = ", ".join(method for method in METHODS if method in taken)
        for method in lacking:
            _refuse(app, method, path, allowed)


def _refuse(app: Chalice, method: str, path: str, allowed: str) -> None:
    @route(app, method, path, needs=SIGNED_IN)
    def method_not_allowed(**_: str) -> Response:
        """Not a method of this path."""
        raise MethodNotAllowed(f"This path takes {allowed}.", headers={"Allow": allowed})


def _path_value(name: str, value: str) -> str:
    """A path value as it was meant: API Gateway hands it over as it came in the URL. Raises Malformed."""
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise Malformed(f"{name} in the path is not UTF-8.", code="malformed_path") from None


def _where(error: Exception) -> list[str]:
    """The frames of an error, without the values in them."""
    frames = []
    trace = error.__traceback__
    while trace:
        frames.append(f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return frames


def request_id(request: Request) -> str:
    """The gateway's id of this request, else Lambda's."""
    lambda_id = getattr(request.lambda_context, "aws_request_id", "")
    return str(request.context.get("requestId") or lambda_id)


def problem(request: Request, error: RegistryError) -> Response:
    """The error as RFC 9457 problem details."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id(request),
    }
    if error.errors:
        body["errors"] = [asdict(field) for field in error.errors]
    if isinstance(error, Taken):
        base = root(request)
        for field, holder in zip(body["errors"], error.holders, strict=True):
            field["member"] = {"id": holder.member_id, "href": f"{base}/members/{holder.member_id}"}
    return Response(json.dumps(body), {"Content-Type": PROBLEM, **error.headers}, error.status)


def answer(body: Mapping[str, Any], status: int = 200, **headers: str) -> Response:
    """A JSON answer; `headers` are spelled with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, {"Content-Type": JSON, **named}, status)


def root(request: Request) -> str:
    """The path the API stands under: nothing in chalice local, the stage behind a gateway."""
    depth = request.context["resourcePath"].count("/")
    path = str(request.context.get("path", "")).rstrip("/").split("/")
    return "/".join(path[:-depth])


def next_link(request: Request, path: str, query: Mapping[str, str], cursor: str) -> str:
    """The Link header that names the next page."""
    return f'<{root(request)}{path}?{urlencode({**query, "cursor": cursor})}>; rel="next"'


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


def parameters(request: Request, *allowed: str) -> dict[str, str]:
    """The query's parameters. Raises Malformed for one that is unknown or given twice.

    Unknown ones are refused: `?phone=…` would else list every member there is.
    """
    given = request.query_params or MultiDict(None)
    wrong = [
        FieldError(f"?{name}", "unknown_parameter", f"There is no parameter {name[:64]!a} here.")
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
    return {name: given[name] for name in given}


def bad_parameters(*errors: FieldError) -> Malformed:
    """The error that names the parameters at fault."""
    return Malformed(" ".join(e.detail for e in errors), code="invalid_parameter", errors=errors)


def value_of(name: str, value: str) -> str:
    """A filter's value, by the rules a member's field obeys. Raises Malformed."""
    try:
        if name != "phone_number":
            return clean(value)
        return settings().phone_rule.parse(clean(_with_plus(name, value)))
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


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def not_modified(request: Request, version: int) -> bool:
    """Whether If-None-Match says that the caller has this version already."""
    return not_modified_as(request, etag(version))


def not_modified_as(request: Request, tag: str) -> bool:
    """Whether If-None-Match says that the caller has what this entity tag names."""
    tags = _tags(request, "if-none-match")
    return tags is not None and ("*" in tags or tag in tags)


def conditions(request: Request) -> Condition:
    """If-Match and If-None-Match of a write, as a condition on the version that it meets."""
    match, none_match = _tags(request, "if-match"), _tags(request, "if-none-match")
    if match is None and none_match is None:
        return always

    def holds(version: int | None) -> bool:
        current = set() if version is None else {"*", etag(version)}
        return (match is None or bool(match & current)) and (none_match is None or not none_match & current)

    return holds


def _tags(request: Request, header: str) -> set[str] | None:
    """The entity tags in a header, None without it. Raises Malformed for what are no tags."""
    value = request.headers.get(header)
    if value is None:
        return None
    if not re.fullmatch(r'\s*(\*|(W/)?"[^"]*"(\s*,\s*(W/)?"[^"]*")*)\s*', value):
        raise Malformed(f'{header} takes quoted versions, such as "1", or *.', code="invalid_header")
    tags = set(re.findall(r'(?:W/)?"[^"]*"|\*', value))
    if header == "if-match":
        return tags  # a weak tag never matches here
    return {tag.removeprefix("W/") for tag in tags}
