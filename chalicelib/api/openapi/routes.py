"""Serves the OpenAPI document, as JSON and as a page."""

from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.api.page_files import version
from chalicelib.api.responses import base_path, json_response
from chalicelib.api.routing import public_route

openapi = Blueprint(__name__)
# The page has no scripts, and loads its style sheets and icon only.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@public_route(openapi, "/openapi.json")
def get_openapi(request: Request) -> Response:
    """Returns the OpenAPI document with this deployment's base path."""
    return json_response({**_document(), "servers": [{"url": base_path(request) or "/"}]})


@public_route(openapi, "/docs")
def get_docs(request: Request) -> Response:
    """Returns the document as a page."""
    from .page import page

    base = base_path(request)
    text = page(_document(), f"{base}/admin/{version()}", base)
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": POLICY,
        "Referrer-Policy": "no-referrer",
    }
    return Response(text, {"Content-Type": "text/html; charset=utf-8", **headers}, 200)


def _document() -> dict[str, Any]:
    from .document import document  # slow: it builds the JSON schemas of all models

    return document()
