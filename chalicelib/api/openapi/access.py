"""The part of the OpenAPI document about access: the caller, sessions, users, groups, tokens."""

from typing import Any

from chalicelib.access import model

from .parts import (
    MOMENT,
    PRECONDITIONS,
    TEXT,
    Schema,
    body,
    get_operation,
    list_operation,
    list_schema,
    object_schema,
    operation,
    page,
    parameter,
    reference,
    response,
)

BODIES = (
    model.NewUser,
    model.UserChanges,
    model.OwnChanges,
    model.NewGroup,
    model.GroupChanges,
    model.NewToken,
)
MODELS: list[Any] = [
    *((sent, "validation") for sent in BODIES),
    *((shown, "serialization") for shown in (model.User, model.Group, model.Token)),
]
GRANTS: Schema = {
    "type": "object",
    "description": "Accounts by permission; `*` means all accounts.",
    "additionalProperties": {"anyOf": [list_schema(TEXT), TEXT | {"const": "*"}]},
}
IDLE_SECONDS: Schema = {
    "type": "integer",
    "description": "The session ends this many seconds after its last request, or up to 5 minutes sooner.",
}
SCHEMAS: Schema = {
    **{f"{kind}Page": page(reference(kind)) for kind in ("User", "Group", "Token")},
    "Me": object_schema(kind=TEXT | {"enum": ["user", "token"]}, name=TEXT, grants=GRANTS),
    "Session": object_schema(token=TEXT, expires_at=MOMENT, idle_seconds=IDLE_SECONDS),
    "IssuedToken": {
        "description": "A token with its text. No other response contains the text.",
        **object_schema(token=TEXT),
        "allOf": [reference("Token")],
    },
}


def paths() -> Schema:
    """Returns the operations about access."""
    issued = response("The token with its text.", "IssuedToken", "Location")
    token = operation(
        "getToken", "Get a token, without its text", {"200": response("The token.", "Token")}, "404"
    )
    revoke = operation("revokeToken", "Revoke a token", {"204": response("Revoked.")}, "404")
    return {
        "/me": _me(),
        "/sessions": _sessions(),
        "/users": _collection("User", response("The new user.", "User", "Location", "ETag")),
        "/users/{name}": _one("User", "Delete a user, except the last admin"),
        "/groups": _collection("Group", response("The new group.", "Group", "Location", "ETag")),
        "/groups/{name}": _one("Group", "Delete a group without users or tokens"),
        "/tokens": _collection("Token", issued),
        "/tokens/{name}": {**_path("token"), "get": token, "delete": revoke},
    }


def _me() -> Schema:
    change = operation(
        "changeMe",
        "Change your password, with the old one as credentials. All your sessions end",
        {"204": response("Changed.")},
        "413 415 422",
        security=[{"basic": []}],
        requestBody=body("OwnChanges"),
    )
    caller = {"200": response("The caller.", "Me")}
    return {"get": operation("getMe", "Get the caller and its permissions", caller), "patch": change}


def _sessions() -> Schema:
    started = {"201": response("Send the token as a Bearer token.", "Session")}
    start = "Get a session token for a name and password"
    end = "End the session whose token the request carries"
    return {
        "post": operation("startSession", start, started, security=[{"basic": []}]),
        "delete": operation("endSession", end, {"204": response("Ended.")}, security=[{"bearer": []}]),
    }


def _path(noun: str) -> Schema:
    return {"parameters": [parameter("name", "path", f"The {noun}'s name.")]}


def _collection(kind: str, created: Schema) -> Schema:
    """Returns the operations on all users, groups or tokens."""
    noun, listed = kind.lower(), response("A page, by name.", f"{kind}Page", "Link?")
    create = operation(
        f"create{kind}", f"Add a {noun}", {"201": created}, "409 413 415 422", requestBody=body(f"New{kind}")
    )
    return {"get": list_operation(f"list{kind}s", f"List {noun}s", listed), "post": create}


def _one(kind: str, deletion: str) -> Schema:
    """Returns the operations on one user or group."""
    noun = kind.lower()
    change = operation(
        f"change{kind}",
        f"Change fields of a {noun}",
        {"200": response(f"The {noun}.", kind, "ETag")},
        "404 409 412 413 415 422",
        parameters=PRECONDITIONS,
        requestBody=body(f"{kind}Changes"),
    )
    deleted = {"204": response("Deleted.")}
    delete = operation(f"delete{kind}", deletion, deleted, "404 409 412", parameters=PRECONDITIONS)
    return {**_path(noun), "get": get_operation(f"get{kind}", kind), "patch": change, "delete": delete}
