"""The part of the OpenAPI document about members."""

from typing import Any, get_args

from chalicelib.fields.text import ID_SCHEMA, TEXT_SCHEMA
from chalicelib.members.history import Action
from chalicelib.members.model import READ_ONLY, Member, MemberChanges, NewMember

from .parts import (
    IDEMPOTENCY_KEY,
    MOMENT,
    NULLABLE,
    PRECONDITIONS,
    TEXT,
    Schema,
    form_body,
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
_LINE = {"type": "integer", "description": "Missing where a sync removed a member that no row is about."}
SCHEMAS: Schema = {
    "MemberPage": page("Member"),
    "FieldChange": {
        "description": "The value of a field before and after; null stands for no value.",
        **object_schema(**{"from": NULLABLE, "to": NULLABLE}),
    },
    "ImportLine": {
        "description": "The import, and the line of its file, that made a change.",
        **object_schema("line", id=TEXT, line=_LINE),
    },
    "MemberEvent": {
        "description": "What happened to a member: who changed it, when, and from what to what.",
        **object_schema(
            "import",
            "moved_to",
            "moved_from",
            action={"type": "string", "enum": list(get_args(Action))},
            version={"type": "integer", "description": "The member's version after it."},
            at=MOMENT,
            by=NULLABLE | {"description": "Such as user:ann, token:sync or import:<id>."},
            **{"import": reference("ImportLine")},
            moved_to=TEXT | {"description": "The member's id after a move."},
            moved_from=TEXT | {"description": "The member's id before a move."},
            changes={
                "type": "object",
                "description": "The changed fields. Empty where a member's first values are not known any more.",
                "additionalProperties": reference("FieldChange"),
            },
        ),
    },
    "MemberHistory": page("MemberEvent"),
}
ACCOUNT = "The account's id."
CLIENT_MEMBER = "The client member id: the account's own id of the member."
READ = "The account is read for it: members come in no order; a page may be short or empty and still have a next one."
FILTERS = [
    parameter("id", "query", "The member's id.", format="member-id"),
    parameter("account_id", "query", ACCOUNT, **ID_SCHEMA),
    parameter("client_member_id", "query", CLIENT_MEMBER, **ID_SCHEMA),
    parameter("phone_number", "query", "The phone number in any common format.", format="phone"),
    parameter(
        "phone_ends_with",
        "query",
        f"The last digits of the phone number. Requires account_id. {READ}",
        type="string",
        pattern="^[0-9]{3,15}$",
    ),
    parameter(
        "last_name",
        "query",
        "A prefix of the last name, whatever its case and accents. Requires account_id.",
        **TEXT_SCHEMA,
    ),
    parameter(
        "name",
        "query",
        "A name as people write it: `Mouse`, `Ralph Mouse` or `Mouse, Ralph`, where each part may be the start of a "
        "name, whatever its case and accents. Requires account_id. A page may be short or empty and still have a "
        "next one.",
        **TEXT_SCHEMA,
    ),
    parameter(
        "modified_since",
        "query",
        f"The earliest time of the last write. Requires account_id. {READ}",
        format="date-time",
    ),
    parameter(
        "order",
        "query",
        "The order by name: `desc` from Z to A. Requires account_id; not with name, phone_ends_with or "
        "modified_since.",
        type="string",
        enum=["asc", "desc"],
        default="asc",
    ),
]
ERASE = parameter(
    "erase",
    "query",
    "Whether to delete the member's history too. Needs the permission members:erase.",
    type="boolean",
    default=False,
)
BY = {"Member": "", "AccountMember": " by client member id"}  # in the summaries
CREATED = response("The new member.", "Member", "Location", "ETag")
UNIQUE = (
    "Within an account each phone number and each client member id belongs to one member: where another one has it, "
    "the answer is 409, and `errors` names that member."
)


def adjust(schemas: Schema) -> None:
    """Adds to the models' schemas what the models do not say, and the schemas made of them."""
    shown = {"id": TEXT | {"description": "Changes with the account id and the client member id."}}
    shown |= schemas["Member"]["properties"]
    schemas["Member"] |= {
        "properties": shown,
        "required": list(shown),
    }  # a model that computes its id does not say so
    ignored = {
        name: {**shown[name], "readOnly": True, "description": "Accepted and ignored."} for name in READ_ONLY
    }
    for model in ("NewMember", "MemberChanges", "UpsertedMember"):
        schemas[model]["properties"] |= ignored
    schemas["AccountMember"] = schemas["NewMember"] | {
        "description": "A member without the ids, which the path contains. The body may repeat them.",
        "required": ["first_name", "last_name", "phone_number"],
    }


def paths() -> Schema:
    """Returns the operations on members."""
    one: Schema = {"parameters": [parameter("member_id", "path", "The member's id.")]}
    of_account: Schema = {
        "parameters": [
            parameter("account_id", "path", ACCOUNT, **ID_SCHEMA),
            parameter("client_member_id", "path", CLIENT_MEMBER, **ID_SCHEMA),
        ]
    }
    by_id, by_account = "/members/{member_id}", "/accounts/{account_id}/members/{client_member_id}"
    return {
        "/members": {"get": _find(), "post": _create()},
        by_id: {**one, **_one("Member"), "put": _replace()},
        by_account: {**of_account, **_one("AccountMember"), "put": _put()},
        **_past("Member", one, by_id),
        **_past("AccountMember", of_account, by_account),
    }


def _find() -> Schema:
    found = response("A page of members.", "MemberPage", "Link?")
    description = (
        "Members that match all filters. Those of an account come in name order; searches by id, client member id or "
        "phone number are strongly consistent."
    )
    return list_operation("findMembers", "Find members", description, found, filters=FILTERS)


def _create() -> Schema:
    description = f"{UNIQUE} Phone numbers are accepted in any common format."
    return operation(
        "createMember",
        "Add a member",
        description,
        {"201": CREATED},
        "409 413 415 422",
        parameters=[IDEMPOTENCY_KEY],
        requestBody=form_body("NewMember"),
    )


def _replace() -> Schema:
    description = f"Replaces all fields. A new account or client member id moves the member. {UNIQUE}"
    return _write("replaceMember", "Replace a member", description, "NewMember", "404 409 412 413 415 422")


def _put() -> Schema:
    description = f"The member with the ids in the path. A repeated request changes nothing. {UNIQUE}"
    put = _write(
        "putAccountMember",
        "Create or replace a member",
        description,
        "AccountMember",
        "409 412 413 415 422",
    )
    put["responses"]["201"] = CREATED
    return put


def _one(kind: str) -> Schema:
    """Returns the operations on one member that do not depend on the key in the path."""
    by = BY[kind]
    change = (
        "Changes the fields that are sent. A new account or client member id moves the member and changes its id. "
        f"{UNIQUE}"
    )
    deleted = {"204": response("Deleted. Its phone number and client member id are free.")}
    delete = "Its history is kept, and it can be restored, unless `erase` is true."
    return {
        "get": get_operation(f"get{kind}", "Member", by),
        "patch": _write(
            f"change{kind}", f"Change a member{by}", change, "MemberChanges", "404 409 412 413 415 422"
        ),
        "delete": operation(
            f"delete{kind}",
            f"Delete a member{by}",
            delete,
            deleted,
            "404 412",
            parameters=[ERASE, *PRECONDITIONS],
        ),
    }


def _past(kind: str, parameters: Schema, path: str) -> Schema:
    """Returns the operations on what a member was."""
    events = response("What happened to the member, newest first.", "MemberHistory", "Link?")
    description = "What happened to a member, newest first; also to one that was deleted."
    history = list_operation(
        f"get{kind}History", f"Get the history of a member{BY[kind]}", description, events, "404"
    )
    restored = "As it was last. 409 if another member has its phone number or its id now."
    restore = operation(
        f"restore{kind}", f"Restore a deleted member{BY[kind]}", restored, {"201": CREATED}, "404 409"
    )
    return {
        f"{path}/history": {**parameters, "get": history},
        f"{path}/restore": {**parameters, "post": restore},
    }


def _write(name: str, summary: str, description: str, schema: str, errors: str) -> Schema:
    written = {"200": response("The member, with its Location if it moved.", "Member", "ETag", "Location?")}
    return operation(
        name, summary, description, written, errors, parameters=PRECONDITIONS, requestBody=form_body(schema)
    )
