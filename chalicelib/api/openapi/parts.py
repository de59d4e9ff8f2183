"""Common parts of the OpenAPI document: parameters, bodies, responses, errors."""

from collections.abc import Sequence
from typing import Any

Schema = dict[str, Any]
JSON, FORM, PROBLEM = "application/json", "application/x-www-form-urlencoded", "application/problem+json"
ERRORS = {
    "400": "The request is malformed. `errors` names the parameter or field.",
    "401": "Credentials are missing, wrong, expired or revoked.",
    "403": "The caller lacks the permission, or access to the account.",
    "404": "No resource has this id.",
    "409": "Conflicts with the current state. `errors` names the member that holds a value.",
    "412": "If-Match or If-None-Match does not hold for the current ETag.",
    "413": "The body is too large.",
    "415": "The operation does not accept the body's media type.",
    "422": "Fields are invalid. `errors` names each.",
    "429": "Too many requests. Wait `Retry-After` seconds.",
    "500": "Internal error.",
    "503": "The registry is busy. Wait `Retry-After` seconds.",
    "504": "The service did not respond in time. A change may have been made: check before you repeat it.",
}
SECURITY_SCHEMES: Schema = {
    "basic": {"type": "http", "scheme": "basic", "description": "A user's name and password."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token or a session token."},
}
TEXT: Schema = {"type": "string"}
NULLABLE: Schema = {"type": ["string", "null"]}
MOMENT: Schema = TEXT | {"format": "date-time"}


def object_schema(*optional: str, **properties: Schema) -> Schema:
    """Returns the schema of an object with these properties, of which all but the `optional` ones are required."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": properties}


def list_schema(items: Schema) -> Schema:
    """Returns the schema of a list."""
    return {"type": "array", "items": items}


def reference(schema: str) -> Schema:
    """Returns a reference to one of the document's schemas."""
    return {"$ref": f"#/components/schemas/{schema}"}


def page(items: Schema, **properties: Schema) -> Schema:
    """Returns the schema of a page of a list."""
    return object_schema(**properties, items=list_schema(items), next={"type": ["string", "null"]})


_FIELD_ERROR = object_schema(
    "member",
    pointer=TEXT
    | {"description": "Such as #/phone_number in the body, ?limit in the query, {account_id} in the path."},
    code=TEXT,
    detail=TEXT,
    member={
        "type": "object",
        "description": "The member that holds the value.",
        "properties": {"id": TEXT, "href": TEXT},
    },
)
PROBLEM_SCHEMA = object_schema(
    "errors",
    "deleted_at",
    "moved_to",
    type=TEXT,
    title=TEXT,
    status={"type": "integer"},
    detail=TEXT,
    code=TEXT | {"description": "A constant for programs, such as phone_number_taken."},
    request_id=TEXT,
    deleted_at=MOMENT | {"description": "When the member was deleted that had this id."},
    moved_to=TEXT | {"description": "The id that the member has now."},
    errors=list_schema(_FIELD_ERROR),
)


def parameter(name: str, where: str, description: str, **schema: Any) -> Schema:
    """Returns a parameter. Path parameters are required."""
    return {
        "name": name,
        "in": where,
        "description": description,
        "required": where == "path",
        "schema": TEXT | schema,
    }


def content(schema: str, *types: str) -> Schema:
    """Returns a body with this schema in each media type, JSON by default."""
    return {kind: {"schema": reference(schema)} for kind in types or (JSON,)}


def body(schema: str, *types: str) -> Schema:
    """Returns a request body with this schema in each media type, JSON by default."""
    return {"required": True, "content": content(schema, *types)}


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
PRECONDITIONS = [IF_MATCH, IF_NONE_MATCH]
IDEMPOTENCY_KEY = parameter(
    "Idempotency-Key",
    "header",
    "A key of your own for this request, such as a UUID. Sent again with the same body within 24 hours, it gets the "
    "first response again, with the header Idempotency-Replayed.",
    pattern="^[!-~]{1,255}$",
)


def response(description: str, schema: str = "", *headers: str) -> Schema:
    """Returns a response with its headers; a name that ends in ? is an optional header."""
    response: Schema = {"description": description}
    if schema:
        response["content"] = content(schema)
    if headers:
        response["headers"] = {
            name.rstrip("?"): {"schema": TEXT, "required": not name.endswith("?")} for name in headers
        }
    return response


def operation(name: str, summary: str, responses: dict[str, Schema], errors: str = "", **more: Any) -> Schema:
    """Returns an operation. `errors` are statuses beside 400, 429, 500, 503 and 504, which every operation has.

    Without `security` it accepts both kinds of credentials and has the errors 401 and 403.
    """
    more.setdefault("security", [{name: []} for name in SECURITY_SCHEMES])
    auth_errors = ["401", "403"] if more["security"] else []
    problems = {
        status: {"description": ERRORS[status], "content": content("Problem", PROBLEM)}
        for status in ["400", *errors.split(), *auth_errors, "429", "500", "503", "504"]
    }
    if auth_errors:
        problems["401"]["headers"] = {"WWW-Authenticate": {"schema": TEXT}}
    for status in ("429", "503"):
        problems[status]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return {"operationId": name, "summary": summary, **more, "responses": responses | problems}


def list_operation(
    name: str, summary: str, page: Schema, errors: str = "", filters: Sequence[Schema] = ()
) -> Schema:
    """Returns an operation that lists a page."""
    return operation(name, summary, {"200": page}, errors, parameters=[*filters, LIMIT, CURSOR])


def get_operation(name: str, schema: str) -> Schema:
    """Returns an operation that gets a resource with an ETag."""
    kind = schema.lower()
    not_modified = response("The caller has this version.", "", "ETag")
    responses = {"200": response(f"The {kind}.", schema, "ETag"), "304": not_modified}
    return operation(name, f"Get a {kind}", responses, "404", parameters=[IF_NONE_MATCH])
