"""The part of the OpenAPI document about imports."""

from typing import Any, get_args

from chalicelib.fields.text import ID_SCHEMA
from chalicelib.imports.model import Import, Status, UndoOptions
from chalicelib.imports.new_import import NewImport
from chalicelib.imports.option_values import COLUMN_MAP_TEXT
from chalicelib.imports.outcomes import LISTED_OUTCOMES

from .parts import (
    IDEMPOTENCY_KEY,
    JSON,
    MOMENT,
    TEXT,
    Schema,
    content,
    get_operation,
    list_operation,
    list_schema,
    object_schema,
    operation,
    page,
    parameter,
    reference,
    response,
)

MODELS: list[Any] = [(Import, "serialization"), (NewImport, "validation")]
REJECTED_ROW = object_schema(
    line={"type": "integer", "description": "The line in the uploaded file."},
    code=TEXT,
    reason=TEXT,
    cells=list_schema(TEXT),
    column={"type": ["integer", "null"], "description": "The index of the invalid cell."},
)
_CHANGE = object_schema(**{"from": {"type": ["string", "null"]}, "to": {"type": ["string", "null"]}})
CHANGED_ROW = object_schema(
    line={
        "type": ["integer", "null"],
        "description": "The line in the uploaded file; null for a member that no row is about.",
    },
    outcome={"type": "string", "enum": list(LISTED_OUTCOMES)},
    code={
        "type": ["string", "null"],
        "description": "Why a row is rejected, kept a newer change, or a member is not removed.",
    },
    member_id={"type": ["string", "null"], "description": "The member; null for a rejected row."},
    changes={
        "type": "object",
        "description": "The fields that the row changes, or would change; null stands for no value.",
        "additionalProperties": _CHANGE,
    },
    changed_by={"type": ["string", "null"], "description": "Who has made the newer change that was kept."},
)
OUTCOME = [parameter("outcome", "query", "The outcome of the rows.", enum=list(LISTED_OUTCOMES))]
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
SCHEMAS: Schema = {
    "ImportPage": page(reference("Import")),
    "Link": object_schema(url=TEXT, expires_at=MOMENT),
    "PendingImport": {
        "description": "An import that waits for its file.",
        **object_schema(upload=object_schema(method=TEXT, url=TEXT, expires_at=MOMENT)),
        "allOf": [reference("Import")],
    },
    "Report": {
        "description": "An ended import with its statistics.",
        "type": "object",
        "required": ["id", "counts", "codes", "columns", "sample", "seconds"],
        "properties": {
            "codes": {"type": "object", "additionalProperties": {"type": "integer"}},
            "changed_since_by": {
                "description": "The number of rows that kept a newer change, by who made it: the first 20.",
                "type": "object",
                "additionalProperties": {"type": "integer"},
            },
            "warnings": list_schema(
                {
                    "description": "One kind of accepted rows that may be wrong, with its first cells.",
                    **object_schema(
                        code=TEXT,
                        text=TEXT,
                        count={"type": "integer", "description": "The number of cells."},
                        cells=list_schema(object_schema(line={"type": "integer"}, column=TEXT)),
                    ),
                }
            ),
            "invalid_bytes": {
                "type": "integer",
                "description": "The number of bytes that are invalid in the file's encoding.",
            },
        },
    },
    "ChangesPage": page(CHANGED_ROW),
    "RejectedPage": page(REJECTED_ROW, columns=list_schema(TEXT)),
}


def paths() -> Schema:
    """Returns the operations on imports."""
    listed = response("A page of imports.", "ImportPage", "Link?")
    line = {"description": "One line.", "content": {"text/plain": {"schema": TEXT}}}
    template = operation("getTemplate", "Get the header line of a roster", {"200": line})
    return {
        "/imports": {
            "get": list_operation("listImports", "List imports, newest first", listed, "403", FILTERS),
            "post": _start(),
        },
        "/imports/template": {"get": template},
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


def _get() -> Schema:
    get = get_operation("getImport", "Import")
    get["parameters"] = [WAIT, *get["parameters"]]
    get["responses"]["200"] = response(
        "The import; Retry-After while it runs.", "Import", "ETag", "Retry-After?"
    )
    return get


def _start() -> Schema:
    """Returns the operation that starts an import: send the file itself, or its name to get an upload link."""
    schemas = NewImport.model_json_schema()["properties"] | {"columns": COLUMN_MAP_TEXT}
    options = [
        {
            "name": name,
            "in": "query",
            "description": "Send it with a CSV body only; in a JSON body it is a field.",
            "required": False,
            "schema": schema,
        }
        for name, schema in schemas.items()
    ]
    bodies = {"text/csv": {"schema": {"type": "string", "pattern": r"\S"}}, **content("NewImport", JSON)}
    return operation(
        "startImport",
        "Import a CSV of up to 4.5 MB, or get a link to upload a file of up to 5 GB",
        {
            "201": response("PUT the file to `upload.url` within 15 minutes.", "PendingImport", "Location"),
            "202": response("The import has started. Poll its Location.", "Import", "Location"),
        },
        "409 413 415 422",
        parameters=[*options, IDEMPOTENCY_KEY],
        requestBody={"required": True, "content": bodies},
    )


def _cancel() -> Schema:
    cancelled = response("The import loads no more rows.", "Import")
    summary = "Cancel an import. Rows that are not loaded yet are rejected"
    return operation("cancelImport", summary, {"202": cancelled}, "404 409")


def _apply() -> Schema:
    started = response("The import has started. Poll its Location.", "Import", "Location")
    summary, keys = "Import the file that a dry run has checked", [IDEMPOTENCY_KEY]
    return operation("applyImport", summary, {"202": started}, "404 409 422", parameters=keys)


def _undo() -> Schema:
    started = response("The undo has started. Poll its Location.", "Import", "Location")
    summary = "Take back what an import did, but for members that others have changed since"
    schema = UndoOptions.model_json_schema()["properties"]["dry_run"]
    options = [{"name": "dry_run", "in": "query", "required": False, "schema": schema}]
    return operation(
        "undoImport", summary, {"202": started}, "404 409 422", parameters=[*options, IDEMPOTENCY_KEY]
    )


def _approve() -> Schema:
    approved = response("The import goes on.", "Import")
    summary = "Let a sync that waits for approval remove the members that it shows (outcome would_remove)"
    return operation("approveImport", summary, {"202": approved}, "404 409")


def _decline() -> Schema:
    declined = response("The import goes on, and removes nobody.", "Import")
    return operation("declineImport", "Let a sync remove nobody", {"202": declined}, "404 409")


def _report() -> Schema:
    report = {"200": response("The report.", "Report")}
    return operation("getReport", "Get the report of an ended import", report, "404")


def _links() -> Schema:
    return {
        "303": response("A link that is valid for 15 minutes.", "", "Location"),
        "200": response("That link, for callers that accept JSON.", "Link"),
    }


def _rejected() -> Schema:
    return operation("getRejected", "Download the rejected rows as CSV", _links(), "404")


def _changes() -> Schema:
    summary = "Download what the import did, or a dry run would do, to each row as CSV"
    return operation("getChanges", summary, _links(), "404")


def _changed_rows() -> Schema:
    summary = "List what the import did, or a dry run would do, to each row, in file order"
    return list_operation(
        "listChanges", summary, response("A page of rows.", "ChangesPage", "Link?"), "404", OUTCOME
    )


def _rejected_rows() -> Schema:
    rows = response("A page of rows.", "RejectedPage", "Link?")
    return list_operation(
        "listRejected", "List the rejected rows with their reasons, in file order", rows, "404"
    )
