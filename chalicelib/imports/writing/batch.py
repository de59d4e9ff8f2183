"""Writes independent rows in transactions: rows whose writes fail are judged, the others written again."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.retries import MAX_ATTEMPTS
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionalWrite, ConditionsFailed
from chalicelib.errors import Busy
from chalicelib.imports.rows.member_row import MemberRow
from chalicelib.imports.rows.outcomes import DEFERRED, Outcome, applied_outcome, taken_outcome
from chalicelib.imports.rows.row_context import RowContext
from chalicelib.imports.rows.row_hashes import Dependencies
from chalicelib.members.history import record_restoration
from chalicelib.members.items import from_item, holder_of, member_key, member_key_of, origin_of
from chalicelib.members.model import (
    MemberKey,
    NewMember,
    changed_member,
    new_member,
    restored_member,
)
from chalicelib.members.writes import CLIENT_ID, PHONE, alteration, creation, creation_checks, deletion

from .deletions import MARK, mark_deletion, read_mark
from .row_rules import Wanted, rule_of
from .undo_rules import Restoration

MAX_WRITES = 100  # DynamoDB's limit for one transaction
PART = MAX_WRITES // 2  # rows of one transaction, if all of them are new: each takes two writes

SettledRow = tuple[MemberRow, Outcome]


class Change(NamedTuple):
    """A row, the writes that apply it, and the outcome it has then."""

    row: MemberRow
    outcome: Outcome
    writes: list[ConditionalWrite]


class BatchWriter:
    """Writes the batches of one import; threads may share it."""

    def __init__(self, table: Table, context: RowContext, dependencies: Dependencies) -> None:
        self._table = table
        self._context = context
        self._by = context.by
        self._dependencies = dependencies
        # A dry run judges rows by the same conditions, and writes nothing.
        self._write_all = table.check if context.dry_run else table.write
        self._rule = rule_of(table, context)

    def write(
        self,
        rows: Sequence[MemberRow],
        stored: Mapping[MemberKey, Item],
        deleted: Mapping[int, Outcome] = MappingProxyType({}),
    ) -> list[SettledRow]:
        """Writes until each row is written, judged or deferred, and returns all of them. Raises Busy.

        `stored` are the members as read before, `deleted` the outcomes of rows whose members were deleted, by line.
        """
        changes: list[Change] = []
        settled: list[SettledRow] = []
        for row in rows:
            earlier = deleted.get(row.line) or (DEFERRED if self._dependencies.shares(row) else None)
            _collect((row, earlier) if earlier else self._change(row, stored), settled, changes)
        for _ in range(len(rows) + MAX_ATTEMPTS):
            if not changes:
                return settled
            together, changes = _next_transaction(changes)
            for verdict in self._try(together):
                _collect(verdict, settled, changes)
        raise Busy

    def _try(self, changes: Sequence[Change]) -> list[SettledRow | Change]:
        """Writes one transaction; where it fails, returns what to write again and the rows that are judged."""
        try:
            self._write_all([write for change in changes for write in change.writes])
        except ConditionsFailed as error:
            stored = {failed.write.key: failed.stored_item for failed in error.failed_writes}
            return [self._judge(change, stored) for change in changes]
        return [(change.row, change.outcome) for change in changes]

    def _judge(self, change: Change, stored: Mapping[tuple[str, str], Item]) -> SettledRow | Change:
        """Returns the outcome of a row by the items that failed its writes, or the change to try next."""
        row = change.row
        failed = {w.constraint: stored[w.key] for w in change.writes if w.key in stored}
        if not failed:
            return change
        if MARK in failed:
            return row, read_mark(failed[MARK])[row.line]
        if list(failed) == [PHONE] and not row.deletes:
            return row, self._clash(failed[PHONE])
        # A failed claim does not show the member's change since it was read.
        if self._context.mode != "create":
            return self._change(row, self._read(row))
        return self._change(row, {row.key: failed[CLIENT_ID]} if CLIENT_ID in failed else {})

    def _clash(self, claim: Item) -> Outcome:
        """Returns the outcome of a row whose number has a holder: deferred if the import may change that."""
        may_change = self._context.sync or self._dependencies.names_member(member_key_of(claim))
        if self._context.rows_may_wait and may_change:
            return DEFERRED
        return taken_outcome(PHONE, holder_of(claim), self._context.import_id)

    def _read(self, row: MemberRow) -> dict[MemberKey, Item]:
        """Returns the existing members that a row is about."""
        items = ((key, self._table.get(member_key(*key))) for key in row.keys)
        return {key: item for key, item in items if item}

    def _change(self, row: MemberRow, stored: Mapping[MemberKey, Item]) -> Change | SettledRow:
        """Returns the writes that apply a row to the stored members, or the outcome without a write."""
        item = stored.get(row.key) if stored else None
        previous = stored.get(row.previous_key) if row.previous else None
        earlier = item and written_outcome(self._context.import_id, row, item)
        new = earlier or self._rule(row, item, previous)
        if isinstance(new, Outcome):
            return row, new
        item = item or previous
        if item is None or isinstance(new, Restoration):
            return Change(row, *self._created(row, new))
        return Change(row, *self._changed(row, item, new))

    def _changed(
        self, row: MemberRow, item: Item, new: NewMember | None
    ) -> tuple[Outcome, list[ConditionalWrite]]:
        """Returns the outcome of a row that makes the stored member `new`, None to delete it, and the writes."""
        old = from_item(item)
        outcome = applied_outcome(row, old)
        origin, days = self._origin(row, outcome), self._context.history_days
        if new is None:
            mark = mark_deletion(self._context.import_id, row, outcome)
            return outcome, [*deletion(item, self._by, origin, days), mark]
        return outcome, alteration(item, changed_member(old, new, self._by), origin or None, days)

    def _created(self, row: MemberRow, new: Wanted) -> tuple[Outcome, list[ConditionalWrite]]:
        """Returns the outcome of a row that adds a member, perhaps a deleted one again, and the writes.

        A dry run has read that the member is not there.
        """
        outcome = applied_outcome(row, None)
        if self._context.dry_run:
            return outcome, creation_checks(new.new if isinstance(new, Restoration) else row.member)
        origin = self._origin(row, outcome)
        if isinstance(new, Restoration):
            member = restored_member(new.old, self._by)
            return outcome, [*creation(member, origin), record_restoration(new.last, member, row.line)]
        return outcome, creation(new_member(row.member, self._by), origin)

    def _origin(self, row: MemberRow, outcome: Outcome) -> str:
        return self._context.origin(row.line, outcome.outcome, outcome.before)


def _collect(verdict: Change | SettledRow, settled: list[SettledRow], changes: list[Change]) -> None:
    if isinstance(verdict, Change):
        changes.append(verdict)
    else:
        settled.append(verdict)


def written_outcome(import_id: str, row: MemberRow, item: Item) -> Outcome | None:
    """Returns the outcome of a row whose member an earlier attempt has written as `item`, else None."""
    origin = origin_of(item)
    if origin and (origin.import_id, origin.line) == (import_id, row.line):
        return Outcome(origin.outcome, before=origin.before)
    return None


def read_members(table: Table, keys: Iterable[MemberKey]) -> dict[MemberKey, Item]:
    """Returns the members that exist under these keys, as items. Strongly consistent."""
    items = table.batch_get([member_key(*key) for key in dict.fromkeys(keys)])
    return {member_key_of(item): item for item in items}


def _next_transaction(changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """Returns (changes that fit in one transaction, the others).

    Independent rows may still need one item: the number that one of them frees and another asks for.
    """
    together: list[Change] = []
    others: list[Change] = []
    touched: set[tuple[str, str]] = set()
    for number, change in enumerate(changes):
        if len(touched) == MAX_WRITES:
            return together, [*others, *changes[number:]]
        keys = [write.key for write in change.writes]
        if len(touched) + len(keys) <= MAX_WRITES and touched.isdisjoint(keys):
            together.append(change)
            touched.update(keys)
        else:
            others.append(change)
    return together, others
