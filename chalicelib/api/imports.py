"""The HTTP API of imports: start, watch and cancel an import, and read its report and the outcomes of its rows."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, TypeVar, get_args

from chalice.app import Blueprint, Request, Response

from chalicelib.access.permissions import Requirement
from chalicelib.errors import FieldError, InvalidCursor, NotFound, UnsupportedMediaType
from chalicelib.imports.records.import_filter import ImportFilter
from chalicelib.imports.records.import_ids import is_import_id
from chalicelib.imports.reports.polling import import_etag, pause
from chalicelib.members.model import NewMember
from chalicelib.services import services

from .admission import Admission
from .requests import (
    JSON,
    PAGING,
    invalid_parameters,
    media_type,
    normalized_value,
    not_modified,
    page_request,
    query_parameters,
    raw_body,
    whole_number,
)
from .responses import base_path, json_response, page_response, tagged_response
from .routing import route

if TYPE_CHECKING:
    from chalicelib.imports.records.model import ImportRecord
    from chalicelib.links import Link

imports_api = Blueprint(__name__)
IMPORT = "/imports/{import_id}"
CSV, OCTETS = "text/csv", "application/octet-stream"
FILTERS = ("account_id", "status")
Word = TypeVar("Word", bound=str)
READ: Requirement = "imports:read"
WRITE: Requirement = "imports:write"
APPROVE: Requirement = "imports:approve"
LINES = range(1, 1_000_000_000)  # of a file
MAX_WAIT = 20  # seconds; API Gateway ends a request after 29
MAX_CSV = 4_500_000  # bytes: Lambda takes 6 MB per call, and API Gateway's base64 adds a third


def _import_options() -> Collection[str]:
    """Returns the names of the options of an import."""
    from chalicelib.imports.records.new_import import NewImport

    return NewImport.model_fields


def _preview_options() -> Collection[str]:
    """Returns the names of the options of a preview, and whether the body is the start of the file only."""
    from .import_options import PREVIEW_OPTIONS

    return (*PREVIEW_OPTIONS, "partial")


@route(imports_api, "POST", "/imports", needs=WRITE, query=_import_options, key=True)
def start_import(request: Request, admission: Admission) -> Response:
    """Imports the CSV in the body, or returns a link to upload a file of up to 5 GB."""
    from . import import_options as options

    kind = media_type(request)
    if kind == CSV:
        new = options.options_in_query(request)
        record = options.new_record(new, admission)
        record = services().imports.upload(record, raw_body(request, MAX_CSV), new.filename)
        return _started(request, record)
    if kind != JSON:
        raise UnsupportedMediaType(f"Send the file as {CSV}, or its name and mode as {JSON}.")
    new = options.options_in_body(request)
    record, link = services().imports.announce(options.new_record(new, admission), new.filename)
    body = record.shown().model_dump() | {"upload": {"method": "PUT", **link._asdict()}}
    return json_response(body, 201, Location=_location(request, record))


@route(imports_api, "GET", "/imports", needs=READ, query=(*FILTERS, *PAGING))
def list_imports(request: Request, admission: Admission) -> Response:
    """Returns a page of imports, the newest first."""
    limit, cursor = page_request(request)
    if cursor is not None and not is_import_id(cursor):
        raise InvalidCursor
    wanted = _import_filter(request, admission)
    records, following = services().import_queries.visible_page(admission.scope, limit, cursor, wanted)
    page = page_response(request, "/imports", [record.shown().model_dump() for record in records], following)
    return tagged_response(request, page)


@route(imports_api, "POST", "/imports/preview", needs=WRITE, query=_preview_options)
def preview_import(request: Request, admission: Admission) -> Response:
    """Returns how an import would read the file in the body, or the file that it is the start of."""
    from .import_preview import preview_of

    if media_type(request) != OCTETS:
        raise UnsupportedMediaType(f"Send the file, or its first 64 kB, as {OCTETS}.")
    return json_response(preview_of(request, admission, raw_body(request, MAX_CSV)).model_dump())


@route(imports_api, "GET", "/imports/template", needs=READ)
def get_template(_request: Request, _admission: Admission) -> Response:
    """Returns the header line of a roster."""
    line = ",".join(NewMember.model_fields) + "\r\n"
    # Chalice treats text/csv as binary and rejects callers that do not accept it.
    return Response(line, {"Content-Type": "text/plain; charset=utf-8"}, 200)


@route(imports_api, "GET", IMPORT, needs=READ, query=("wait",))
def get_import(request: Request, admission: Admission, import_id: str) -> Response:
    """Returns an import with its status, counts and percent; with `wait` once it has ended, or after so long."""
    record = _visible(import_id, admission)
    if seconds := whole_number(request, "wait", range(MAX_WAIT + 1), 0):
        record = services().import_queries.wait(record, seconds)
    etag = import_etag(record)
    if not_modified(request, etag):
        return Response("", {"ETag": etag, **_poll_headers(record)}, 304)
    return json_response(record.shown().model_dump(), 200, ETag=etag, **_poll_headers(record))


@route(imports_api, "POST", f"{IMPORT}/cancel", needs=WRITE, body=False)
def cancel_import(_request: Request, admission: Admission, import_id: str) -> Response:
    """Cancels an import. Rows that are not loaded yet are rejected."""
    _visible(import_id, admission)
    return _accepted(services().imports.cancel(import_id))


@route(imports_api, "POST", f"{IMPORT}/approve", needs=APPROVE, body=False)
def approve_import(_request: Request, admission: Admission, import_id: str) -> Response:
    """Lets a sync remove the members that it shows, as far as that is still right."""
    _visible(import_id, admission)
    return _accepted(services().imports.approvals.approve(import_id, admission.by))


@route(imports_api, "POST", f"{IMPORT}/decline", needs=APPROVE, body=False)
def decline_import(_request: Request, admission: Admission, import_id: str) -> Response:
    """Lets a sync end without a removal."""
    _visible(import_id, admission)
    return _accepted(services().imports.approvals.decline(import_id, admission.by))


@route(imports_api, "POST", f"{IMPORT}/apply", needs=WRITE, body=False, key=True)
def apply_import(request: Request, admission: Admission, import_id: str) -> Response:
    """Imports the file that a dry run has checked, with the same options."""
    record = services().imports.apply(_visible(import_id, admission), admission.by, admission.new_id())
    return _started(request, record)


@route(imports_api, "POST", f"{IMPORT}/undo", needs=WRITE, query=("dry_run",), body=False, key=True)
def undo_import(request: Request, admission: Admission, import_id: str) -> Response:
    """Takes an import back, by an import of its own."""
    from .import_options import undo_options

    done, dry_run = _visible(import_id, admission), undo_options(request).dry_run
    record = services().imports.undo(done, admission.by, admission.new_id(), dry_run=dry_run)
    return _started(request, record)


@route(imports_api, "GET", f"{IMPORT}/report", needs=READ)
def get_report(_request: Request, admission: Admission, import_id: str) -> Response:
    """Returns the report of an ended import: counts by code, columns, times."""
    report = services().import_queries.report(_visible(import_id, admission))
    return Response(report, {"Content-Type": JSON}, 200)


@route(imports_api, "GET", f"{IMPORT}/rejected", needs=READ)
def get_rejected(request: Request, admission: Admission, import_id: str) -> Response:
    """Redirects to the rejected rows as CSV for 15 minutes; returns that link to callers that accept JSON."""
    return _link_response(request, services().import_queries.rejected_link(_visible(import_id, admission)))


@route(imports_api, "GET", f"{IMPORT}/rejected/rows", needs=READ, query=("code", *PAGING))
def list_rejected(request: Request, admission: Admission, import_id: str) -> Response:
    """Returns a page of rejected rows in file order, each with the invalid cell."""
    record, (limit, cursor) = _visible(import_id, admission), page_request(request)
    columns, rows, following = services().import_queries.rejected_page(
        record, limit, cursor, query_parameters(request).get("code")
    )
    return page_response(request, f"/imports/{record.id}/rejected/rows", rows, following, columns=columns)


@route(imports_api, "GET", f"{IMPORT}/changes", needs=READ)
def get_changes(request: Request, admission: Admission, import_id: str) -> Response:
    """Redirects to the outcomes of all rows as CSV for 15 minutes; returns that link to callers that accept JSON."""
    return _link_response(request, services().import_queries.changes_link(_visible(import_id, admission)))


@route(imports_api, "GET", f"{IMPORT}/changes/rows", needs=READ, query=("outcome", "line", *PAGING))
def list_changes(request: Request, admission: Admission, import_id: str) -> Response:
    """Returns a page of rows in file order, each with its outcome and what it changes."""
    record, (limit, cursor) = _visible(import_id, admission), page_request(request)
    from chalicelib.imports.rows.outcomes import LISTED_OUTCOMES

    outcome, queries = _one_of(request, "outcome", LISTED_OUTCOMES), services().import_queries
    if "line" not in query_parameters(request):
        rows, following = queries.changes_page(record, limit, cursor, outcome)
    elif cursor is None:
        found, following = queries.changed_row(record, whole_number(request, "line", LINES, 1))
        rows = [row for row in found if outcome in (None, row["outcome"])]
    else:
        raise InvalidCursor  # one row has no further page
    admission.note_members(*filter(None, (row["member_id"] for row in rows)))
    return page_response(request, f"/imports/{record.id}/changes/rows", rows, following)


def _link_response(request: Request, link: "Link") -> Response:
    """Redirects to a result of an import, or returns the link to callers that accept JSON."""
    if JSON in str(request.headers.get("accept")):
        return json_response(link._asdict())
    return Response("", {"Location": link.url}, 303)


def _one_of(request: Request, name: str, allowed: Sequence[Word]) -> Word | None:
    """Returns a query parameter's value, None without one. Raises Malformed if it is not allowed."""
    given = query_parameters(request).get(name)
    if given is None or given in allowed:
        return next((one for one in allowed if one == given), None)
    detail = f"{name}: Not an allowed value. Use one of {', '.join(allowed)}."
    raise invalid_parameters(FieldError(f"?{name}", "unknown_value", detail))


