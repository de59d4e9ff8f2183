"""The part of the OpenAPI document about imports."""

from typing import get_args

from chalicelib.api.import_options import PREVIEW_OPTIONS
from chalicelib.fields.text import ID_SCHEMA
from chalicelib.imports.records.model import Status, UndoOptions
from chalicelib.imports.records.new_import import NewImport
from chalicelib.imports.records.option_values import COLUMN_MAP_TEXT
from chalicelib.imports.rows.outcomes import LISTED_OUTCOMES

from .parts import (
    IDEMPOTENCY_KEY,
    TEXT,
    Schema,
    content,
    get_operation,
    list_operation,
    operation,
    parameter,
    response,
)

CHANGES = [
    parameter("outcome", "query", "The outcome of the rows.", enum=list(LISTED_OUTCOMES)),
    parameter(
        "line",
        "query",
        "The line of one row in the file.",
        type="integer",
        minimum=1,
        maximum=999_999_999,
    ),
]
FILTERS = [
    parameter("account_id", "query", "The only account that the import may write to.", **ID_SCHEMA),
    parameter("status", "query", "The status of the import.", enum=list(get_args(Status))),
]
WAIT = parameter(
    "wait",
    "query",
    "Answer once the import has ended or waits for approval, or after so many seconds.",
    type="integer",
    minimum=0,
    maximum=20,
    default=0,
)


def paths() -> Schema:
    """Returns the operations on imports."""
    return {
        "/imports": {"get": _list(), "post": _start()},
        "/imports/preview": {"post": _preview()},
        "/imports/template": {"get": _template()},
        "/imports/{import_id}": _one("get", _get()),
        "/imports/{import_id}/apply": _one("post", _apply()),
        "/imports/{import_id}/approve": _one("post", _approve()),
        "/imports/{import_id}/cancel": _one("post", _cancel()),
        "/imports/{import_id}/decline": _one("post", _decline()),
        "/imports/{import_id}/undo": _one("post", _undo()),
        "/imports/{import_id}/report": _one("get", _report()),
        "/imports/{import_id}/changes": _one("get", _changes()),
        "/imports/{import_id}/changes/rows": _one("get", _changed_rows()),
        "/imports/{import_id}/rejected": _one("get", _rejected()),
        "/imports/{import_id}/rejected/rows": _one("get", _rejected_rows()),
    }


def _one(method: str, described: Schema) -> Schema:
    return {"parameters": [parameter("import_id", "path", "The import's id.")], method: described}


def _list() -> Schema:
    listed = response("A page of imports.", "ImportPage", "Link?")
    description = (
        "Newest first: those that can write to the caller's accounts only. The list is filtered while it is read, so "
        "a page may be short or empty and still have a `next`."
    )
    return list_operation(
        "listImports", "List imports", description, listed, "403", filters=FILTERS, tagged=True
    )


def _template() -> Schema:
    line = {"description": "One line.", "content": {"text/plain": {"schema": TEXT}}}
    return operation(
        "getTemplate", "Get the header line of a roster", "The names of all columns.", {"200": line}
    )


def _get() -> Schema:
    get = get_operation("getImport", "ImportJob", noun="import")
    more = "Its status, counts and progress. It has ended when `finished_at` is not null."
    get |= {"description": f"{more} {get['description']}", "parameters": [WAIT, *get["parameters"]]}
    get["responses"]["200"] = response(
        "The import; Retry-After while it runs.", "ImportJob", "ETag", "Retry-After?"
    )
    return get


def _start() -> Schema:
    """Returns the operation that starts an import: send the file itself, or its name to get an upload link."""
    fields = NewImport.model_json_schema()["properties"] | {"columns": COLUMN_MAP_TEXT}
    # Generators that know no text/csv use the first body.
    bodies = {**content("NewImport"), "text/csv": {"schema": TEXT | {"format": "binary"}}}
    return operation(
        "startImport",
        "Start an import",
        "JSON names a file of up to 5 GB, and returns a link to upload it. A body in text/csv is the file itself, "
        "of up to 4.5 MB.",
        {
            "201": response("PUT the file to `upload.url` within 15 minutes.", "PendingImport", "Location"),
            "202": response("The import has started. Poll its Location.", "ImportJob", "Location"),
        },
        "409 413 415 422",
        parameters=[*(_option(name, field) for name, field in fields.items()), IDEMPOTENCY_KEY],
        requestBody={"required": True, "content": bodies},
    )


