"""The OpenAPI 3.1 document of the API, built from the models."""

from functools import cache
from typing import Any

from pydantic import TypeAdapter

from chalicelib import __version__

from . import access, batches, exports, imports, members
from .parts import PROBLEM_SCHEMA, SECURITY_SCHEMES, Schema, operation, response

DESCRIPTION = (
    "A member registry. Within an account, each phone number and each client member id belongs to one member. "
    "HEAD is accepted wherever GET is, and returns the same status and headers."
)


@cache
def document() -> Schema:
    """Returns the document without `servers`, which depends on the request."""
    described = {"200": response("OpenAPI 3.1.", "OpenApiDocument")}
    itself = operation("getOpenapi", "Get this document", described, security=[])
    return {
        "openapi": "3.1.0",
        "info": {"title": "Rollcall", "version": __version__, "description": DESCRIPTION},
        "paths": {
            **members.paths(),
            **batches.paths(),
            **imports.paths(),
            **exports.paths(),
            **access.paths(),
            "/openapi.json": {"get": itself},
        },
        "components": {"securitySchemes": SECURITY_SCHEMES, "schemas": _schemas()},
    }


def _schemas() -> Schema:
    models = [*members.MODELS, *batches.MODELS, *imports.MODELS, *exports.MODELS, *access.MODELS]
    adapters: list[Any] = [(model, mode, TypeAdapter(model)) for model, mode in models]
    _, generated = TypeAdapter.json_schemas(adapters, ref_template="#/components/schemas/{model}")
    schemas: Schema = generated["$defs"]
    for model in ("MemberChanges", "UpsertedMember", "UserChanges", "GroupChanges"):
        for field in schemas[model]["properties"].values():
            field.pop("default", None)  # a field that is not sent keeps its value
    members.adjust(schemas)
    batches.adjust(schemas)
    return {
        **schemas,
        **members.SCHEMAS,
        **batches.SCHEMAS,
        **imports.SCHEMAS,
        **exports.SCHEMAS,
        **access.SCHEMAS,
        "Problem": PROBLEM_SCHEMA,
        "OpenApiDocument": {"type": "object", "required": ["openapi", "info", "paths"]},
    }
