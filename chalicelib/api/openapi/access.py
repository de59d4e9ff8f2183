"""The part of the API's description about access: oneself, sessions, users, groups, tokens."""

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
    Schema,
    answer,
    content,
    operation,
    page,
    parameter,
)

MODELS: list[Any] = [
    *(
        (model, "validation")
        for model in (NewUser, UserChanges, OwnChanges, NewGroup, GroupChanges, NewToken)
    ),
    *((model, "serialization") for model in (User, Group, Token)),
]
GRANTS: Schema = {
    "type": "object",
    "description": "Accounts by permission; `*` is every account.",
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
            "idle_seconds": {"type": "integer", "description": "It ends after so long without a request."},
        },
    },
    "IssuedToken": {
        "description": "A token with its text, which is shown this once.",
        "type": "object",
        "required": ["token"],
        "properties": {"token": {"type": "string"}},
        "allOf": [{"$ref": "#/components/schemas/Token"}],
    },
}


def paths() -> Schema:
    """All operations about access."""
    return {
        "/me": {
            "get": operation("getMe", "Who calls, and what that may do", {"200": answer("You.", "Me")}, ""),
            "patch": operation(
                "changeMe",
                "Set your own password, with the old one as credentials; all your sessions end",
                {"204": answer("It is set.")},
                "413 415 422",
                security=[{"basic": []}],
                requestBody=_body("OwnChanges"),
            ),
        },
        "/sessions": {
            "post": operation(
                "beginSession",
                "Get a session token for a name and password",
                {"201": answer("Send the token as Bearer.", "Session")},
                "",
                security=[{"basic": []}],
            ),
            "delete": operation(
                "endSession",
                "End the session that the request is in",
                {"204": answer("It has ended.")},
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
    listing = answer("A page, by name.", f"{kind}Page", "Link?")
    return operation(
        f"list{kind}s", f"List {kind.lower()}s", {"200": listing}, "", parameters=[LIMIT, CURSOR]
    )


def _body(schema: str) -> Schema:
    return {"required": True, "content": content(schema, JSON)}


def _many(kind: str) -> Schema:
    created = answer(f"The new {kind.lower()}.", kind, "Location", "ETag")
    errors = "409 413 415 422"
    adding = operation(
        f"create{kind}", f"Add a {kind.lower()}", {"201": created}, errors, requestBody=_body(f"New{kind}")
    )
    return {"get": _list(kind), "post": adding}


def _one(kind: str) -> Schema:
    shown = {
        "200": answer(f"The {kind.lower()}.", kind, "ETag"),
        "304": answer("The caller has this version.", "", "ETag"),
    }
    gone = {"204": answer("It is gone.")}
    return {
        "get": operation(f"get{kind}", f"Get a {kind.lower()}", shown, "404", parameters=[IF_NONE_MATCH]),
        "delete": operation(
            f"delete{kind}",
            f"Remove a {kind.lower()}; never the last admin, nor a group that somebody is in",
            gone,
            "404 409 412",
            parameters=[IF_MATCH, IF_NONE_MATCH],
        ),
    }


def _patch(kind: str) -> Schema:
    return operation(
        f"change{kind}",
        f"Change some of a {kind.lower()}",
        {"200": answer(f"The {kind.lower()}.", kind, "ETag")},
        "404 409 412 413 415 422",
        parameters=[IF_MATCH, IF_NONE_MATCH],
        requestBody=_body(f"{kind}Changes"),
    )


def _tokens() -> Schema:
    created = answer("The token with its text.", "IssuedToken", "Location")
    adding = operation(
        "createToken", "Add a token", {"201": created}, "409 413 415 422", requestBody=_body("NewToken")
    )
    return {"get": _list("Token"), "post": adding}


def _one_token() -> Schema:
    return {
        "get": operation(
            "getToken", "Get a token, without its text", {"200": answer("The token.", "Token")}, "404"
        ),
        "delete": operation("revokeToken", "Revoke a token", {"204": answer("It is revoked.")}, "404"),
    }
