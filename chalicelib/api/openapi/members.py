"""The part of the OpenAPI document about members."""

from typing import Any, get_args

from chalicelib.fields.text import ID_SCHEMA, TEXT_SCHEMA
from chalicelib.members.history import Action
from chalicelib.members.model import READ_ONLY, Member, MemberChanges, NewMember

from .parts import (
    FORM,
    IDEMPOTENCY_KEY,
    JSON,
    MOMENT,
    NULLABLE,
    PRECONDITIONS,
    TEXT,
    Schema,
    body,
    get_operation,
    list_operation,
    object_schema,
    operation,
    page,
    parameter,
    reference,
    response,
)

MODELS: list[Any] = [(NewMember, "validation"), (MemberChanges, "validation"), (Member, "serialization")]
_FIELD_CHANGE = object_schema(**{"from": NULLABLE, "to": NULLABLE})
_LINE = {"type": "integer", "description": "Missing where a sync removed a member that no row is about."}
SCHEMAS: Schema = {
    "MemberPage": page(reference("Member")),
    "MemberEvent": object_schema(
        "import",
        "moved_to",
        "moved_from",
        action={"enum": list(get_args(Action))},
        version={"type": "integer", "description": "The member's version after it."},
        at=MOMENT,
        by=NULLABLE | {"description": "Such as user:ann, token:sync or import:<id>."},
        **{"import": object_schema("line", id=TEXT, line=_LINE)},
        moved_to=TEXT | {"description": "The member's id after a move."},
        moved_from=TEXT | {"description": "The member's id before a move."},
        changes={
            "type": "object",
            "description": "The changed fields. Empty where a member's first values are not known any more.",
            "additionalProperties": _FIELD_CHANGE,
        },
    ),
    "MemberHistory": page(reference("MemberEvent")),
}
ACCOUNT = "The account's id."
CLIENT_MEMBER = "The client member id: the account's own id of the member."
FILTERS = [
    parameter("id", "query", "The member's id.", format="member-id"),
    parameter("account_id", "query", ACCOUNT, **ID_SCHEMA),
    parameter("client_member_id", "query", CLIENT_MEMBER, **ID_SCHEMA),
    parameter("phone_number", "query", "The phone number in any common format.", format="phone"),
    parameter(
        "last_name", "query", "A prefix of the last name, in any case. Requires account_id.", **TEXT_SCHEMA
    ),
    parameter(
        "modified_since",
        "query",
        "The earliest time of the last write. Requires account_id. The members come in no order; a page may be short "
        "or empty and still have a next one.",
        format="date-time",
    ),
]
ERASE = parameter(
    "erase",
    "query",
    "Whether to delete the member's history too. Needs the permission members:erase.",
    type="boolean",
    default=False,
)
CREATED = response("The new member.", "Member", "Location", "ETag")


def adjust(schemas: Schema) -> None:
    """Adds to the models' schemas what the models do not say."""
    for model in ("NewMember", "MemberChanges", "UpsertedMember"):
        schemas[model]["properties"] |= {
            name: {"readOnly": True, "description": "Accepted and ignored."} for name in READ_ONLY
        }
    # The path contains both ids; the body may repeat them.
    required = {"required": ["first_name", "last_name", "phone_number"]}
    schemas["AccountMemberBody"] = schemas["NewMember"] | required


def paths() -> Schema:
    """Returns the operations on members."""
    found = response("A page of members.", "MemberPage", "Link?")
    create = operation(
        "createMember",
        "Add a member",
        {"201": CREATED},
        "409 413 415 422",
        parameters=[IDEMPOTENCY_KEY],
        requestBody=_body("NewMember"),
    )
    one: Schema = {"parameters": [parameter("member_id", "path", "The member's id.")]}
    of_account: Schema = {
        "parameters": [
            parameter("account_id", "path", ACCOUNT, **ID_SCHEMA),
            parameter("client_member_id", "path", CLIENT_MEMBER, **ID_SCHEMA),
        ]
    }
    return {
        "/members": {
            "get": list_operation(
                "findMembers", "Find members that match all filters", found, filters=FILTERS
            ),
            "post": create,
        },
        "/members/{member_id}": {
            **one,
            **_one("Member"),
            "put": _write("replaceMember", "Replace a member", "NewMember", "404 409 412 413 415 422"),
        },
        "/accounts/{account_id}/members/{client_member_id}": {
            **of_account,
            **_one("AccountMember"),
            "put": _put(),
        },
        **_past("Member", one, "/members/{member_id}"),
        **_past("AccountMember", of_account, "/accounts/{account_id}/members/{client_member_id}"),
    }


def _one(kind: str) -> Schema:
    """Returns the operations on one member that do not depend on the key in the path."""
    change = "Change fields of a member. A new account or client member id moves it and changes its id"
    deleted = {"204": response("Deleted. Its phone number and client member id are free.")}
    return {
        "get": get_operation(f"get{kind}", "Member"),
        "patch": _write(f"change{kind}", change, "MemberChanges", "404 409 412 413 415 422"),
        "delete": operation(
            f"delete{kind}", "Delete a member", deleted, "404 412", parameters=[ERASE, *PRECONDITIONS]
        ),
    }


def _past(kind: str, parameters: Schema, path: str) -> Schema:
    """Returns the operations on what a member was."""
    page = response("What happened to the member, newest first.", "MemberHistory", "Link?")
    history = list_operation(
        f"get{kind}History", "Get the history of a member, also of a deleted one", page, "404"
    )
    restore = operation(
        f"restore{kind}", "Add a deleted member again, as it was last", {"201": CREATED}, "404 409"
    )
    return {
        f"{path}/history": {**parameters, "get": history},
        f"{path}/restore": {**parameters, "post": restore},
    }


def _put() -> Schema:
    summary = "Create or replace the member with the ids in the path"
    put = _write("putAccountMember", summary, "AccountMemberBody", "409 412 413 415 422")
    put["responses"]["201"] = CREATED
    return put


def _write(name: str, summary: str, schema: str, errors: str) -> Schema:
    written = {"200": response("The member, with its Location if it moved.", "Member", "ETag", "Location?")}
    return operation(name, summary, written, errors, parameters=PRECONDITIONS, requestBody=_body(schema))


def _body(schema: str) -> Schema:
    return body(schema, JSON, FORM)
