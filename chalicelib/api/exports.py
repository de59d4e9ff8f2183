"""The HTTP API of exports: start one, watch it, and get the link to its file."""

from chalice.app import Blueprint, Request, Response

from chalicelib.access.permissions import Requirement
from chalicelib.errors import InvalidCursor
from chalicelib.services import services
from chalicelib.timed_ids import is_timed_id

from .admission import Admission
from .requests import PAGING, page_request, validated_body
from .responses import base_path, json_response, page_response, tagged_response
from .routing import route

exports_api = Blueprint(__name__)
EXPORT: Requirement = "members:export"


@route(exports_api, "POST", "/exports", needs=EXPORT, key=True)
def start_export(request: Request, admission: Admission) -> Response:
    """Starts an export of an account."""
    from chalicelib.exports.model import NewExport

    new = validated_body(request, NewExport)
    admission.scope.require(new.account_id)
    record = services().exports.start(new.record(admission.by, admission.new_id()))
    location = f"{base_path(request)}/exports/{record.id}"
    return json_response(record.shown().model_dump(), 202, Location=location)


@route(exports_api, "GET", "/exports", needs=EXPORT, query=PAGING)
def list_exports(request: Request, admission: Admission) -> Response:
    """Returns a page of exports, the newest first."""
    limit, cursor = page_request(request)
    if cursor is not None and not is_timed_id(cursor):
        raise InvalidCursor
    records, following = services().export_queries.visible_page(admission.scope, limit, cursor)
    page = page_response(request, "/exports", [record.shown().model_dump() for record in records], following)
    return tagged_response(request, page)


@route(exports_api, "GET", "/exports/{export_id}", needs=EXPORT)
def get_export(_request: Request, admission: Admission, export_id: str) -> Response:
    """Returns an export, with the link to its file once it is complete."""
    queries = services().export_queries
    record = queries.get(export_id, admission.scope)
    link = queries.link(record)
    return json_response(record.shown().model_dump() | (link._asdict() if link else {}))
