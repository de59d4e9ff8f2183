"""Builds responses: JSON, pages, problem details."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlencode

from chalice.app import Request, Response

from chalicelib.errors import FieldError, RegistryError

from .requests import JSON, not_modified, query_parameters

PROBLEM = "application/problem+json"
# Responses hold personal data: never cache, never sniff.
DEFAULT_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Resource(Protocol):
    """A member, user or group."""

    @property
    def etag(self) -> str:
        """Returns the ETag of its version."""

    def model_dump(self) -> dict[str, Any]:
        """Returns its fields."""


def request_id(request: Request) -> str:
    """Returns the gateway's id of the request, or Lambda's if there is no gateway."""
    lambda_id = getattr(request.lambda_context, "aws_request_id", "")
    return str(request.context.get("requestId") or lambda_id)


def problem(request: Request, error: RegistryError) -> Response:
    """Returns the error as RFC 9457 problem details."""
    text = json.dumps(problem_body(request, error))
    return Response(text, {"Content-Type": PROBLEM, **error.headers}, error.status)


def problem_body(request: Request, error: RegistryError) -> dict[str, Any]:
    """Returns the fields of the problem details of an error."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id(request),
        **error.facts,
    }
    if error.errors:
        body["errors"] = [_field(request, field) for field in error.errors]
    return body


def _field(request: Request, error: FieldError) -> dict[str, Any]:
    """Returns a field error as JSON, with a link to the member that holds the value, if one does."""
    body: dict[str, Any] = {"pointer": error.pointer, "code": error.code, "detail": error.detail}
    if error.holder:
        member_id = error.holder.member_id
        body["member"] = {"id": member_id, "href": f"{base_path(request)}/members/{member_id}"}
    return body


def json_response(body: Mapping[str, Any], status: int = 200, **headers: str) -> Response:
    """Returns a JSON response. Write a header such as Cache-Control as `Cache_Control`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, {"Content-Type": JSON, **named}, status)


def no_content() -> Response:
    """Returns a 204."""
    return Response("", {}, 204)


def resource_response(resource: Resource, status: int = 200, **headers: str) -> Response:
    """Returns a resource with its ETag."""
    return json_response(resource.model_dump(), status, ETag=resource.etag, **headers)


def get_response(request: Request, resource: Resource) -> Response:
    """Returns a resource, or a 304 if the caller has this version."""
    if not_modified(request, resource.etag):
        return Response("", {"ETag": resource.etag}, 304)
    return resource_response(resource)


def tagged_response(request: Request, response: Response) -> Response:
    """Returns a response with an ETag of its body, or a 304 if the caller has it: for lists that callers poll."""
    etag = f'"{hashlib.sha256(str(response.body).encode()).hexdigest()[:32]}"'
    if not_modified(request, etag):
        return Response("", {"ETag": etag}, 304)
    response.headers["ETag"] = etag
    return response


def page_response(
    request: Request, path: str, items: Sequence[Any], cursor: str | None, **fields: Any
) -> Response:
    """Returns a page of the list at `path`, with a link to the next page unless `cursor` is None."""
    body = {**fields, "items": items, "next": cursor}
    if cursor is None:
        return json_response(body)
    query = urlencode({**query_parameters(request), "cursor": cursor})
    return json_response(body, Link=f'<{_base_url(request)}{path}?{query}>; rel="next"')


def _base_url(request: Request) -> str:
    """Returns the URL of the API's root as the caller sees it; its path if the request names no host."""
    host = request.headers.get("host")
    scheme = request.headers.get("x-forwarded-proto", "http")  # API Gateway adds it
    return f"{scheme}://{host}{base_path(request)}" if host else base_path(request)


def base_path(request: Request) -> str:
    """Returns the path of the API's root: empty in chalice local, the stage behind a gateway."""
    depth = request.context["resourcePath"].rstrip("/").count("/")
    path = str(request.context.get("path", "")).rstrip("/").split("/")
    return "/".join(path[: len(path) - depth])
