"""Reads and erases the history of members."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from chalicelib.dynamodb.table import Table
from chalicelib.errors import NotFound
from chalicelib.scope import UNLIMITED, Scope

from .history import Entry, Event, entry_of, events
from .items import from_item, history_key, member_key, origin_of
from .model import MemberKey, encode_parts, key_of, member_id
from .search import read_cursor

MISSING = "No member has this id."


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some of the events of a member, newest first, and the cursor of the next page; None on the last page."""

    events: list[Event]
    cursor: str | None


class MemberHistory:
    """The history of the members in one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def page(
        self, key: MemberKey, limit: int, cursor: str | None = None, scope: Scope = UNLIMITED
    ) -> HistoryPage:
        """Returns what happened to the members under a key, newest first. Strongly consistent.

        `limit` counts changes: the creation of a member and its restoration come beside them. What a member was in
        accounts outside the scope is left out. Raises NotFound if no member has or had this id, InvalidCursor.
        """
        start = read_cursor(cursor, "history", 1)
        item = None if start else self._table.get(member_key(*key))
        found = list(islice(self._entries(key, limit + 1, start[0] if start else None), limit + 1))
        if not found and not item:
            raise NotFound(MISSING, code="member_not_found")
        entries, older = found[:limit], found[limit] if len(found) > limit else None
        current = from_item(item) if item else None
        happened = events(current, origin_of(item) if item else None, entries, older, scope)
        return HistoryPage(list(happened), encode_parts("history", older.position) if older else None)

    def last(self, key: MemberKey) -> Entry | None:
        """Returns the last change of the members under a key, None if there is none. Strongly consistent."""
        return next(self._entries(key, 1), None)

    def entries(self, key: MemberKey) -> Iterator[Entry]:
        """Yields the changes of the members under a key, newest first: few are read at once. Strongly consistent."""
        return self._entries(key, 4)

    def was_deleted(self, key: MemberKey, by: str) -> bool:
        """Returns whether somebody, such as `import:<id>`, has deleted a member under a key."""
        return any(entry.after is None and entry.by == by for entry in self._entries(key))

    def not_found(self, key: MemberKey) -> NotFound:
        """Returns the error that no member has this id, with what became of the last one."""
        entry = self.last(key)
        facts = {}
        if entry and entry.after is None and not entry.restored:
            facts = {"deleted_at": entry.at}
        elif entry and entry.after and key_of(entry.after) != key:
            facts = {"moved_to": member_id(*key_of(entry.after))}
        return NotFound(MISSING, code="member_not_found", facts=facts)

    def erase(self, key: MemberKey) -> bool:
        """Deletes all entries of the members under a key, and of these members under ids that they had before.

        Returns whether there were any.
        """
        return self._erase(key, None, {key})

    def _erase(self, key: MemberKey, created: set[str] | None, seen: set[MemberKey]) -> bool:
        """Deletes the entries under a key of the members that were created at these times, None for all.

        Those under earlier ids go first: the later ones lead to them, should this end half-way and be repeated.
        """
        entries = [entry for entry in self._entries(key) if not created or entry.before.created_at in created]
        earlier: dict[MemberKey, set[str]] = {}
        for entry in entries:
            if key_of(entry.before) not in seen:
                earlier.setdefault(key_of(entry.before), set()).add(entry.before.created_at)
        for other, times in earlier.items():
            self._erase(other, times, seen | set(earlier))
        for entry in entries:
            self._table.delete(entry.item_key)
        return bool(entries)

    def _entries(self, key: MemberKey, size: int | None = None, start: str | None = None) -> Iterator[Entry]:
        """Yields the entries of a key, newest first, from a position if it is given."""
        low, high = history_key(*key, ""), history_key(*key, start or "~")  # positions start with a digit
        limit: dict[str, Any] = {"Limit": size} if size else {}
        items = self._table.query_all(
            KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues={
                ":pk": low["pk"],
                ":low": low["sk"],
                ":high": high["sk"],
            },
            ConsistentRead=True,
            ScanIndexForward=False,
            **limit,
        )
        return map(entry_of, items)
