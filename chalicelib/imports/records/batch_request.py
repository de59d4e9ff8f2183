"""The body of a request that writes many members."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from chalicelib.fields.text import Identifier
from chalicelib.members.model import MemberChanges

BatchMode = Literal["create", "upsert"]
MAX_MEMBERS = 500


def _check_size(members: list[Any]) -> list[Any]:
    if not 1 <= len(members) <= MAX_MEMBERS:
        raise PydanticCustomError("out_of_range", f"Must have 1 to {MAX_MEMBERS} members.")
    return members


class NewBatch(BaseModel, defer_build=True):
    """The members to write, of which each is validated by itself. `upsert` changes those that exist."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: BatchMode = "create"
    members: Annotated[
        list[Any],
        AfterValidator(_check_size),
        Field(json_schema_extra={"minItems": 1, "maxItems": MAX_MEMBERS}),
    ]


class UpsertedMember(MemberChanges):
    """A member to add or to change. A field that is not sent keeps its value; a new member needs all fields."""

    account_id: Identifier
    client_member_id: Identifier
