"""Reads and writes that users, groups and tokens share.

All groups are one item, which a login reads together with its user. Each write of users, groups and tokens
increments the revision of that item in the same transaction. So a rule over all of them, such as "an active admin
remains", still holds when the write takes effect.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.retries import backoff
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionalWrite, ConditionsFailed, put_if, put_new
from chalicelib.errors import Busy, Conflict, FieldError, Invalid, NotFound

from .items import (
    GROUPS_KEY,
    Stored,
    StoredToken,
    StoredUser,
    groups_from_item,
    groups_item,
    item_key,
    stored_from_item,
)
from .model import Groups

MAX_GROUPS_BYTES = 300_000  # of all groups together; DynamoDB's limit of an item is 400 kB
NAME, VERSION = "name", "version"  # constraints: the name is new; the version is the one that was read
T = TypeVar("T")


class AccessStore:
    """The items of one deployment's users, groups and tokens."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def groups(self) -> Groups:
        """Returns all groups; before the first write, the built-in ones."""
        return groups_from_item(self._table.get(GROUPS_KEY))

    def get(self, model: type[Stored], name: str) -> Stored:
        """Returns one user or token. Raises NotFound."""
        item = self._table.get(item_key(model.partition, name))
        if item is None:
            raise not_found_error(model.kind)
        return stored_from_item(item, model)

    def page(self, model: type[Stored], limit: int, after: str) -> list[Stored]:
        """Returns at most `limit` users or tokens, sorted by name, from the first one after this name."""
        return list(islice(self.all(model, after, Limit=limit), limit))

    def all(self, model: type[Stored], after: str = "", **options: Any) -> Iterator[Stored]:
        """Yields all users or tokens after this name, sorted by name."""
        items = self._table.query_all(
            KeyConditionExpression="pk = :pk AND sk > :after",
            # DynamoDB refuses an empty key value; a space sorts before every name.
            ExpressionAttributeValues={":pk": {"S": model.partition}, ":after": {"S": after or " "}},
            ConsistentRead=True,
            **options,
        )
        return (stored_from_item(item, model) for item in items)

    def add(self, stored: StoredUser | StoredToken, item: Item) -> None:
        """Adds a user or token. Raises Conflict if its name exists, Invalid for an unknown group, Busy."""

        def decide(groups: Groups) -> tuple[list[ConditionalWrite], None]:
            require_known(stored.groups, groups)
            return [put_new(NAME, item), groups_write(groups)], None

        self.write(stored.kind, decide)

    def write(self, kind: str, decide: Callable[[Groups], tuple[list[ConditionalWrite], T]]) -> T:
        """Writes what `decide` returns for the current groups, and returns its result.

        Decides again after concurrent writes. Raises Conflict if the name of a new `kind` is taken, Busy.
        """
        for _ in backoff():
            writes, result = decide(self.groups())
            try:
                self._table.write(writes)
            except ConditionsFailed as error:
                if error.breaks(NAME):
                    raise name_taken_error(kind) from None
                continue
            return result
        raise Busy

    def require_admin(self, before: Groups, after: Groups, changed: StoredUser | None = None) -> None:
        """Raises Conflict if a change of groups or of one user leaves no active admin, but there is one now."""
        users = {user.name: user for user in self.all(StoredUser)}
        if not any(_is_admin(user, before) for user in users.values()):
            return
        users |= {changed.name: changed} if changed else {}
        if not any(_is_admin(user, after) for user in users.values()):
            detail = "This is the last active admin. Make another user an admin first."
            raise Conflict(detail, code="last_admin")


def groups_write(groups: Groups) -> ConditionalWrite:
    """Returns the write of these groups with the next revision. Raises Invalid if they exceed an item."""
    item = groups_item(groups)
    if len(item["groups"]["S"].encode()) > MAX_GROUPS_BYTES:
        detail = "accounts: All groups together are too large. Use fewer groups, or fewer accounts in each."
        raise Invalid([FieldError("#/accounts", "too_many_groups", detail)])
    if not groups.revision:
        return put_new(VERSION, item)
    return put_if(VERSION, item, {"revision": {"N": str(groups.revision)}})


def require_known(names: Iterable[str], groups: Groups) -> None:
    """Raises Invalid for the name of a group that does not exist."""
    if not groups.by_name.keys() >= set(names):
        detail = "groups: Unknown group. Use the names of existing groups."
        raise Invalid([FieldError("#/groups", "unknown_group", detail)])


def name_taken_error(kind: str) -> Conflict:
    """Returns the error for a new user, group or token whose name exists."""
    return Conflict(f"A {kind} of this name exists already. Choose another name.", code="name_taken")


def not_found_error(kind: str) -> NotFound:
    """Returns the error for a user, group or token that does not exist."""
    return NotFound(f"No {kind} has this name.", code=f"{kind}_not_found")


def _is_admin(user: StoredUser, groups: Groups) -> bool:
    return user.active and bool(groups.grants_of(user.groups).get("access:admin"))
