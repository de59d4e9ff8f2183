"""Keys and stored forms of users, groups, tokens, sessions and attempts. No other module spells these keys."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, TypeVar

from chalicelib.dynamodb.items import Item

from .model import BUILT_IN, Group, Groups, Token, User

USERS, TOKENS, SESSIONS, GROUPS = "USERS", "TOKENS", "SESSIONS", "GROUPS"
# Each write of a user, group or token increments its revision. Groups that have no item of their own are in it.
REVISION_KEY: Item = {"pk": {"S": "ACCESS"}, "sk": {"S": "GROUPS"}}
SEPARATE_ATTRIBUTES = (
    "last_login",
    "last_used",
)  # attributes of their own, because each is written without the rest
Stored = TypeVar("Stored", "StoredUser", "StoredToken")


class StoredUser(User):
    """A user with its password hash.

    `credential_version` grows with each new password and when the user is disabled. Sessions of an older version
    are invalid.
    """

    kind: ClassVar[str] = "user"
    partition: ClassVar[str] = USERS

    password: str
    credential_version: int

    def without_secrets(self) -> User:
        """Returns the user as it is shown."""
        return User.model_validate(self.model_dump())


class StoredToken(Token):
    """A token with the digest of its secret."""

    kind: ClassVar[str] = "token"
    partition: ClassVar[str] = TOKENS

    secret: str

    def without_secrets(self) -> Token:
        """Returns the token as it is shown."""
        return Token.model_validate(self.model_dump())


class StoredSession(NamedTuple):
    """A session: the digest of its secret, and `credential_version` of its user when the session started.

    It ends at `ends_at` at the latest, and at `idle_at` if it is unused until then; both in seconds since the epoch.
    """

    secret: str
    credential_version: int
    ends_at: int
    idle_at: float


def item_key(partition: str, name: str) -> Item:
    """Returns the key of a user, group, token or session."""
    return {"pk": {"S": partition}, "sk": {"S": name}}


def attempts_key(place: str, period: int) -> Item:
    """Returns the key of the count of passwords in a period, of a network or of all: a partition for each place."""
    return {"pk": {"S": f"ATTEMPTS#{place}"}, "sk": {"S": str(period)}}


def stored_item(stored: StoredUser | StoredToken, **numbers: int) -> Item:
    """Returns the item of a user or token, with these numbers as attributes of their own.

    DynamoDB deletes it after `expires_at` (seconds since the epoch).
    """
    item = item_key(stored.partition, stored.name)
    item["record"] = {"S": stored.model_dump_json(exclude=set(SEPARATE_ATTRIBUTES))}
    item |= {name: {"N": str(number)} for name, number in numbers.items()}
    return item | {
        name: {"S": value} for name in SEPARATE_ATTRIBUTES if (value := getattr(stored, name, None))
    }


def stored_from_item(item: Mapping[str, Any], model: type[Stored]) -> Stored:
    """Returns the user or token in an item."""
    separate = {name: item[name]["S"] if name in item else None for name in SEPARATE_ATTRIBUTES}
    record = json.loads(item["record"]["S"])
    former = {"credential_version": record.get("epoch")}  # the field's name before 0.1.0
    return model.model_validate({**former, **separate, **record})


def secret_of(item: Mapping[str, Any]) -> str:
    """Returns the digest of the secret in an item of a token or session."""
    return str(item["secret"]["S"] if "secret" in item else json.loads(item["record"]["S"])["secret"])


def session_item(name: str, session: StoredSession) -> Item:
    """Returns the item of a session. DynamoDB deletes it after its end."""
    numbers = {**session._asdict(), "expires_at": session.ends_at}
    del numbers["secret"]
    item = item_key(SESSIONS, name) | {key: {"N": str(number)} for key, number in numbers.items()}
    return item | {"secret": {"S": session.secret}}


def session_from_item(item: Mapping[str, Any]) -> StoredSession:
    """Returns the session in an item."""
    # Before 0.1.0 the attribute was named epoch.
    version = item["credential_version"] if "credential_version" in item else item["epoch"]
    return StoredSession(
        item["secret"]["S"], int(version["N"]), int(item["ends_at"]["N"]), float(item["idle_at"]["N"])
    )


def group_item(group: Group) -> Item:
    """Returns the item of a group."""
    item = item_key(GROUPS, group.name)
    return item | {"record": {"S": group.model_dump_json()}, "version": {"N": str(group.version)}}


def group_from_item(item: Mapping[str, Any]) -> Group:
    """Returns the group in an item."""
    return Group.model_validate_json(item["record"]["S"])


def revision_item(shared: Groups) -> Item:
    """Returns the item of the next revision, with the groups that have no item of their own."""
    item = {**REVISION_KEY, "revision": {"N": str(shared.revision + 1)}}
    if shared.by_name:
        listed = [shared.by_name[name].model_dump() for name in sorted(shared.by_name)]
        item["groups"] = {"S": json.dumps(listed, ensure_ascii=False)}
    return item


def groups_from_revision(item: Mapping[str, Any] | None) -> Groups:
    """Returns the groups that have no item of their own: without any write yet the built-in ones.

    Earlier versions stored all groups in the item of the revision.
    """
    if item is None:
        return Groups(BUILT_IN, 0)
    listed = json.loads(item["groups"]["S"]) if "groups" in item else ()
    found = (Group.model_validate(group) for group in listed)
    return Groups({group.name: group for group in found}, int(item["revision"]["N"]))
