"""The HTTP API of imports: start one, watch it, stop it, fetch its rejected rows."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Annotated

from chalice.app import Blueprint, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from chalicelib.access.permissions import Requirement
from chalicelib.clock import now
from chalicelib.errors import FieldError, Invalid, Malformed, NotFound, UnsupportedMediaType
from chalicelib.fields.phone import Region
from chalicelib.fields.text import TEXT_SCHEMA, Identifier, Name
from chalicelib.fields.validation import validate
from chalicelib.imports.drop_key import UNSUPPORTED_FILE_TYPE, is_roster
from chalicelib.imports.model import ImportRecord, Mode, Source, is_import_id, new_import_id
from chalicelib.members.model import NewMember
from chalicelib.services import services

from .admission import caller_of, scope_of
from .requests import JSON, PAGING, bad_parameters, fields, limit_of, media_type, parameters, raw_body
from .responses import base_path, json_response, next_link
from .routing import route

imports_api = Blueprint(__name__)
IMPORT = "/imports/{import_id}"
CSV = "text/csv"
READ: Requirement = "imports:read"
WRITE: Requirement = "imports:write"
# Lambda takes 6 MB a call, and API Gateway sends what is no plain UTF-8 in base64, a third larger.
MAX_CSV = 4_500_000  # bytes
# A caller limited to some accounts has its imports picked from everybody's: so many at a time, and in one request.
READ_AT_ONCE = 500
LOOKED_AT = 2000
# What `_asked` takes, for the API's description.
ROSTER: dict[str, JsonValue] = {
    "pattern": str(TEXT_SCHEMA["pattern"]).removesuffix("$") + r"\.[cC][sS][vV](\.[gG][zZ])?$"
}


def _without_path(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


class NewImport(BaseModel):
    """What a caller may say of an import."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    filename: Annotated[Name, AfterValidator(_without_path), Field(json_schema_extra=ROSTER)] = "upload.csv"
    mode: Mode = "create"
    account_id: Annotated[
        Identifier | None,
        Field(description="The account of every row: one that names another is rejected (account_differs)."),
    ] = None
    region: Region | None = None
    max_rejected: Annotated[str, Field(pattern=r"^([0-9]{1,9}|[0-9]{1,2}%)$")] | None = None

    def record(self) -> ImportRecord:
        """The import as it is before its file has come; where that must arrive, `Imports.announce` says."""
        return ImportRecord(
            id=new_import_id(),
            status="awaiting_upload",
            source=Source(bucket="", key=""),
            created_at=now(),
            **self.model_dump(exclude={"filename"}),
        )


@route(imports_api, "POST", "/imports", needs=WRITE, query=NewImport.model_fields)
def start_import() -> Response:
    """Imports the CSV in the body, or says where to send a larger file, of up to 5 GB."""
    request = imports_api.current_request
    kind, query = media_type(request), parameters(request)
    if kind == CSV:
        try:
            new = _asked(query)
        except Invalid as error:
            wrong = (replace(e, pointer=e.pointer.replace("#/", "?")) for e in error.errors)
            raise bad_parameters(*wrong) from None
        record = services().imports.upload(_scoped(new), raw_body(request, MAX_CSV), new.filename)
        return json_response(record.shown().model_dump(), 202, Location=_href(record))
    if kind != JSON:
        raise UnsupportedMediaType(f"Send the file as {CSV}, or its name and mode as {JSON}.")
    if query:
        detail = "Send this as a field of the JSON body."
        raise bad_parameters(*(FieldError(f"?{n}", "unknown_parameter", f"{n}: {detail}") for n in query))
    new = _asked(fields(request))
    record, link = services().imports.announce(_scoped(new), new.filename)
    upload = {"method": "PUT", **link._asdict()}
    return json_response({**record.shown().model_dump(), "upload": upload}, 201, Location=_href(record))


@route(imports_api, "GET", "/imports", needs=READ, query=PAGING)
def list_imports() -> Response:
    """All imports, the newest first, a page at a time."""
    request = imports_api.current_request
    query = parameters(request)
    limit, before = limit_of(query), query.get("cursor")
    if before is not None and not is_import_id(before):
        raise Malformed("The cursor is not one that this list has given out.", code="invalid_cursor")
    records, cursor = _visible(limit, before)
    body = {"items": [record.shown().model_dump() for record in records], "next": cursor}
    if cursor is None:
        return json_response(body)
    return json_response(body, Link=next_link(request, "/imports", query, cursor))


