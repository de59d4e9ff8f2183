"""Responses: JSON, problem details, links."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from chalice.app import Request, Response

from chalicelib.errors import FieldError, RegistryError

from .requests import JSON

PROBLEM = "application/problem+json"
# Of every answer that says nothing else: members' data is for the caller alone, and what its type says.
DEFAULT_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


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
        body["errors"] = [_field(request, field) for field in error.errors]
    return Response(json.dumps(body), {"Content-Type": PROBLEM, **error.headers}, error.status)


def _field(request: Request, error: FieldError) -> dict[str, Any]:
    """Returns a field error as JSON, with a link to the member that holds the value, if one does."""
    body: dict[str, Any] = {"pointer": error.pointer, "code": error.code, "detail": error.detail}
    if error.holder:
        member_id = error.holder.member_id
        body["member"] = {"id": member_id, "href": f"{base_path(request)}/members/{member_id}"}
    return body


def json_response(body: Mapping[str, Any], status: int = 200, **headers: str) -> Response:
    """A JSON answer; `headers` are spelled with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, {"Content-Type": JSON, **named}, status)


def base_path(request: Request) -> str:
    """The path the API stands under: nothing in chalice local, the stage behind a gateway."""
    depth = request.context["resourcePath"].count("/")
    path = str(request.context.get("path", "")).rstrip("/").split("/")
    return "/".join(path[:-depth])


def next_link(request: Request, path: str, query: Mapping[str, str], cursor: str) -> str:
    """The Link header that names the next page."""
    return f'<{base_path(request)}{path}?{urlencode({**query, "cursor": cursor})}>; rel="next"'