def _import_filter(request: Request, admission: Admission) -> ImportFilter:
    """Returns the imports that the query selects. Raises Malformed, Forbidden."""
    from chalicelib.imports.records.model import Status

    statuses: tuple[Status, ...] = get_args(Status)
    account_id = query_parameters(request).get("account_id")
    if account_id is not None:
        account_id = normalized_value("account_id", account_id, "?account_id")
        admission.scope.require(account_id)
    return ImportFilter(account_id, _one_of(request, "status", statuses))


def _visible(import_id: str, admission: Admission) -> "ImportRecord":
    """Returns an import. Raises NotFound, also for an import of accounts outside the caller's scope."""
    record = services().import_queries.get(import_id)
    if not record.visible_to(admission.scope):
        raise NotFound("No import has this id.", code="import_not_found")
    return record


def _started(request: Request, record: "ImportRecord") -> Response:
    """Returns a new import that runs, and where to ask for it."""
    return _accepted(record, Location=_location(request, record))


def _accepted(record: "ImportRecord", **headers: str) -> Response:
    """Returns an import that runs."""
    return json_response(record.shown().model_dump(), 202, **headers, **_poll_headers(record))


def _poll_headers(record: "ImportRecord") -> dict[str, str]:
    """Returns when to ask again for an import that runs: about when it will end."""
    seconds = pause(record)
    return {"Retry-After": str(seconds)} if seconds else {}


def _location(request: Request, record: "ImportRecord") -> str:
    return f"{base_path(request)}/imports/{record.id}"
