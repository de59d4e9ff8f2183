"""The part of the OpenAPI document about access: the caller, sessions, users, groups, tokens."""

from typing import Any

from chalicelib.access import model

from .parts import (
    MOMENT,
    PRECONDITIONS,
    TEXT,
    Schema,
    body,
    extended,
    get_operation,
    list_operation,
    object_schema,
    operation,
    page,
    parameter,
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
# Without a type: of a list or a text, openapi-generator makes Java that does not compile.
ACCOUNTS: Schema = {"description": "A list of account ids, or the text `*` for all accounts."}
GRANTS: Schema = {
    "type": "object",
    "description": "Accounts by permission; `*` means all accounts.",
    "additionalProperties": ACCOUNTS,
}
ADMINS = "For admins (`access:admin`)."
IDLE_SECONDS: Schema = {
    "type": "integer",
    "description": "The session ends this many seconds after its last request, or up to 5 minutes sooner.",
}
FILTERS = {
    "Token": [parameter("created_by", "query", "The user or token that has created them, such as user:ann.")]
}
SCHEMAS: Schema = {
    **{f"{kind}Page": page(kind) for kind in ("User", "Group", "Token")},
    "Me": {
        "description": "The caller, and what it may do.",
        **object_schema(kind=TEXT | {"enum": ["user", "token", "sso"]}, name=TEXT, grants=GRANTS),
    },
    "AccessEvent": {
        "description": "A change of a user, group or token: who made it, when, and from what to what.",
        **object_schema(
            id=TEXT,
            at=MOMENT,
            by=TEXT
            | {"description": "Such as user:ann, sso:8f0c, or operator for whoever has AWS credentials."},
            action=TEXT | {"enum": ["created", "changed", "deleted"]},
            kind=TEXT | {"enum": ["user", "group", "token"]},
            name=TEXT,
            changes={
                "type": "object",
                "description": "The fields that differ, each with `from` and `to`. A password has no values.",
                "additionalProperties": {},
            },
        ),
    },
    "AccessEventPage": page("AccessEvent"),
    "Session": {
        "description": "A session. Send its token as a Bearer token.",
        **object_schema(token=TEXT, expires_at=MOMENT, idle_seconds=IDLE_SECONDS),
    },
}


def adjust(schemas: Schema) -> None:
    """Adds the schemas that are made of the models'."""
    issued = "A token with its text. No other response contains the text."
    for name in ("NewGroup", "GroupChanges", "Group"):
        schemas[name]["properties"]["accounts"] = ACCOUNTS
    schemas["IssuedToken"] = extended(schemas["Token"], issued, token=TEXT)


def paths() -> Schema:
    """Returns the operations about access."""
    issued = response("The token with its text.", "IssuedToken", "Location")
    return {
        "/me": _me(),
        "/sessions": _sessions(),
        "/users": _collection("User", response("The new user.", "User", "Location", "ETag")),
        "/users/{name}": _one("User", "Not the last admin. Its sessions end."),
        "/groups": _collection("Group", response("The new group.", "Group", "Location", "ETag")),
        "/groups/{name}": _one("Group", "Only a group without users or tokens."),
        "/tokens": _collection("Token", issued),
        "/tokens/{name}": _token(),
        "/access/history": {"get": _history()},
    }


def _history() -> Schema:
    """Returns the operation that lists the changes of access."""
    description = f"{ADMINS} The newest first."
    listed = response("A page, the newest first.", "AccessEventPage", "Link?")
    return list_operation("listAccessHistory", "List changes of access", description, listed)


def _me() -> Schema:
    change = operation(
        "changeMe",
        "Change your password",
        "Send the old one as credentials. All your sessions end.",
        {"204": response("Changed.")},
        "413 415 422",
        security=[{"basic": []}],
        requestBody=body("OwnChanges"),
    )
    caller = {"200": response("The caller.", "Me")}
    get = operation("getMe", "Get the caller", "Its name, and the accounts by permission.", caller)
    return {"get": get, "patch": change}


def _sessions() -> Schema:
    started = {"201": response("Send the token as a Bearer token.", "Session")}
    start = "A token for the name and password of this request, for pages that people sign in to."
    end = "The one whose token the request carries."
    ended = {"204": response("Ended.")}
    return {
        "post": operation("startSession", "Start a session", start, started, security=[{"basic": []}]),
        "delete": operation("endSession", "End the session", end, ended, security=[{"bearer": []}]),
    }


def _path(noun: str) -> Schema:
    return {"parameters": [parameter("name", "path", f"The {noun}'s name.")]}


def _collection(kind: str, created: Schema) -> Schema:
    """Returns the operations on all users, groups or tokens."""
    noun, listed = kind.lower(), response("A page, by name.", f"{kind}Page", "Link?")
    create = operation(
        f"create{kind}",
        f"Add a {noun}",
        f"{ADMINS} 409 if a {noun} of this name exists.",
        {"201": created},
        "409 413 415 422",
        requestBody=body(f"New{kind}"),
    )
    return {
        "get": list_operation(
            f"list{kind}s", f"List {noun}s", f"{ADMINS} By name.", listed, filters=FILTERS.get(kind, ())
        ),
        "post": create,
    }


def _one(kind: str, deletion: str) -> Schema:
    """Returns the operations on one user or group."""
    noun = kind.lower()
    change = operation(
        f"change{kind}",
        f"Change a {noun}",
        f"{ADMINS} Changes the fields that are sent.",
        {"200": response(f"The {noun}.", kind, "ETag")},
        "404 409 412 413 415 422",
        parameters=PRECONDITIONS,
        requestBody=body(f"{kind}Changes"),
    )
    delete = operation(
        f"delete{kind}",
        f"Delete a {noun}",
        f"{ADMINS} {deletion}",
        {"204": response("Deleted.")},
        "404 409 412",
        parameters=PRECONDITIONS,
    )
    return {**_path(noun), "get": get_operation(f"get{kind}", kind), "patch": change, "delete": delete}


def _token() -> Schema:
    """Returns the operations on one token."""
    found = {"200": response("The token.", "Token")}
    get = operation("getToken", "Get a token", f"{ADMINS} Without its text.", found, "404")
    revoked = {"204": response("Revoked.")}
    revoke = operation(
        "revokeToken", "Revoke a token", f"{ADMINS} Its requests are refused within a minute.", revoked, "404"
    )
    return {**_path("token"), "get": get, "delete": revoke}
