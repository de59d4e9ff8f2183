"""The part of the OpenAPI document about the service itself."""

from typing import Any

from .parts import TEXT, Schema, object_schema, operation, response

MODELS: list[Any] = []
SCHEMAS: Schema = {
    "OpenApiDocument": {
        "description": "An OpenAPI 3.1 document.",
        **object_schema(openapi=TEXT, info={"type": "object"}, paths={"type": "object"}),
    },
}


def adjust(_schemas: Schema) -> None:
    """Adds nothing: no schema is made of another."""


def paths() -> Schema:
    """Returns the operations on the service itself. None needs credentials."""
    return {"/openapi.json": {"get": _document()}}


def _document() -> Schema:
    found = {"200": response("OpenAPI 3.1.", "OpenApiDocument")}
    return operation("getOpenapi", "Get this document", "For programs.", found, security=[])
