"""Reads and writes that users, groups and tokens share.

Each write of a user, group or token increments one revision in the same transaction. So a rule over several of them,
such as "an active admin remains", still holds when the write takes effect.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.retries import backoff
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionalWrite, ConditionsFailed, put_if, put_new
from chalicelib.errors import Busy, Conflict, FieldError, Invalid, NotFound

from .history import PARTITION as HISTORY
from .history import AccessEvent, Change, event_from_item, event_item
from .items import (
    GROUPS,
    REVISION_KEY,
    Stored,
    StoredToken,
    StoredUser,
    group_from_item,
    group_item,
    groups_from_revision,
    item_key,
    revision_item,
    stored_from_item,
)
from .model import Group, Groups

MOVED_GROUPS = 90  # in one transaction, which takes 100 writes
NAME, VERSION = "name", "version"  # constraints: the name is new; the version is the one that was read


class AccessStore:
    """The items of one deployment's users, groups and tokens."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def groups(self, names: Iterable[str]) -> dict[str, Group]:
        """Returns those of these groups that exist, by name."""
        wanted = set(names)
        found = self._own_groups(wanted)
        if missing := wanted - found.keys():
            shared = self._shared_groups().by_name
            found |= {name: shared[name] for name in missing & shared.keys()}
        if missing := wanted - found.keys():
            found |= self._own_groups(missing)  # another process may have moved them between the two reads
        return found

    def group_page(self, limit: int, after: str) -> list[Group]:
        """Returns at most `limit` groups, sorted by name, from the first one after this name."""
        shared = (
            self._shared_groups().by_name
        )  # before the others, or one that is moved meanwhile would be missed
        own = map(group_from_item, islice(self._query(GROUPS, after, Limit=limit), limit))
        found = {**shared, **{group.name: group for group in own}}
        return [found[name] for name in sorted(found) if name > after][:limit]

    def _own_groups(self, names: Iterable[str]) -> dict[str, Group]:
        items = self._table.batch_get([item_key(GROUPS, name) for name in names])
        return {group.name: group for group in map(group_from_item, items)}

    def _shared_groups(self) -> Groups:
        """Returns the groups that have no item of their own, and the revision."""
        return groups_from_revision(self._table.get(REVISION_KEY))

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
        return (stored_from_item(item, model) for item in self._query(model.partition, after, **options))

    def _query(self, partition: str, after: str, **options: Any) -> Iterator[Item]:
        """Yields the items of a partition after this name, sorted by name."""
        return self._table.query_all(
            KeyConditionExpression="pk = :pk AND sk > :after",
            # DynamoDB refuses an empty key value; a space sorts before every name.
            ExpressionAttributeValues={":pk": {"S": partition}, ":after": {"S": after or " "}},
            ConsistentRead=True,
            **options,
        )

    def history(self, limit: int, before: str | None) -> list[AccessEvent]:
        """Returns at most `limit` changes, the newest first, those older than the change `before`."""
        page = self._table.query(
            KeyConditionExpression="pk = :pk AND sk < :before",
            ExpressionAttributeValues={
                ":pk": {"S": HISTORY},
                ":before": {"S": before or "~"},
            },
            ScanIndexForward=False,
            Limit=limit,
            ConsistentRead=True,
        )
        return [event_from_item(item) for item in page["Items"]]

    def add(self, stored: StoredUser | StoredToken, item: Item, by: str) -> None:
        """Adds a user or token. Raises Conflict if its name exists, Invalid for an unknown group, Busy."""

        def decide() -> tuple[ConditionalWrite, Change]:
            self.require_known(stored.groups)
            return put_new(NAME, item), Change(stored.kind, stored.name, None, stored)

        self.write(decide, by)

    def write(self, decide: Callable[[], tuple[ConditionalWrite, Change]], by: str) -> Change:
        """Writes what `decide` returns, notes in the history who did it, and returns the change.

        What `decide` has read is still so when it is written; it decides again after concurrent writes. Raises
        Conflict if the name is taken, Busy.
        """
        for _ in backoff():
            revision = self._next_revision()
            write, change = decide()
            try:
                self._table.write([write, revision, put_new(VERSION, event_item(change, by))])
            except ConditionsFailed as error:
                if error.breaks(NAME):
                    raise name_taken_error(change.kind) from None
                continue
            return change
        raise Busy

    def _next_revision(self) -> ConditionalWrite:
        """Returns the write of the next revision. Gives each group an item of its own first."""
        while (shared := self._shared_groups()).by_name:
            names = sorted(shared.by_name)
            moved, rest = names[:MOVED_GROUPS], names[MOVED_GROUPS:]
            puts = [put_new(VERSION, group_item(shared.by_name[name])) for name in moved]
            left = shared._replace(by_name={name: shared.by_name[name] for name in rest})
            try:
                self._table.write([*puts, _revision_write(left)])
            except ConditionsFailed:
                continue  # another process moves them
        return _revision_write(shared)

    def require_known(self, names: Iterable[str]) -> None:
        """Raises Invalid for the name of a group that does not exist."""
        if not self.groups(names).keys() >= set(names):
            detail = "groups: Unknown group. Use the names of existing groups."
            raise Invalid([FieldError("#/groups", "unknown_group", detail)])

    def require_admin_beside(self, old: StoredUser, new: StoredUser) -> None:
        """Raises Conflict if this change of a user, who is the last active admin, leaves none."""
        groups = self.groups({*old.groups, *new.groups})
        if _is_admin(old, groups) and not _is_admin(new, groups):
            self._require_admin({}, new)

    def require_admin_without(self, old: Group, new: Group | None) -> None:
        """Raises Conflict if this change of a group, from which the active admins have that right, leaves none."""
        if _makes_admins(old) and not (new and _makes_admins(new)):
            self._require_admin({old.name: new})

    def _require_admin(self, changed: Mapping[str, Group | None], user: StoredUser | None = None) -> None:
        """Raises Conflict if a change of groups or of one user leaves no active admin, but there is one now."""
        users = {user.name: user for user in self.all(StoredUser)}
        groups = self.groups(name for user in users.values() for name in user.groups)
        if not any(_is_admin(user, groups) for user in users.values()):
            return
        users |= {user.name: user} if user else {}
        if not any(_is_admin(user, {**groups, **changed}) for user in users.values()):
            detail = "This is the last active admin. Make another user an admin first."
            raise Conflict(detail, code="last_admin")


def _revision_write(shared: Groups) -> ConditionalWrite:
    item = revision_item(shared)
    if not shared.revision:
        return put_new(VERSION, item)
    return put_if(VERSION, item, {"revision": {"N": str(shared.revision)}})


def name_taken_error(kind: str) -> Conflict:
    """Returns the error for a new user, group or token whose name exists."""
    return Conflict(f"A {kind} of this name exists already. Choose another name.", code="name_taken")


def not_found_error(kind: str) -> NotFound:
    """Returns the error for a user, group or token that does not exist."""
    return NotFound(f"No {kind} has this name.", code=f"{kind}_not_found")


def _makes_admins(group: Group) -> bool:
    return "access:admin" in group.permissions and bool(group.accounts)


def _is_admin(user: StoredUser, groups: Mapping[str, Group | None]) -> bool:
    found = (groups.get(name) for name in user.groups)
    return user.active and any(group is not None and _makes_admins(group) for group in found)
