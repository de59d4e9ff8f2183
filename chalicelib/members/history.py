"""What members were before each change, as items and as events. Pure.

An entry is written in the transaction that changes a member, so none is missing or late. A create writes none: the
member itself says who created it, and when. The entry of a deletion is what `restore` reads.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import orjson

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.writes import ConditionalWrite, put_new, update_if
from chalicelib.scope import UNLIMITED, Scope

from .items import history_key, origin_of, parse_history_key, parse_origin
from .model import Member, MemberKey, NewMember, Origin, key_of, member_id

VERSION = "version"  # the constraint of an entry: after a failed one the member is read again
HISTORY_DAYS = 400  # for which entries are kept by default
Action = Literal["created", "updated", "moved", "deleted", "restored"]
FIELDS = tuple(NewMember.model_fields)


@dataclass(frozen=True, slots=True)
class Entry:
    """A change of the member under `key`, from `before` to `after`; None where it was deleted.

    A move has two entries: under the old key and under the new one. `origin` is the row that made the change,
    `before_origin` the one that wrote the member before. `order` is that of changes made together. `restored` is the
    member that was restored under the key after this change, `restored_line` the line of the import that did it, 0 if
    no import did.
    """

    key: MemberKey
    at: str
    by: str | None
    origin: Origin | None
    before: Member
    after: Member | None
    before_origin: Origin | None = None
    restored: Member | None = None
    restored_line: int = 0
    order: int = 0

    @property
    def position(self) -> str:
        """The end of its sort key: entries are in the order of time, those made together in theirs."""
        return f"{self.at}#{self.order:04}#{self.before.version:010}"

    @property
    def item_key(self) -> Item:
        """The key of its item."""
        return history_key(*self.key, self.position)


class Cause(NamedTuple):
    """Who makes a change, when, and by which row (its Origin as text, "" without one).

    Entries expire after `days` days. `order` is the place among changes that are written together: a file may delete
    a member, add it and delete it again.
    """

    by: str | None
    at: str
    origin: str = ""
    days: int = HISTORY_DAYS
    order: int = 0


def record(
    old: Member, new: Member | None, cause: Cause, old_origin: Origin | None
) -> list[ConditionalWrite]:
    """Returns the writes that record a change of a member, see `new_entries`."""
    return [record_entry(entry, cause.days) for entry in new_entries(old, new, cause, old_origin)]


def new_entries(old: Member, new: Member | None, cause: Cause, old_origin: Origin | None) -> list[Entry]:
    """Returns the entries of a change of a member; `new` is None for a deletion.

    `old_origin` is the row that wrote the member before.
    """
    keys = [key_of(old)] if new is None or key_of(old) == key_of(new) else [key_of(old), key_of(new)]
    change = Entry(keys[0], cause.at, cause.by, parse_origin(cause.origin), old, new, old_origin)
    # Two members may exchange their ids: each leaves the old one before the other gets it.
    return [replace(change, key=key, order=2 * cause.order + i) for i, key in enumerate(keys)]


def record_entry(entry: Entry, days: int) -> ConditionalWrite:
    """Returns the write of a new entry."""
    return put_new(VERSION, _to_item(entry, days))


def record_restoration(entry: Entry, member: Member, line: int = 0) -> ConditionalWrite:
    """Returns the write that adds to the last entry of a key that a member was restored: once for each entry.

    `line` is that of the import that restores it.
    """
    values: Item = {":restored": {"S": _dump(member)}}
    update = "SET restored = :restored"
    if line:
        update += ", restored_line = :line"
        values[":line"] = {"N": str(line)}
    return update_if(
        VERSION,
        entry.item_key,
        UpdateExpression=update,
        ConditionExpression="attribute_exists(pk) AND attribute_not_exists(restored)",
        ExpressionAttributeValues=values,
    )


def _to_item(entry: Entry, days: int) -> Item:
    item: Item = {
        **entry.item_key,
        "before": {"S": _dump(entry.before)},
        "expires_at": {"N": str(_expiry(entry.at, days))},
    }
    if entry.after:
        item["after"] = {"S": _dump(entry.after)}
    if entry.by:
        item["changed_by"] = {"S": entry.by}
    if entry.origin:
        item["origin"] = {"S": _short(entry.origin)}
    if entry.before_origin:
        item["before_origin"] = {"S": _short(entry.before_origin)}
    if entry.restored:
        item["restored"] = {"S": _dump(entry.restored)}
    if entry.restored_line:
        item["restored_line"] = {"N": str(entry.restored_line)}
    return item


def entry_of(item: Mapping[str, Any]) -> Entry:
    """Returns the entry in an item."""
    key, position = parse_history_key(item)
    at, order, _ = position.split("#")
    return Entry(
        key=key,
        at=at,
        order=int(order),
        by=item["changed_by"]["S"] if "changed_by" in item else None,
        origin=origin_of(item),
        before=_load(item["before"]["S"]),
        after=_load(item["after"]["S"]) if "after" in item else None,
        before_origin=parse_origin(item["before_origin"]["S"]) if "before_origin" in item else None,
        restored=_load(item["restored"]["S"]) if "restored" in item else None,
        restored_line=int(item["restored_line"]["N"]) if "restored_line" in item else 0,
    )


def _dump(member: Member) -> str:
    return orjson.dumps({name: value for name, value in vars(member).items() if value is not None}).decode()


def _short(origin: Origin) -> str:
    """Returns an origin without the values that its row has replaced: the entry has them."""
    return str(origin._replace(before=()))


def _load(text: str) -> Member:
    return Member(**orjson.loads(text))


def _expiry(at: str, days: int) -> int:
    """Returns the time (seconds since the epoch) so many days after a time."""
    return int((datetime.fromisoformat(at) + timedelta(days=days)).timestamp())


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a member: `changes` are (old, new) by field; `moved_to` and `moved_from` are member ids."""

    action: Action
    version: int
    at: str
    by: str | None
    origin: Origin | None
    changes: dict[str, tuple[str | None, str | None]]
    moved_to: str | None = None
    moved_from: str | None = None

    def model_dump(self) -> dict[str, Any]:
        """Returns it as JSON shows it."""
        body: dict[str, Any] = {"action": self.action, "version": self.version, "at": self.at, "by": self.by}
        if self.origin:
            line = (
                {"line": self.origin.line} if self.origin.line else {}
            )  # a sync removes members without a row
            body["import"] = {"id": self.origin.import_id, **line}
        moves = {"moved_to": self.moved_to, "moved_from": self.moved_from}
        body |= {name: value for name, value in moves.items() if value}
        return body | {
            "changes": {name: {"from": old, "to": new} for name, (old, new) in self.changes.items()}
        }


