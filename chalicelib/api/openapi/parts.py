"""Common parts of the OpenAPI document: parameters, bodies, responses, errors."""

from typing import Any

Schema = dict[str, Any]
JSON, FORM, PROBLEM = "application/json", "application/x-www-form-urlencoded", "application/problem+json"
ERRORS = {
    "400": "The request is malformed. `errors` names the parameter or field.",
    "401": "Credentials are missing, wrong, expired or revoked.",
    "403": "The caller lacks the permission, or access to the account.",
    "404": "No resource has this id.",
    "409": "Conflicts with the current state. `errors` names the member that owns a value.",
    "412": "If-Match or If-None-Match does not hold for the current ETag.",
    "413": "The body is too large.",
    "415": "The operation does not accept the body's media type.",
    "422": "Fields are invalid. `errors` names each.",
    "429": "Too many requests. Wait `Retry-After` seconds.",
    "500": "Internal error.",
    "503": "The registry is busy. Wait `Retry-After` seconds.",
}
SECURITY_SCHEMES: Schema = {
    "basic": {"type": "http", "scheme": "basic", "description": "A user's name and password."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token or a session token."},
}
PROBLEM_SCHEMA: Schema = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "A constant for programs, such as phone_number_taken."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "Such as #/phone_number in the body or ?limit in the query.",
                    },
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "member": {
                        "type": "object",
                        "description": "The member that owns the value.",
                        "properties": {"id": {"type": "string"}, "href": {"type": "string"}},
                    },
                },
            },
        },
    },
}


def parameter(name: str, where: str, description: str, **schema: Any) -> Schema:
    """Returns a parameter. Path parameters are required."""
    return {
        "name": name,
        "in": where,
        "description": description,
        "required": where == "path",
        "schema": {"type": "string", **{name.rstrip("_"): value for name, value in schema.items()}},
    }


def content(schema: str, *types: str) -> Schema:
    """Returns a body with this schema in each media type, JSON by default."""
    return {kind: {"schema": {"$ref": f"#/components/schemas/{schema}"}} for kind in types or (JSON,)}


def body(schema: str) -> Schema:
    """Returns a request body, as JSON or as a form."""
    return {"required": True, "content": content(schema, JSON, FORM)}


LIMIT = parameter("limit", "query", "Items per page.", type="integer", minimum=1, maximum=500, default=100)
CURSOR = parameter("cursor", "query", "`next` of the previous page.", format="cursor")
_ETAGS: Schema = {  # the grammar of RFC 9110
    "pattern": r'^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$',
    "examples": ['"1-20261123052448110"'],
}
IF_MATCH = parameter("If-Match", "header", "The ETag that must be current, or * for any.", **_ETAGS)
IF_NONE_MATCH = parameter(
    "If-None-Match", "header", "The ETag that must not be current, or * for any.", **_ETAGS
)


def response(description: str, schema: str = "", *headers: str) -> Schema:
    """Returns a response with its headers; a name that ends in ? is an optional header."""
    response: Schema = {"description": description}
    if schema:
        response["content"] = content(schema)
    if headers:
        response["headers"] = {
            name.rstrip("?"): {"schema": {"type": "string"}, "required": not name.endswith("?")}
            for name in headers
        }
    return response


NOT_MODIFIED = response("The caller has this version.", "", "ETag")


def operation(name: str, summary: str, responses: dict[str, Schema], errors: str, **more: Any) -> Schema:
    """Returns an operation. `errors` are statuses beside 400, 429, 500 and 503, which every operation has.

    Without `security` it accepts both kinds of credentials and has the errors 401 and 403.
    """
    more.setdefault("security", [{name: []} for name in SECURITY_SCHEMES])
    auth_errors = ["401", "403"] if more["security"] else []
    problems = {
        status: {"description": ERRORS[status], "content": content("Problem", PROBLEM)}
        for status in ["400", *errors.split(), *auth_errors, "429", "500", "503"]
    }
    if auth_errors:
        problems["401"]["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    for status in ("429", "503"):
        problems[status]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return {"operationId": name, "summary": summary, **more, "responses": responses | problems}


def page(schema: str) -> Schema:
    """Returns the schema of a page of `schema` items."""
    return {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}},
            "next": {"type": ["string", "null"]},
        },
    }
