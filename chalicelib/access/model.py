"""Users, groups and tokens, and what each may do. Pure: no AWS, no Chalice.

A group grants permissions for accounts. Users and tokens have what their groups grant, pair by pair: an editor of
account 1 who is a viewer of account 2 writes to account 1 alone.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from chalicelib.fields.text import Identifier, Moment
from chalicelib.preconditions import entity_tag

from .permissions import ALL_ACCOUNTS, Permission

MAX_ACCOUNTS = 100  # of a group
MAX_GROUPS = 10  # of a user or a token
LONGEST_LIFE = 3650  # days of a token
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256  # characters
Handle: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._@+-]{0,63}$")]


def _at_most(most: int) -> list[object]:
    """The rules of a list of so many entries."""

    def check(entries: list[str]) -> list[str]:
        if len(entries) > most:
            raise PydanticCustomError("too_many", f"This has more than {most} entries.")
        return entries

    return [AfterValidator(check), Field(json_schema_extra={"maxItems": most})]


Groups: TypeAlias = Annotated[list[Handle], *_at_most(MAX_GROUPS)]
Accounts: TypeAlias = Annotated[
    Annotated[list[Identifier], *_at_most(MAX_ACCOUNTS), Tag("some")] | Annotated[Literal["*"], Tag("every")],
    Discriminator(lambda given: "every" if isinstance(given, str) else "some"),
]


def _password(text: str) -> str:
    if not SHORTEST_PASSWORD <= len(text) <= LONGEST_PASSWORD:
        raise PydanticCustomError("password_length", "A password has 12 to 256 characters.")
    return text


Password: TypeAlias = Annotated[
    str,
    AfterValidator(_password),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": SHORTEST_PASSWORD,
            "maxLength": LONGEST_PASSWORD,
            "format": "password",
        }
    ),
]


class _Body(BaseModel):
    """What a caller sends."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NewGroup(_Body):
    """What a group grants: permissions, and the accounts that they are for, `*` for all."""

    name: Handle
    permissions: list[Permission]
    accounts: Accounts


class GroupChanges(_Body):
    """What of a group is to change."""

    permissions: list[Permission] = []
    accounts: Accounts = ALL_ACCOUNTS


class Group(BaseModel):
    """A group as it is stored and shown; `version` counts the writes, from 1.

    `created_at` is None for the built-in groups, and for those stored before it was recorded.
    """

    name: str
    permissions: list[Permission]
    accounts: list[str] | Literal["*"]
    created_at: Moment | None = None
    version: int = 1

    @property
    def etag(self) -> str:
        """The ETag of this state."""
        return entity_tag(self.version, self.created_at)


class NewUser(_Body):
    """A user to be."""

    name: Handle
    password: Password
    groups: Groups = []
    active: bool = True


class UserChanges(_Body):
    """What of a user is to change."""

    password: Password = ""
    groups: Groups = []
    active: bool = True


class User(BaseModel):
    """A user as it is shown: never its password. Times are ISO 8601 in UTC, `last_login` to the minute."""

    name: str
    groups: list[str]
    active: bool
    created_at: Moment
    last_login: Moment | None
    version: int

    @property
    def etag(self) -> str:
        """The ETag of this state; a login does not change it."""
        return entity_tag(self.version, self.created_at)


def _whole(value: object) -> object:
    """57.0 is an integer too, as JSON Schema sees it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class OwnChanges(_Body):
    """What users may change of themselves."""

    password: Password


class NewToken(_Body):
    """A token for a machine."""

    name: Handle
    groups: Groups
    days: Annotated[int, Field(ge=1, le=LONGEST_LIFE), BeforeValidator(_whole)] = 365


class Token(BaseModel):
    """A machine's token as it is shown: its text only once, when it is made. `last_used` is to ten minutes."""

    name: str
    groups: list[str]
    created_at: Moment
    created_by: str | None
    expires_at: Moment
    last_used: Moment | None
