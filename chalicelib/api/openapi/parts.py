"""What the API's description is put together from: parameters, bodies, answers, errors."""

from typing import Any

Schema = dict[str, Any]
JSON, FORM, PROBLEM = "application/json", "application/x-www-form-urlencoded", "application/problem+json"
ERRORS = {
    "400": "The request cannot be read; `errors` names the parameter or field.",
    "401": "Credentials are missing, wrong, expired or revoked.",
    "403": "The caller may not do this, or not for this account.",
    "404": "There is nothing under this id.",
    "409": "What stands there does not allow it; `errors` names the member that a value belongs to.",
    "412": "If-Match or If-None-Match does not hold for the current ETag.",
    "413": "The body is too large.",
    "415": "The body is of a type that is not read here.",
    "422": "Fields break a rule; `errors` names each.",
    "429": "Too many requests; wait for `Retry-After` seconds.",
    "500": "Something went wrong on our side.",
    "503": "The registry is busy; wait for `Retry-After` seconds.",
}
SECURITY_SCHEMES: Schema = {
    "basic": {"type": "http", "scheme": "basic", "description": "A user's name and password."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token, or a session's."},
}
PROBLEM_SCHEMA: Schema = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "For machines, such as phone_number_taken."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "#/phone_number, or ?limit of the query."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "member": {
                        "type": "object",
                        "description": "The member that holds the value.",
                        "properties": {"id": {"type": "string"}, "href": {"type": "string"}},
                    },
                },
            },
        },
    },
}
ANNOUNCED: Schema = {
    "description": "An import whose file is still to come.",
    "type": "object",
    "required": ["upload"],
    "properties": {
        "upload": {
            "type": "object",
            "required": ["method", "url", "expires_at"],
            "properties": {
                "method": {"type": "string"},
                "url": {"type": "string"},
                "expires_at": {"type": "string", "format": "date-time"},
            },
        }
    },
    "allOf": [{"$ref": "#/components/schemas/Import"}],
}
LINK: Schema = {
    "type": "object",
    "required": ["url", "expires_at"],
    "properties": {"url": {"type": "string"}, "expires_at": {"type": "string", "format": "date-time"}},
}
REPORT: Schema = {
    "description": "The import, and what is known of it at its end.",
    "type": "object",
    "required": ["id", "counts", "codes", "columns", "sample", "seconds"],
    "properties": {
        "codes": {"type": "object", "additionalProperties": {"type": "integer"}},
        "invalid_bytes": {
            "type": "integer",
            "description": "Bytes of the file that are no characters of its encoding.",
        },
    },
}
REJECTED_PAGE: Schema = {
    "type": "object",
    "required": ["columns", "items", "next"],
    "properties": {
        "columns": {"type": "array", "items": {"type": "string"}},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["line", "code", "reason", "cells", "column"],
                "properties": {
                    "line": {"type": "integer", "description": "Of the file that was sent."},
                    "code": {"type": "string"},
                    "reason": {"type": "string"},
                    "cells": {"type": "array", "items": {"type": "string"}},
                    "column": {"type": ["integer", "null"], "description": "The index of the cell at fault."},
                },
            },
        },
        "next": {"type": ["string", "null"]},
    },
}


def parameter(name: str, where: str, description: str, **schema: Any) -> Schema:
    """A parameter; those of a path are required."""
    return {
        "name": name,
        "in": where,
        "description": description,
        "required": where == "path",
        "schema": {"type": "string", **{name.rstrip("_"): value for name, value in schema.items()}},
    }


def content(schema: str, *types: str) -> Schema:
    """A body of this schema in each of the media types, JSON for none."""
    return {kind: {"schema": {"$ref": f"#/components/schemas/{schema}"}} for kind in types or (JSON,)}


def body(schema: str) -> Schema:
    """A request's body, as JSON or as a form."""
    return {"required": True, "content": content(schema, JSON, FORM)}


LIMIT = parameter("limit", "query", "Items of a page.", type="integer", minimum=1, maximum=500, default=100)
CURSOR = parameter("cursor", "query", "`next` of the page before.", format="cursor")
_TAGS: Schema = {  # the grammar of RFC 9110
    "pattern": r'^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$',
    "examples": ['"1-20261123052448110"'],
}
IF_MATCH = parameter("If-Match", "header", "The ETag that must still be current, or *.", **_TAGS)
IF_NONE_MATCH = parameter("If-None-Match", "header", "An ETag the caller has, or *.", **_TAGS)


def answer(description: str, schema: str = "", *headers: str) -> Schema:
    """An answer with its headers; those that end in ? do not always come."""
    answer: Schema = {"description": description}
    if schema:
        answer["content"] = content(schema)
    if headers:
        answer["headers"] = {
            name.rstrip("?"): {"schema": {"type": "string"}, "required": not name.endswith("?")}
            for name in headers
        }
    return answer


def operation(name: str, summary: str, answers: dict[str, Schema], errors: str, **more: Any) -> Schema:
    """An operation with its answers and, by status, its errors; every one of them may also meet 400, 429, 500, 503.

    Unless `security` says otherwise it takes either credentials, and refuses with 401 and 403.
    """
    more.setdefault("security", [{name: []} for name in SECURITY_SCHEMES])
    refusals = ["401", "403"] if more["security"] else []
    problems = {
        status: {"description": ERRORS[status], "content": content("Problem", PROBLEM)}
        for status in ["400", *errors.split(), *refusals, "429", "500", "503"]
    }
    if refusals:
        problems["401"]["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    for status in ("429", "503"):
        problems[status]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return {"operationId": name, "summary": summary, **more, "responses": answers | problems}


def page(schema: str) -> Schema:
    """The schema of a page of these."""
    return {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}},
            "next": {"type": ["string", "null"]},
        },
    }
