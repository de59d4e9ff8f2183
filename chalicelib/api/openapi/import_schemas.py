"""The schemas of the OpenAPI document about imports."""

from typing import Any

from chalicelib.imports.records.model import ImportJob, LineAbove
from chalicelib.imports.records.new_import import NewImport
from chalicelib.imports.records.preview import Preview
from chalicelib.imports.rows.outcomes import LISTED_OUTCOMES

from .parts import MOMENT, NULLABLE, TEXT, Schema, extended, list_schema, object_schema, page, reference

MODELS: list[Any] = [
    (ImportJob, "serialization"),
    (LineAbove, "serialization"),
    (NewImport, "validation"),
    (Preview, "serialization"),
]
NUMBER: Schema = {"type": "integer"}
LINE = NUMBER | {"description": "The line in the uploaded file."}
COUNTS_BY_NAME: Schema = {"type": "object", "additionalProperties": NUMBER}
SCHEMAS: Schema = {
    "ImportPage": page("ImportJob"),
    "Link": {
        "description": "A link to a file, without credentials. It is valid until it expires.",
        **object_schema(url=TEXT, expires_at=MOMENT),
    },
    "Upload": {
        "description": "The request that uploads the file: the bytes as its body, without credentials.",
        **object_schema(method=TEXT, url=TEXT, expires_at=MOMENT),
    },
    "RejectedRow": {
        "description": "A row that was not imported, and why.",
        **object_schema(
            line=LINE,
            code=TEXT | {"description": "Such as phone_not_possible; docs/imports.md lists them."},
            reason=TEXT | {"description": "What to correct, for people."},
            cells=list_schema(TEXT),
            column={"type": ["integer", "null"], "description": "The index of the invalid cell."},
        ),
    },
    "RejectedPage": page("RejectedRow", columns=list_schema(TEXT)),
    "ChangedRow": {
        "description": "What became of a row, or would become of it in a dry run.",
        **object_schema(
            line={
                "type": ["integer", "null"],
                "description": "The line in the uploaded file; null for a member that no row is about.",
            },
            outcome={"type": "string", "enum": list(LISTED_OUTCOMES)},
            code=NULLABLE
            | {"description": "Why a row is rejected, kept a newer change, or a member is not removed."},
            member_id=NULLABLE | {"description": "The member; null for a rejected row."},
            changes={
                "type": "object",
                "description": "The fields that the row changes, or would change.",
                "additionalProperties": reference("FieldChange"),
            },
            changed_by=NULLABLE | {"description": "Who has made the newer change that was kept."},
        ),
    },
    "ChangedRowPage": page("ChangedRow"),
    "SampleRow": {
        "description": "One of the first rejected rows.",
        **object_schema(line=LINE, code=TEXT, reason=TEXT),
    },
    "UsedColumns": {
        "description": "The columns of the file.",
        **object_schema(
            used={
                "type": "object",
                "description": "The name of the column of each field.",
                "additionalProperties": TEXT,
            },
            ignored=list_schema(TEXT),
        ),
    },
    "WarningCell": {"description": "A cell that may be wrong.", **object_schema(line=LINE, column=TEXT)},
    "ImportWarning": {
        "description": "One kind of accepted rows that may be wrong, with its first cells.",
        **object_schema(
            code=TEXT,
            text=TEXT,
            count=NUMBER | {"description": "The number of cells."},
            cells=list_schema(reference("WarningCell")),
        ),
    },
}


def adjust(schemas: Schema) -> None:
    """Adds the schemas that are made of the models'."""
    shown = schemas["ImportJob"]
    pending = "An import that waits for its file."
    schemas["PendingImport"] = extended(shown, pending, upload=reference("Upload"))
    schemas["Report"] = extended(shown, "An ended import with its statistics.", **_statistics())


def _statistics() -> Schema:
    """Returns what a report has beside the import itself."""
    return {
        "codes": COUNTS_BY_NAME | {"description": "The number of rejected rows by code."},
        "sample": list_schema(reference("SampleRow")) | {"description": "The first 20 rejected rows."},
        "columns": reference("UsedColumns"),
        "passed_over": {
            "type": "object",
            "description": "Further columns that could be a field, by field: they were ignored.",
            "additionalProperties": list_schema(TEXT),
        },
        "changed_since_by": COUNTS_BY_NAME
        | {"description": "The number of rows that kept a newer change, by who made it: the first 20."},
        "warnings": list_schema(reference("ImportWarning")),
        "delimiter": TEXT | {"description": "The character between cells."},
        "quote": TEXT | {"description": "The character around cells."},
        "escape": TEXT | {"description": "The character before a quote within a cell, if it is not doubled."},
        "lines_above_header": list_schema(reference("LineAbove")),
        "sheets": list_schema(TEXT)
        | {"description": "The visible sheets of a workbook; the first was read."},
        "invalid_bytes": NUMBER
        | {"description": "The number of bytes that are invalid in the file's encoding."},
        "seconds": {"type": "number", "description": "From the start of the import to its end."},
        "rows_per_second": {"type": ["integer", "null"]},
    }
