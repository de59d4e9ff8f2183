"""Common parts of the OpenAPI document: parameters, bodies, responses, errors."""

from collections.abc import Sequence
from typing import Any

from .codes import FIELD_CODES, PROBLEM_CODES

Schema = dict[str, Any]
JSON, PROBLEM = "application/json", "application/problem+json"
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
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": (
            "A token, a session token, or a token (JWT) of the OpenID Connect issuer that the deployment accepts."
        ),
    },
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


def page(items: str, **properties: Schema) -> Schema:
    """Returns the schema of a page of a list; `items` is the name of their schema."""
    following = NULLABLE | {"description": "The `cursor` of the next page, null on the last one."}
    return {
        "description": "A page of a list.",
        **object_schema(**properties, items=list_schema(reference(items)), next=following),
    }


def extended(base: Schema, description: str, *optional: str, **properties: Schema) -> Schema:
    """Returns the schema of an object with further properties, of which all but the `optional` ones are required.

    In place of `allOf` beside `properties`: generators of clients lose one of the two.
    """
    more = object_schema(*optional, **properties)
    return {
        **base,
        "description": description,
        "required": [*base.get("required", []), *more["required"]],
        "properties": base["properties"] | more["properties"],
    }


ERROR_SCHEMAS: Schema = {
    "ErrorCode": {
        "description": "What went wrong, for programs. Later versions may add codes.",
        "type": "string",
        "enum": sorted({code for codes in PROBLEM_CODES.values() for code in codes}),
    },
    "FieldErrorCode": {
        "description": "What is wrong with a field, for programs. Later versions may add codes.",
        "type": "string",
        "enum": list(FIELD_CODES),
    },
    "Holder": object_schema(id=TEXT, href=TEXT) | {"description": "The member that holds a value."},
    "FieldError": {
        "description": "What is wrong with a field or parameter.",
        **object_schema(
            "member",
            pointer=TEXT
            | {"description": "#/phone_number in the body, ?limit in the query, {account_id} in the path."},
            code=reference("FieldErrorCode"),
            detail=TEXT | {"description": "A sentence for people."},
            member=reference("Holder"),
        ),
    },
    "Problem": {
        "description": "An error (RFC 9457).",
        **object_schema(
            "errors",
            "deleted_at",
            "moved_to",
            type=TEXT,
            title=TEXT,
            status={"type": "integer"},
            detail=TEXT | {"description": "What went wrong, and what to do: for people."},
            code=reference("ErrorCode"),
            request_id=TEXT | {"description": "Finds the request in the logs."},
            deleted_at=MOMENT | {"description": "When the member was deleted that had this id."},
            moved_to=TEXT | {"description": "The id that the member has now."},
            errors=list_schema(reference("FieldError")),
        ),
    },
}


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


def body(schema: str) -> Schema:
    """Returns a request body in JSON."""
    return {"required": True, "content": content(schema)}


def form_body(schema: str) -> Schema:
    """Returns a request body that may be a form too.

    The form is not among its media types: some generators make code of two that does not run.
    """
    return {"description": "As JSON; a form with the same fields is accepted too.", **body(schema)}


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


def operation(
    name: str, summary: str, description: str, responses: dict[str, Schema], errors: str = "", **more: Any
) -> Schema:
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
    described = {"operationId": name, "summary": summary, "description": description}
    return {**described, **more, "responses": responses | problems}


def list_operation(
    name: str,
    summary: str,
    description: str,
    page: Schema,
    errors: str = "",
    *,
    filters: Sequence[Schema] = (),
    tagged: bool = False,
) -> Schema:
    """Returns an operation that lists a page; if it is `tagged`, with an ETag."""
    more = "The `cursor` of the next page is in `next`, its URL in the Link header."
    responses, parameters = {"200": page}, [*filters, LIMIT, CURSOR]
    if tagged:
        more += " With `If-None-Match`, answers 304 while the caller has the current page."
        page["headers"] = {**page.get("headers", {}), "ETag": {"schema": TEXT, "required": True}}
        responses["304"] = response("The caller has this page.", "", "ETag")
        parameters.append(IF_NONE_MATCH)
    return operation(name, summary, f"{description} {more}", responses, errors, parameters=parameters)


def get_operation(name: str, schema: str, by: str = "", noun: str = "") -> Schema:
    """Returns an operation that gets a resource with an ETag; `by` ends its summary.

    `noun` says what it is, if not the schema.
    """
    kind = noun or schema.lower()
    article = "an" if kind[0] in "aeio" else "a"  # a user
    not_modified = response("The caller has this version.", "", "ETag")
    responses = {"200": response(f"The {kind}.", schema, "ETag"), "304": not_modified}
    description = "With `If-None-Match`, answers 304 while the caller has the current version."
    return operation(
        name, f"Get {article} {kind}{by}", description, responses, "404", parameters=[IF_NONE_MATCH]
    )


def tagged(tag: str, paths: Schema) -> Schema:
    """Returns paths whose operations have a tag: generators make a class of each."""
    return {
        path: {key: {"tags": [tag], **value} if key != "parameters" else value for key, value in item.items()}
        for path, item in paths.items()
    }
