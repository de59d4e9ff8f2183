"""The history of access: who changed which user, group or token, when, and from what to what. Pure.

Passwords and secrets are not in it.
"""

import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from chalicelib.clock import now
from chalicelib.dynamodb.items import Item, key_of

if TYPE_CHECKING:
    from pydantic import BaseModel

PARTITION = "ACCESS_HISTORY"
OPERATOR = "operator"  # who changes access with AWS credentials
SHOWN = ("groups", "active", "permissions", "accounts", "created_by", "expires_at")
Action = Literal["created", "changed", "deleted"]


class Change(NamedTuple):
    """A change of a user, group or token: what it was before and is after, None if it did not or does not exist."""

    kind: str
    name: str
    before: "BaseModel | None"
    after: "BaseModel | None"

    @property
    def action(self) -> Action:
        """What was done."""
        if self.before is None:
            return "created"
        return "changed" if self.after else "deleted"

    @property
    def fields(self) -> dict[str, dict[str, Any]]:
        """The fields that differ, with their values `from` and `to`; of a new password that there is one."""
        old, new = (one.model_dump() if one else {} for one in (self.before, self.after))
        found = {
            name: {"from": old.get(name), "to": new.get(name)}
            for name in SHOWN
            if old.get(name) != new.get(name)
        }
        if self.action == "changed" and old.get("password") != new.get("password"):
            found["password"] = {"from": None, "to": None}
        return found


class AccessEvent(NamedTuple):
    """A change of a user, group or token, as it is shown. `changes` has the value `from` and `to` of each field."""

    id: str
    at: str  # ISO 8601
    by: str
    action: Action
    kind: str
    name: str
    changes: dict[str, dict[str, Any]]


def event_item(change: Change, by: str) -> Item:
    """Returns the item of a change that is made now. Ids sort by time."""
    event = {
        "by": by,
        "action": change.action,
        "kind": change.kind,
        "name": change.name,
        "changes": change.fields,
    }
    at = now()
    return {**event_key(f"{at}-{secrets.token_hex(4)}"), "at": {"S": at}, "record": {"S": json.dumps(event)}}


def event_key(event_id: str) -> Item:
    """Returns the key of a change."""
    return key_of(PARTITION, event_id)


def event_from_item(item: Mapping[str, Any]) -> AccessEvent:
    """Returns the change in an item."""
    return AccessEvent(id=item["sk"]["S"], at=item["at"]["S"], **json.loads(item["record"]["S"]))
