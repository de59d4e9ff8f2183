"""The part of the OpenAPI document about many members in one request."""

from typing import Any

from chalicelib.imports.records.batch_request import NewBatch, UpsertedMember

from .parts import IDEMPOTENCY_KEY, Schema, body, list_schema, object_schema, operation, reference, response

MODELS: list[Any] = [(NewBatch, "validation"), (UpsertedMember, "validation")]
_STATUS: Schema = {
    "type": "integer",
    "description": "The status of a request for this member alone: 201 created, 200 updated or unchanged.",
}
_OUTCOME: Schema = {"type": "string", "enum": ["created", "updated", "unchanged"]}
SCHEMAS: Schema = {
    "BatchItem": {
        "description": "What became of one member: the member as it is now, or the problem why it was not written.",
        **object_schema(
            *("outcome", "member", "problem"),
            status=_STATUS,
            outcome=_OUTCOME,
            member=reference("Member"),
            problem=reference("Problem"),
        ),
    },
    "BatchItems": {
        "description": "What became of each member, in order.",
        **object_schema(items=list_schema(reference("BatchItem"))),
    },
}


def adjust(schemas: Schema) -> None:
    """Adds the schema of the members, of which each is validated by itself."""
    schemas["NewBatch"]["properties"]["members"]["items"] = reference("UpsertedMember")


def paths() -> Schema:
    """Returns the operation on many members."""
    written = response("What became of each member, in order.", "BatchItems", "Retry-After?")
    description = (
        "Up to 500 members, each by itself: a bad one does not affect its neighbours. `create` needs all fields of "
        "each; in an `upsert`, one that is not sent keeps its value. The same batch sent again changes nothing."
    )
    post = operation(
        "writeMembers",
        "Add or change many members",
        description,
        {"200": written},
        "409 413 415 422",
        parameters=[IDEMPOTENCY_KEY],
        requestBody=body("NewBatch"),
    )
    return {"/members/batch": {"post": post}}
