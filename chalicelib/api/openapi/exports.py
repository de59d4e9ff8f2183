"""The part of the OpenAPI document about exports."""

from typing import Any

from chalicelib.exports.model import ExportJob, NewExport

from .parts import (
    IDEMPOTENCY_KEY,
    MOMENT,
    TEXT,
    Schema,
    extended,
    form_body,
    list_operation,
    operation,
    page,
    parameter,
    response,
)

MODELS: list[Any] = [(ExportJob, "serialization"), (NewExport, "validation")]
SCHEMAS: Schema = {"ExportPage": page("ExportJob")}


def adjust(schemas: Schema) -> None:
    """Adds the schemas that are made of the models'."""
    linked = "An export; once it is completed, with a link to its file, which is valid for 15 minutes."
    schemas["ExportWithLink"] = extended(
        schemas["ExportJob"], linked, "url", "expires_at", url=TEXT, expires_at=MOMENT
    )


def paths() -> Schema:
    """Returns the operations on exports."""
    one: Schema = {"parameters": [parameter("export_id", "path", "The export's id.")]}
    return {"/exports": {"get": _list(), "post": _start()}, "/exports/{export_id}": {**one, "get": _get()}}


def _list() -> Schema:
    listed = response("A page of exports.", "ExportPage", "Link?")
    description = (
        "Newest first: those of the caller's accounts. The list is filtered while it is read, so a page may be "
        "short or empty and still have a `next`."
    )
    return list_operation("listExports", "List exports", description, listed, tagged=True)


def _start() -> Schema:
    started = response("The export has started. Poll its Location.", "ExportJob", "Location")
    description = "Writes the members of an account, or of a part of it, to a file. Needs `members:export`."
    return operation(
        "startExport",
        "Start an export",
        description,
        {"202": started},
        "409 413 415 422",
        parameters=[IDEMPOTENCY_KEY],
        requestBody=form_body("NewExport"),
    )


def _get() -> Schema:
    found = {"200": response("The export.", "ExportWithLink")}
    description = "Its status and the number of members so far; once it is completed, the link to its file."
    return operation("getExport", "Get an export", description, found, "404")
