"""The OpenAPI 3.1 document of the API, built from the models."""

import json
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from chalicelib import __version__

from . import access, batches, exports, import_schemas, imports, members, service
from .examples import EXAMPLES
from .parts import ERROR_SCHEMAS, SECURITY_SCHEMES, Schema, tagged

PARTS = (members, batches, import_schemas, exports, access, service)
INFO = {
    "title": "Rollcall",
    "version": __version__,
    "summary": "A member registry.",
    "description": (
        "Members of accounts. Within an account, each phone number and each client member id belongs to one member. "
        "HEAD is accepted wherever GET is, and returns the same status and headers. Errors are problem details "
        "(RFC 9457); `code` is for programs. For servers: no response allows other origins (CORS)."
    ),
    "contact": {"name": "The operator of this deployment"},
    "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
}
TAGS = {
    "Members": "Add, find, change and delete members, and see what they were.",
    "Imports": "Files of members: start an import, watch it, read its outcome, take it back.",
    "Exports": "An account as a file.",
    "Access": "The caller, sessions, and for admins users, groups and tokens.",
    "Service": "The service itself.",
}


@cache
def document() -> Schema:
    """Returns the document without `servers`, which depends on the request."""
    parts = [("Members", members), ("Members", batches), ("Imports", imports), ("Exports", exports)]
    parts += [("Access", access), ("Service", service)]
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": {path: item for tag, part in parts for path, item in tagged(tag, part.paths()).items()},
        "components": {"securitySchemes": SECURITY_SCHEMES, "schemas": _schemas()},
    }


def _schemas() -> Schema:
    """Returns all schemas by name, each with its name as the title and with an example, if there is one."""
    adapters: list[Any] = [(model, mode, TypeAdapter(model)) for part in PARTS for model, mode in part.MODELS]
    _, generated = TypeAdapter.json_schemas(adapters, ref_template="#/components/schemas/{model}")
    schemas: Schema = generated["$defs"]
    sent = {model.__name__ for model, mode, _ in adapters if mode == "validation"}
    for name, schema in schemas.items():
        if name not in sent:
            schema["required"] = list(schema["properties"])  # a response has all
        for field in schema["properties"].values():
            _tell_default(field, shown=name in sent and not name.endswith("Changes"))
    for part in PARTS:
        schemas |= part.SCHEMAS
        part.adjust(schemas)
    schemas |= ERROR_SCHEMAS
    return {name: _tidied(name, schema) for name, schema in sorted(schemas.items())}


def _tell_default(field: Schema, *, shown: bool) -> None:
    """Moves a field's default to its description, if it is `shown`: openapi-typescript requires fields with defaults.

    A field of a change that is not sent keeps its value, and a response has all fields.
    """
    default = field.pop("default", None)
    if shown and default not in (None, [], ""):
        text = json.dumps(default).strip('"')
        told = f"By default `{text}`."
        field["description"] = " ".join(filter(None, [field.get("description"), told]))


def _tidied(name: str, schema: Schema) -> Schema:
    """Returns a schema whose title is its name: generators make a class of each title."""
    fields = schema.get("properties", {})
    untitled = {key: {k: v for k, v in one.items() if k != "title"} for key, one in fields.items()}
    example = {"examples": [EXAMPLES[name]]} if name in EXAMPLES else {}
    return {**schema, "title": name, **({"properties": untitled} if fields else {}), **example}
