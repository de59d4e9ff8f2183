"""How users, tokens and groups lie in the table. No key of theirs is spelled anywhere else."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from chalicelib.dynamodb.items import Item

from .grants import BUILT_IN
from .model import Group, Token, User

USERS, TOKENS = "USERS", "TOKENS"
GROUPS_KEY: Item = {"pk": {"S": "ACCESS"}, "sk": {"S": "GROUPS"}}
Stored = TypeVar("Stored", "StoredUser", "StoredToken")


class StoredUser(User):
    """A user with what a login needs. A session ends with the `epoch` that it began in.

    That moves on with each new password, and when the user is disabled.
    """

    password: str
    epoch: int


class StoredToken(Token):
    """A token with the digest of its secret."""

    secret: str


class Groups(NamedTuple):
    """All groups by name, and the revision of users and groups that was read, 0 before the first write."""

    by_name: Mapping[str, Group]
    revision: int


def entry_key(kind: str, name: str) -> Item:
    """The key of a user or a token."""
    return {"pk": {"S": kind}, "sk": {"S": name}}


def user_item(user: StoredUser) -> Item:
    """A user as an item."""
    return _entry(USERS, user, beside={"last_login"})


def token_item(token: StoredToken, expires_at: int) -> Item:
    """A token as an item, which the table clears away after `expires_at` (seconds of the epoch)."""
    return _entry(TOKENS, token, beside={"last_used"}) | {"expires_at": {"N": str(expires_at)}}


def _entry(kind: str, entry: Any, beside: set[str]) -> Item:
    """An entry as an item, with an attribute for each field that is written without the others."""
    item: Item = {
        **entry_key(kind, entry.name),
        "record": {"S": entry.model_dump_json(exclude=beside)},
        "version": {"N": str(getattr(entry, "version", 1))},
    }
    return item | {name: {"S": value} for name in beside if (value := getattr(entry, name))}


def entry_in(item: Mapping[str, Any], model: type[Stored]) -> Stored:
    """The user or token in an item."""
    beside = {name: item.get(name, {}).get("S") for name in ("last_login", "last_used")}
    record = {**beside, **json.loads(item["record"]["S"])}
    return model.model_validate({k: v for k, v in record.items() if k in model.model_fields})


def groups_in(item: Mapping[str, Any] | None) -> Groups:
    """The groups in their item."""
    if item is None:
        return Groups(BUILT_IN, 0)
    found = (Group.model_validate(one) for one in json.loads(item["groups"]["S"]))
    return Groups({group.name: group for group in found}, int(item["revision"]["N"]))


def groups_item(groups: Groups) -> Item:
    """The item of all groups, as of the next revision."""
    text = json.dumps(
        [groups.by_name[name].model_dump() for name in sorted(groups.by_name)], ensure_ascii=False
    )
    return {**GROUPS_KEY, "groups": {"S": text}, "revision": {"N": str(groups.revision + 1)}}
