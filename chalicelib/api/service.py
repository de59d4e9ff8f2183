"""Routes about the service itself: where to start, and whether it works. They need no credentials."""

from chalice.app import Blueprint, Request, Response

from chalicelib.services import services

from .responses import base_path, json_response
from .routing import public_route

service = Blueprint(__name__)


@public_route(service, "/")
def get_root(request: Request) -> Response:
    """Leads browsers to the admin page, and programs to the OpenAPI document."""
    target = "admin" if "text/html" in str(request.headers.get("accept")) else "openapi.json"
    return Response("", {"Location": f"{base_path(request)}/{target}", "Vary": "Accept"}, 303)


@public_route(service, "/health")
def get_health(_request: Request) -> Response:
    """Answers 200 if the table answers; otherwise the error says how it fails."""
    services().table.probe()
    return json_response({"status": "ok"})
