"""Serves the OpenAPI document."""

from chalice.app import Blueprint, Request, Response

from chalicelib.api.responses import base_path, json_response
from chalicelib.api.routing import public_route

openapi = Blueprint(__name__)


@public_route(openapi, "/openapi.json")
def get_openapi(request: Request) -> Response:
    """Returns the OpenAPI document with this deployment's base path."""
    from .document import document  # slow: it builds the JSON schemas of all models

    return json_response({**document(), "servers": [{"url": base_path(request) or "/"}]})
