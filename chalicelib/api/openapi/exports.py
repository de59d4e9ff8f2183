"""The part of the OpenAPI document about exports."""

from typing import Any

from chalicelib.exports.model import Export, NewExport

from .parts import (
    FORM,
    IDEMPOTENCY_KEY,
    JSON,
    MOMENT,
    TEXT,
    Schema,
    body,
    list_operation,
    operation,
    page,
    parameter,
    reference,
    response,
)

MODELS: list[Any] = [(Export, "serialization"), (NewExport, "validation")]
SCHEMAS: Schema = {
    "ExportPage": page(reference("Export")),
    "ExportWithLink": {
        "description": "An export; once it is completed, with a link to its file, which is valid for 15 minutes.",
        "type": "object",
        "properties": {"url": TEXT, "expires_at": MOMENT},
        "allOf": [reference("Export")],
    },
}


def paths() -> Schema:
    """Returns the operations on exports."""
    started = response("The export has started. Poll its Location.", "Export", "Location")
    listed = response("A page of exports.", "ExportPage", "Link?")
    start = operation(
        "startExport",
        "Export the members of an account as a file",
        {"202": started},
        "409 413 415 422",
        parameters=[IDEMPOTENCY_KEY],
        requestBody=body("NewExport", JSON, FORM),
    )
    found = {"200": response("The export.", "ExportWithLink")}
    get = operation("getExport", "Get an export, and the link to its file", found, "404")
    return {
        "/exports": {
            "get": list_operation("listExports", "List exports, newest first", listed),
            "post": start,
        },
        "/exports/{export_id}": {
            "parameters": [parameter("export_id", "path", "The export's id.")],
            "get": get,
        },
    }