def _option(name: str, field: Schema) -> Schema:
    """Returns the query parameter for a field of the JSON body."""
    return _query_option(name, field, "With a CSV body only: in JSON it is a field.")


def _query_option(name: str, field: Schema, more: str = "") -> Schema:
    """Returns the query parameter for an option.

    Without its default, which some clients would send beside a JSON body too, where no parameter is allowed.
    """
    given = next((one for one in field.get("anyOf", []) if one["type"] != "null"), field)
    told = [field.get("description") or given.get("description"), more]
    schema = {key: value for key, value in given.items() if key not in ("title", "description", "default")}
    return parameter(name, "query", " ".join(filter(None, told)), **schema)


def _preview() -> Schema:
    fields = NewImport.model_json_schema()["properties"] | {"columns": COLUMN_MAP_TEXT}
    partial = "Whether the body is the start of the file only."
    parameters = [_query_option(name, fields[name]) for name in PREVIEW_OPTIONS]
    return operation(
        "previewImport",
        "Preview an import",
        "Reads the first rows of a file as an import with these options would, and stores nothing. Send the file, or "
        "its first 64 kB with `partial=true`: no more is read of it. Of a workbook or zip archive send all, up to "
        "4.5 MB.",
        {"200": response("How the file would be read.", "Preview")},
        "413 415",
        parameters=[*parameters, parameter("partial", "query", partial, type="boolean")],
        requestBody={
            "required": True,
            "content": {"application/octet-stream": {"schema": TEXT | {"format": "binary"}}},
        },
    )


def _cancel() -> Schema:
    cancelled = response("The import loads no more rows.", "ImportJob")
    description = "Rows that are not loaded yet are rejected."
    return operation("cancelImport", "Cancel an import", description, {"202": cancelled}, "404 409")


def _apply() -> Schema:
    started = response("The import has started. Poll its Location.", "ImportJob", "Location")
    description = "Imports the file that a dry run has checked, with the same options."
    return operation(
        "applyImport",
        "Apply a dry run",
        description,
        {"202": started},
        "404 409 422",
        parameters=[IDEMPOTENCY_KEY],
    )


def _undo() -> Schema:
    started = response("The undo has started. Poll its Location.", "ImportJob", "Location")
    description = (
        "Takes back what an import did, but for members that others have changed since. The undo is an import of "
        "its own."
    )
    schema = UndoOptions.model_json_schema()["properties"]["dry_run"]
    options = [parameter("dry_run", "query", schema["description"], type="boolean", default=False)]
    return operation(
        "undoImport",
        "Undo an import",
        description,
        {"202": started},
        "404 409 422",
        parameters=[*options, IDEMPOTENCY_KEY],
    )


def _approve() -> Schema:
    approved = response("The import goes on.", "ImportJob")
    description = (
        "Lets a sync that waits for approval remove the members that it shows (outcome `would_remove`)."
    )
    return operation("approveImport", "Approve removals", description, {"202": approved}, "404 409")


def _decline() -> Schema:
    declined = response("The import goes on, and removes nobody.", "ImportJob")
    description = "Lets a sync that waits for approval remove nobody."
    return operation("declineImport", "Decline removals", description, {"202": declined}, "404 409")


def _report() -> Schema:
    report = {"200": response("The report.", "Report")}
    description = "The import with its statistics: counts by code, columns, warnings, times."
    return operation("getReport", "Get the report of an ended import", description, report, "404")


def _links() -> Schema:
    return {
        "303": response("A link that is valid for 15 minutes.", "", "Location"),
        "200": response("That link, for callers that accept JSON.", "Link"),
    }


def _rejected() -> Schema:
    description = "The file can be corrected, and imported again as it is."
    return operation("getRejected", "Download the rejected rows as CSV", description, _links(), "404")


def _changes() -> Schema:
    description = "What the import did, or a dry run would do, to each row."
    return operation("getChanges", "Download the outcomes of all rows as CSV", description, _links(), "404")


def _changed_rows() -> Schema:
    rows = response("A page of rows.", "ChangedRowPage", "Link?")
    description = "What the import did, or a dry run would do, to each row, in file order."
    return list_operation(
        "listChanges", "List the outcomes of rows", description, rows, "404", filters=CHANGES
    )


def _rejected_rows() -> Schema:
    rows = response("A page of rows.", "RejectedPage", "Link?")
    return list_operation(
        "listRejected",
        "List the rejected rows",
        "With their reasons, in file order.",
        rows,
        "404",
        filters=[parameter("code", "query", "Why the rows were rejected, such as phone_not_possible.")],
    )
