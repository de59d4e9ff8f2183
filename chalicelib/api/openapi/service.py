"""The part of the OpenAPI document about the service itself."""

from typing import Any

from .parts import TEXT, Schema, object_schema, operation, response

MODELS: list[Any] = []
SCHEMAS: Schema = {
    "Health": {
        "description": "That the service works.",
        **object_schema(status=TEXT | {"enum": ["ok"]}),
    },
    "OpenApiDocument": {
        "description": "An OpenAPI 3.1 document.",
        **object_schema(openapi=TEXT, info={"type": "object"}, paths={"type": "object"}),
    },
}


def adjust(_schemas: Schema) -> None:
    """Adds nothing: no schema is made of another."""


def paths() -> Schema:
    """Returns the operations on the service itself. None needs credentials."""
    return {"/openapi.json": {"get": _document()}, "/docs": {"get": _docs()}, "/health": {"get": _health()}}


def _document() -> Schema:
    found = {"200": response("OpenAPI 3.1.", "OpenApiDocument")}
    return operation("getOpenapi", "Get this document", "For programs.", found, security=[])


def _docs() -> Schema:
    page = {"200": {"description": "The page.", "content": {"text/html": {"schema": TEXT}}}}
    return operation("getDocs", "Get this document as a page", "For people.", page, security=[])


def _health() -> Schema:
    description = "200 when the table answers. It says nothing else."
    health = {"200": response("The service works.", "Health")}
    return operation("getHealth", "Find out whether the service works", description, health, security=[])