@route(imports_api, "GET", "/imports/template", needs=READ)
def get_template() -> Response:
    """The header line of a roster."""
    line = ",".join(NewMember.model_fields) + "\r\n"
    # Not text/csv: Chalice takes that for binary, and refuses callers that do not name it in Accept.
    return Response(line, {"Content-Type": "text/plain; charset=utf-8"}, 200)


@route(imports_api, "GET", IMPORT, needs=READ)
def get_import(import_id: str) -> Response:
    """One import: its status, counts and percent."""
    return json_response(_record(import_id).shown().model_dump())


@route(imports_api, "POST", f"{IMPORT}/cancel", needs=WRITE)
def cancel_import(import_id: str) -> Response:
    """Stops what is not loaded yet; those rows come back as rejected."""
    _record(import_id)
    return json_response(services().imports.cancel(import_id).shown().model_dump(), 202)


@route(imports_api, "GET", f"{IMPORT}/report", needs=READ)
def get_report(import_id: str) -> Response:
    """The report of an import that has ended: counts by code, columns, times."""
    report = services().import_queries.report(_record(import_id))
    return Response(report, {"Content-Type": JSON}, 200)


@route(imports_api, "GET", f"{IMPORT}/rejected", needs=READ)
def get_rejected(import_id: str) -> Response:
    """The rejected rows as CSV, at an address that is good for 15 minutes; as JSON, that address."""
    link = services().import_queries.rejected_link(_record(import_id))
    if JSON in str(imports_api.current_request.headers.get("accept")):
        return json_response(link._asdict())
    return Response("", {"Location": link.url}, 303)


@route(imports_api, "GET", f"{IMPORT}/rejected/rows", needs=READ, query=PAGING)
def list_rejected(import_id: str) -> Response:
    """The rejected rows in file order, a page at a time, each with the cell at fault."""
    request = imports_api.current_request
    query = parameters(request)
    record, limit = _record(import_id), limit_of(query)
    columns, rows, cursor = services().import_queries.rejected_page(record, limit, query.get("cursor"))
    body = {"columns": columns, "items": rows, "next": cursor}
    if cursor is None:
        return json_response(body)
    path = f"/imports/{record.id}/rejected/rows"
    return json_response(body, Link=next_link(request, path, query, cursor))


def _asked(values: object) -> NewImport:
    """What a caller says of an import. Raises Invalid, of a file that could not be read before it is sent too."""
    new = validate(NewImport, values)
    if not is_roster(new.filename):
        raise Invalid(
            [FieldError("#/filename", "unsupported_file_type", f"filename: {UNSUPPORTED_FILE_TYPE}")]
        )
    return new


def _scoped(new: NewImport) -> ImportRecord:
    """The import that a caller asks for, held to the caller's accounts. Raises Forbidden."""
    scope = scope_of(imports_api.current_request)
    if new.account_id is not None:
        scope.require(new.account_id)
    accounts = None if scope.accounts is None else sorted(scope.accounts)
    by = str(caller_of(imports_api.current_request))
    return new.record().model_copy(update={"accounts": accounts, "created_by": by})


def _visible(limit: int, before: str | None) -> tuple[list[ImportRecord], str | None]:
    """(imports that the caller may see, the newest first, the cursor after them, None after the last).

    There may be fewer than `limit`, and none, before the last: one request looks at so many and no more.
    """
    scope = scope_of(imports_api.current_request)
    size = limit + 1 if scope.accounts is None else max(limit + 1, READ_AT_ONCE)
    found: list[ImportRecord] = []
    looked = 0
    for record in islice(_newest(size, before), LOOKED_AT):
        if scope.covers(record.accounts):
            if len(found) == limit:
                return found, found[-1].id
            found.append(record)
        before = record.id
        looked += 1
    return found, before if looked == LOOKED_AT else None


def _newest(size: int, before: str | None) -> Iterator[ImportRecord]:
    """All imports, the newest first, read `size` at a time."""
    while records := services().import_queries.newest(size, before):
        yield from records
        before = records[-1].id


def _record(import_id: str) -> ImportRecord:
    """The import. One that may be about other accounts than the caller's is not there. Raises NotFound."""
    record = services().import_queries.get(import_id)
    if not scope_of(imports_api.current_request).covers(record.accounts):
        raise NotFound("No import has this id.", code="import_not_found")
    return record


def _href(record: ImportRecord) -> str:
    return f"{base_path(imports_api.current_request)}/imports/{record.id}"
