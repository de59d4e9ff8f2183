"""The part of the OpenAPI document about access: the caller, sessions, users, groups, tokens."""

from typing import Any

from chalicelib.access.model import (
    Group,
    GroupChanges,
    NewGroup,
    NewToken,
    NewUser,
    OwnChanges,
    Token,
    User,
    UserChanges,
)

from .parts import (
    CURSOR,
    IF_MATCH,
    IF_NONE_MATCH,
    JSON,
    LIMIT,
    NOT_MODIFIED,
    Schema,
    content,
    operation,
    page,
    parameter,
    response,
)

MODELS: list[Any] = [
    *(
        (model, "validation")
        for model in (NewUser, UserChanges, OwnChanges, NewGroup, GroupChanges, NewToken)
    ),
    *((model, "serialization") for model in (User, Group, Token)),
]
DELETIONS = {
    "User": "Delete a user, except the last admin",
    "Group": "Delete a group without users or tokens",
}
GRANTS: Schema = {
    "type": "object",
    "description": "Accounts by permission; `*` means all accounts.",
    "additionalProperties": {
        "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string", "const": "*"}]
    },
}
SCHEMAS: Schema = {
    **{f"{name}Page": page(name) for name in ("User", "Group", "Token")},
    "Me": {
        "type": "object",
        "required": ["kind", "name", "grants"],
        "properties": {
            "kind": {"type": "string", "enum": ["user", "token"]},
            "name": {"type": "string"},
            "grants": GRANTS,
        },
    },
    "Session": {
        "type": "object",
        "required": ["token", "expires_at", "idle_seconds"],
        "properties": {
            "token": {"type": "string"},
            "expires_at": {"type": "string", "format": "date-time"},
            "idle_seconds": {
                "type": "integer",
                "description": "The session ends after this many seconds without a request.",
            },
        },
    },
    "IssuedToken": {
        "description": "A token with its text. No other response contains the text.",
        "type": "object",
        "required": ["token"],
        "properties": {"token": {"type": "string"}},
        "allOf": [{"$ref": "#/components/schemas/Token"}],
    },
}


def paths() -> Schema:
    """Returns the operations about access."""
    return {
        "/me": {
            "get": operation(
                "getMe", "Get the caller and its permissions", {"200": response("The caller.", "Me")}, ""
            ),
            "patch": operation(
                "changeMe",
                "Change your password, with the old one as credentials. All your sessions end",
                {"204": response("Changed.")},
                "413 415 422",
                security=[{"basic": []}],
                requestBody=_body("OwnChanges"),
            ),
        },
        "/sessions": {
            "post": operation(
                "beginSession",
                "Get a session token for a name and password",
                {"201": response("Send the token as a Bearer token.", "Session")},
                "",
                security=[{"basic": []}],
            ),
            "delete": operation(
                "endSession",
                "End the session whose token the request carries",
                {"204": response("Ended.")},
                "",
                security=[{"bearer": []}],
            ),
        },
        "/users": _many("User"),
        "/users/{name}": {**_path("user"), **_one("User"), "patch": _patch("User")},
        "/groups": _many("Group"),
        "/groups/{name}": {**_path("group"), **_one("Group"), "patch": _patch("Group")},
        "/tokens": _tokens(),
        "/tokens/{name}": {**_path("token"), **_one_token()},
    }


def _path(kind: str) -> Schema:
    return {"parameters": [parameter("name", "path", f"The {kind}'s name.")]}


def _list(kind: str) -> Schema:
    listing = response("A page, by name.", f"{kind}Page", "Link?")
    return operation(
        f"list{kind}s", f"List {kind.lower()}s", {"200": listing}, "", parameters=[LIMIT, CURSOR]
    )


def _body(schema: str) -> Schema:
    return {"required": True, "content": content(schema, JSON)}


def _many(kind: str) -> Schema:
    created = response(f"The new {kind.lower()}.", kind, "Location", "ETag")
    errors = "409 413 415 422"
    adding = operation(
        f"create{kind}", f"Add a {kind.lower()}", {"201": created}, errors, requestBody=_body(f"New{kind}")
    )
    return {"get": _list(kind), "post": adding}


def _one(kind: str) -> Schema:
    found = {
        "200": response(f"The {kind.lower()}.", kind, "ETag"),
        "304": NOT_MODIFIED,
    }
    deleted = {"204": response("Deleted.")}
    return {
        "get": operation(f"get{kind}", f"Get a {kind.lower()}", found, "404", parameters=[IF_NONE_MATCH]),
        "delete": operation(
            f"delete{kind}",
            DELETIONS[kind],
            deleted,
            "404 409 412",
            parameters=[IF_MATCH, IF_NONE_MATCH],
        ),
    }


def _patch(kind: str) -> Schema:
    return operation(
        f"change{kind}",
        f"Change fields of a {kind.lower()}",
        {"200": response(f"The {kind.lower()}.", kind, "ETag")},
        "404 409 412 413 415 422",
        parameters=[IF_MATCH, IF_NONE_MATCH],
        requestBody=_body(f"{kind}Changes"),
    )


def _tokens() -> Schema:
    created = response("The token with its text.", "IssuedToken", "Location")
    adding = operation(
        "createToken", "Add a token", {"201": created}, "409 413 415 422", requestBody=_body("NewToken")
    )
    return {"get": _list("Token"), "post": adding}


def _one_token() -> Schema:
    return {
        "get": operation(
            "getToken", "Get a token, without its text", {"200": response("The token.", "Token")}, "404"
        ),
        "delete": operation("revokeToken", "Revoke a token", {"204": response("Revoked.")}, "404"),
    }