def events(
    current: Member | None,
    origin: Origin | None,
    entries: Sequence[Entry],
    older: Entry | None,
    scope: Scope = UNLIMITED,
) -> Iterator[Event]:
    """Yields what happened to a member, newest first, by its entries, newest first.

    `current` is the member as it is stored, if it is on this page, and `origin` the row that wrote it. `older` is the
    entry after these, None if there is none. What the member was in accounts outside the scope is left out.
    """
    if current and not _continues(current, entries[0] if entries else older):
        yield _creation(current, origin)
    for entry, previous in zip(entries, [*entries, older][1:], strict=True):
        yield from _events_of(entry, scope)
        if not _continues(entry.before, previous) and scope.includes(entry.before.account_id):
            yield _creation(entry.before, entry.before_origin)


def _continues(member: Member, entry: Entry | None) -> bool:
    """Returns whether an entry made a member what it is; else the member was created after it.

    An import may create several members in one millisecond, under one id too: the later one has the lower version.
    """
    return entry is not None and any(
        made.created_at == member.created_at and made.version <= member.version
        for made in (entry.after, entry.restored)
        if made
    )


def _events_of(entry: Entry, scope: Scope) -> Iterator[Event]:
    if entry.restored:
        member = entry.restored
        changes, at = _changes(None, member), member.last_modified
        yield Event(
            "restored",
            member.version,
            at,
            member.modified_by,
            _restorer(member, entry.restored_line),
            changes,
        )
    before, after = entry.before, entry.after
    changes = _changes(before, after)
    if after is None:
        yield Event("deleted", before.version + 1, entry.at, entry.by, entry.origin, changes)
    elif key_of(before) == key_of(after):
        yield Event("updated", after.version, entry.at, entry.by, entry.origin, changes)
    else:
        yield _move(entry, after, scope)


def _move(entry: Entry, after: Member, scope: Scope) -> Event:
    """Returns a move as it is seen from one of its ends: without the other end if that is outside the scope."""
    before = entry.before
    left = entry.key == key_of(before)
    there = after if left else before
    if scope.includes(there.account_id):
        name, changes = member_id(*key_of(there)), _changes(before, after)
    else:
        name, changes = None, _changes(before, None) if left else _changes(None, after)
    ends = (name, None) if left else (None, name)
    return Event("moved", after.version, entry.at, entry.by, entry.origin, changes, *ends)


def _restorer(member: Member, line: int) -> Origin | None:
    """Returns the row that restored a member, None if a caller of the API did."""
    return Origin((member.modified_by or "").removeprefix("import:"), line, "created") if line else None


def _creation(member: Member, origin: Origin | None) -> Event:
    """Returns the creation of a member. Its values are known only if it was not changed after that, or not yet."""
    changes = _changes(None, member) if member.version == 1 else {}
    return Event(
        "created", 1, member.created_at, member.created_by, origin if member.version == 1 else None, changes
    )


def _changes(before: Member | None, after: Member | None) -> dict[str, tuple[str | None, str | None]]:
    pairs = {name: (getattr(before, name, None), getattr(after, name, None)) for name in FIELDS}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
