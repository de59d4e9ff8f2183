"""Users, groups and tokens: the bodies that callers send, the models that the API returns, and grants. Pure.

A group grants permissions for accounts. A user or token has each group's permissions for that group's accounts only:
an editor of account 1 who is a viewer of account 2 can write to account 1 only.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, NamedTuple, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from chalicelib.fields.text import Identifier, Timestamp
from chalicelib.preconditions import entity_tag

from .permissions import ALL_ACCOUNTS, Grants, Permission

MAX_ACCOUNTS = 100  # per group
MAX_GROUPS = 10  # per user or token
MAX_TOKEN_DAYS = 3650
MAX_NAME_LENGTH = 64
MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH = 12, 256  # characters
NAME_PATTERN = r"^[a-z0-9][a-z0-9._@+-]{0,63}$"


def _check_name(name: str) -> str:
    if not re.fullmatch(NAME_PATTERN, name):
        detail = (
            "Must have at most 64 lower-case letters, digits and . _ @ + -, and begin with a letter or digit."
        )
        raise PydanticCustomError("wrong_form", detail)
    return name


AccessName: TypeAlias = Annotated[
    str, AfterValidator(_check_name), Field(json_schema_extra={"pattern": NAME_PATTERN})
]


def _max_items(limit: int) -> list[object]:
    """Returns the annotations of a list that has at most `limit` items."""

    def check(items: list[str]) -> list[str]:
        if len(items) > limit:
            raise PydanticCustomError("too_many", f"Must have at most {limit} entries.")
        return items

    return [AfterValidator(check), Field(json_schema_extra={"maxItems": limit})]


def _one_account(account: str) -> str:
    if account == ALL_ACCOUNTS:
        raise PydanticCustomError("wrong_form", 'For every account send the text "*" in place of a list.')
    return account


GroupNames: TypeAlias = Annotated[list[AccessName], *_max_items(MAX_GROUPS)]
Accounts: TypeAlias = Annotated[
    Annotated[
        list[Annotated[Identifier, AfterValidator(_one_account)]], *_max_items(MAX_ACCOUNTS), Tag("some")
    ]
    | Annotated[Literal["*"], Tag("all")],
    Discriminator(lambda value: "all" if isinstance(value, str) else "some"),
]


def _check_password(text: str) -> str:
    if not MIN_PASSWORD_LENGTH <= len(text) <= MAX_PASSWORD_LENGTH:
        raise PydanticCustomError("password_length", "Must have 12 to 256 characters.")
    if not text.isprintable():
        # RFC 7617 allows no control characters in Basic credentials, and UTF-8 has no unpaired surrogates.
        raise PydanticCustomError("control_character", "Must have visible characters and spaces only.")
    return text


_PASSWORD_LENGTHS: Mapping[str, object] = {"minLength": MIN_PASSWORD_LENGTH, "maxLength": MAX_PASSWORD_LENGTH}
Password: TypeAlias = Annotated[
    str,
    AfterValidator(_check_password),
    Field(json_schema_extra={**_PASSWORD_LENGTHS, "format": "password"}),
]


def _integral(value: object) -> object:
    """Returns 57.0 as 57: JSON Schema counts it as an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class _Body(BaseModel, defer_build=True):
    """A body that a caller sends."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NewGroup(_Body):
    """A group to add: its permissions, and the accounts they apply to. `*` means all accounts."""

    name: AccessName
    permissions: list[Permission]
    accounts: Accounts


class GroupChanges(_Body):
    """Changes to a group. Absent fields keep their values."""

    permissions: list[Permission] = []
    accounts: Accounts = ALL_ACCOUNTS


class Group(BaseModel, defer_build=True):
    """A group as it is stored and shown; `version` counts the writes, from 1.

    `created_at` is None for the built-in groups, and for those stored before 0.1.0.
    """

    name: str
    permissions: list[Permission]
    accounts: list[str] | Literal["*"]
    created_at: Timestamp | None = None
    version: int = 1

    @property
    def etag(self) -> str:
        """The ETag of this state."""
        return entity_tag(self.version, self.created_at)


class Groups(NamedTuple):
    """Some groups by name. `revision` counts the writes of users, groups and tokens, 0 before the first."""

    by_name: Mapping[str, Group]
    revision: int

    def grants_of(self, names: Iterable[str]) -> Grants:
        """Returns the union of what these groups grant. Unknown names grant nothing."""
        granted: Grants = {}
        for group in (self.by_name[name] for name in names if name in self.by_name):
            for permission in group.permissions:
                before = granted.get(permission, [])
                if ALL_ACCOUNTS in (before, group.accounts):
                    granted[permission] = ALL_ACCOUNTS
                else:
                    granted[permission] = sorted({*before, *group.accounts})
        return granted


_BUILT_IN_PERMISSIONS: dict[str, list[Permission]] = {
    "admins": [
        *("members:read", "members:write", "members:erase", "members:export"),
        *("imports:read", "imports:write", "imports:approve", "access:admin"),
    ],
    "editors": ["members:read", "members:write", "imports:read", "imports:write"],
    "viewers": ["members:read", "imports:read"],
}
BUILT_IN = {
    name: Group.model_construct(name=name, permissions=permissions, accounts=ALL_ACCOUNTS)
    for name, permissions in _BUILT_IN_PERMISSIONS.items()
}


class NewUser(_Body):
    """A user to add."""

    name: AccessName
    password: Password
    groups: GroupNames = []
    active: bool = True


class UserChanges(_Body):
    """Changes to a user. Absent fields keep their values."""

    password: Password = ""
    groups: GroupNames = []
    active: bool = True


class OwnChanges(_Body):
    """Changes that users make to themselves."""

    password: Password


class User(BaseModel, defer_build=True):
    """A user, without its password. Times are ISO 8601 in UTC; `last_login` is accurate to one minute."""

    name: str
    groups: list[str]
    active: bool
    created_at: Timestamp
    last_login: Timestamp | None
    version: int

    @property
    def etag(self) -> str:
        """The ETag of this state; a login does not change it."""
        return entity_tag(self.version, self.created_at)


class NewToken(_Body):
    """A token to add, for a machine. It expires after `days`."""

    name: AccessName
    groups: GroupNames
    days: Annotated[int, Field(ge=1, le=MAX_TOKEN_DAYS), BeforeValidator(_integral)] = 365


class Token(BaseModel, defer_build=True):
    """A token, without its text. Times are ISO 8601 in UTC; `last_used` is accurate to ten minutes."""

    name: str
    groups: list[str]
    created_at: Timestamp
    created_by: str | None
    expires_at: Timestamp
    last_used: Timestamp | None
