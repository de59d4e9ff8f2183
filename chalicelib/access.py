"""Users, groups and tokens, and what each may do. Pure: no AWS, no Chalice.

A group grants permissions for accounts. Users and tokens have what their groups grant, pair by pair: an editor of
account 1 who is a viewer of account 2 writes to account 1 alone.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, NamedTuple, TypeAlias

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

from .errors import Forbidden
from .members import Identifier, Moment, entity_tag

Permission = Literal["members:read", "members:write", "imports:read", "imports:write", "access:admin"]
Need = Permission | Literal["signed in", "public"]
SIGNED_IN: Need = "signed in"  # what a route may need besides a permission
PUBLIC: Need = "public"

EVERY: Literal["*"] = "*"
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
    accounts: Accounts = EVERY


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


class Scope(NamedTuple):
    """The accounts that a caller may name in what it is about to do; None is all of them."""

    accounts: frozenset[str] | None = None

    def includes(self, account_id: str) -> bool:
        """Whether this is one of them."""
        return self.accounts is None or account_id in self.accounts

    def require(self, account_id: str) -> None:
        """Raises Forbidden for any other account, whether it has members or not."""
        if not self.includes(account_id):
            raise Forbidden("You have no access to this account.", code="account_forbidden")

    def covers(self, accounts: Iterable[str] | None) -> bool:
        """Whether all of these are among them; None is all accounts there are."""
        return self.accounts is None or (accounts is not None and self.accounts.issuperset(accounts))


class Caller(BaseModel):
    """Who makes a request, and what it was granted: accounts by permission.

    `session` is the id of the session that it is in, `epoch` that of the password it came with.
    """

    kind: Literal["user", "token"]
    name: str
    grants: dict[Permission, list[str] | Literal["*"]]
    session: str | None = None
    epoch: int = 0

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    def require_password(self) -> None:
        """Raises Forbidden for a token or a session: this is for who sends a name and a password along."""
        if self.kind != "user" or self.session:
            raise Forbidden("This needs your name and password.", code="password_needed")

    def scope(self, need: Need) -> Scope:
        """The accounts for which the caller may do this. Raises Forbidden where there is none."""
        if need in (SIGNED_IN, PUBLIC):
            return Scope()
        accounts = next((found for permission, found in self.grants.items() if permission == need), None)
        if not accounts:
            raise Forbidden(f"This needs the permission {need}.")
        return Scope(None if accounts == EVERY else frozenset(accounts))


def grants_of(
    groups: Iterable[str], known: Mapping[str, Group]
) -> dict[Permission, list[str] | Literal["*"]]:
    """The accounts by permission that these groups grant together."""
    granted: dict[Permission, list[str] | Literal["*"]] = {}
    for group in (known[name] for name in groups if name in known):
        for permission in group.permissions:
            before = granted.get(permission, [])
            if EVERY in (before, group.accounts):
                granted[permission] = EVERY
            else:
                granted[permission] = sorted({*before, *group.accounts})
    return granted


BUILT_IN = {
    group.name: group
    for group in (
        Group(
            name="admins",
            permissions=["members:read", "members:write", "imports:read", "imports:write", "access:admin"],
            accounts=EVERY,
        ),
        Group(
            name="editors",
            permissions=["members:read", "members:write", "imports:read", "imports:write"],
            accounts=EVERY,
        ),
        Group(name="viewers", permissions=["members:read", "imports:read"], accounts=EVERY),
    )
}
