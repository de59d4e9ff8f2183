"""Refuses what a request asks for and its route does not do. To ignore it would change the request's meaning."""

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from chalice.app import MultiDict, Request

from chalicelib.errors import FieldError, Malformed, UnsupportedMediaType

from .requests import body_bytes, invalid_parameters

IDEMPOTENCY_KEY = "idempotency-key"
# No route does what these ask for. The last ones name another method than that of the request.
UNSUPPORTED = (
    *("prefer", "if-unmodified-since"),
    *("x-http-method-override", "x-http-method", "x-method-override"),
)


class Takes(NamedTuple):
    """What a route takes beside its path: query parameters, a body, If-Match and If-None-Match, Idempotency-Key."""

    query: Collection[str] | Callable[[], Collection[str]] = ()
    body: bool = False
    conditions: bool = False
    key: bool = False


def check_request(request: Request, takes: Takes) -> None:
    """Raises Malformed, UnsupportedMediaType for a request that asks for what its route does not take."""
    _check_parameters(request, takes.query() if callable(takes.query) else takes.query)
    names = [name for name in _refused_headers(request, takes) if name in request.headers]
    if names:
        detail = f"This request does not take {' or '.join(name.title() for name in names)}. Remove it."
        raise Malformed(detail, code="unsupported_header")
    if str(request.headers.get("content-encoding", "identity")).strip().lower() != "identity":
        # Accept-Encoding in a response: RFC 9110, 12.5.3.
        raise UnsupportedMediaType(
            "Send the body as it is, without a Content-Encoding.", headers={"Accept-Encoding": "identity"}
        )
    if not takes.body and body_bytes(request).strip() not in (b"", b"{}"):
        raise Malformed("This request takes no body. Remove it.", code="unexpected_body")


def _refused_headers(request: Request, takes: Takes) -> Iterator[str]:
    """Yields the headers that would be ignored."""
    yield from UNSUPPORTED
    if not takes.key:
        yield IDEMPOTENCY_KEY
    if not takes.conditions:
        yield "if-match"
        # A GET without an ETag has no version that If-None-Match could name.
        if request.method not in {"GET", "HEAD"}:
            yield "if-none-match"


def _check_parameters(request: Request, allowed: Collection[str]) -> None:
    """Raises Malformed for a query parameter that is not allowed or repeated: `?phone=…` would list every member."""
    sent = request.query_params or MultiDict(None)
    remedy = f"Use {', '.join(allowed)}." if allowed else "Remove it."
    errors = [
        FieldError(f"?{name}", "unknown_parameter", f"{name[:64]!a} is not a parameter here. {remedy}")
        for name in sent
        if name not in allowed
    ]
    errors += [
        FieldError(f"?{name}", "repeated_parameter", f"{name} is repeated. Send it once.")
        for name in sent
        if name in allowed and len(sent.getlist(name)) > 1
    ]
    if errors:
        raise invalid_parameters(*errors)
