"""Writes one batch of rows: a transaction, whose failed rows are judged and whose others are written again.

The rows of a batch share no member and no phone number.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.retries import MAX_ATTEMPTS
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionalWrite, ConditionsFailed
from chalicelib.errors import Busy
from chalicelib.members.items import from_item, holder_of, member_key, origin_of
from chalicelib.members.model import Member, MemberKey, Origin, changed_member, new_member
from chalicelib.members.writes import CLIENT_ID, PHONE, alteration, creation

from .model import Mode
from .outcomes import MemberRow, Outcome, existing_member_outcome, missing_field_outcome, taken_outcome

MAX_WRITES = 100  # DynamoDB's limit for one transaction
BATCH_SIZE = MAX_WRITES // 2  # rows; a new member takes two writes


class Change(NamedTuple):
    """A row, the writes that apply it, and the outcome it has then."""

    row: MemberRow
    outcome: str
    writes: list[ConditionalWrite]


class SettledRow(NamedTuple):
    """A row, its outcome, and the item that explains it: the member as written, or the holder of the value.

    The item is {} where no write was tried, and for written members without `with_items`.
    """

    row: MemberRow
    outcome: Outcome
    item: Item


class MemberSpace:
    """Where an import creates members: among all members. A dry run has a space of its own (dry_run.py)."""

    def key(self, row: MemberRow) -> Item:
        """Returns the key under which the row's member is created."""
        return member_key(*row.key)

    def creation(self, member: Member, origin: Origin) -> list[ConditionalWrite]:
        """Returns the writes that create a member."""
        return creation(member, str(origin))


class BatchWriter:
    """Writes the batches of one import; threads may share it."""

    def __init__(self, table: Table, import_id: str, mode: Mode, space: MemberSpace) -> None:
        self._table = table
        self._import_id = import_id
        self._by = f"import:{import_id}"
        self._mode = mode
        self._space = space

    def write(
        self, rows: Sequence[MemberRow], stored: Mapping[MemberKey, Item], *, with_items: bool
    ) -> list[SettledRow]:
        """Writes until each row is written or judged, and returns all of them. Raises Busy.

        `stored` are the members as read before. `with_items` returns written members too, which takes CPU time.
        """
        settled: list[SettledRow] = []
        together, waiting = list[Change](), list[Change]()
        for row in rows:
            change = self._change(row, stored.get(row.key) if stored else None)
            if isinstance(change, Change):
                together.append(change)
            else:
                settled.append(SettledRow(row, change, {}))
        if sum(len(change.writes) for change in together) > MAX_WRITES:
            together, waiting = _next_transaction(together)
        for _ in range(len(rows) + MAX_ATTEMPTS):
            if not together:
                return settled
            verdicts = self._try(together, with_items=with_items)
            settled += [verdict for verdict in verdicts if isinstance(verdict, SettledRow)]
            again = [verdict for verdict in verdicts if isinstance(verdict, Change)]
            together, waiting = _next_transaction(again + waiting)
        raise Busy

    def _try(self, changes: Sequence[Change], *, with_items: bool) -> list[SettledRow | Change]:
        """Writes one transaction; where it fails, returns what to write again and the rows that are judged."""
        try:
            self._table.write([write for change in changes for write in change.writes])
        except ConditionsFailed as error:
            stored = {failed.write.key: failed.stored_item for failed in error.failed_writes}
            return [self._judge(change, stored) for change in changes]
        return [
            SettledRow(c.row, Outcome(c.outcome), c.writes[0].body["Item"] if with_items else {})
            for c in changes
        ]

    def _judge(self, change: Change, stored: Mapping[tuple[str, str], Item]) -> SettledRow | Change:
        """Returns the outcome of a row by the items that failed its writes, or the change to try next."""
        row = change.row
        failed = {w.constraint: stored[w.key] for w in change.writes if w.key in stored}
        if not failed:
            return change
        if list(failed) == [PHONE]:
            holder = failed[PHONE]
            return SettledRow(row, taken_outcome(PHONE, holder_of(holder), self._import_id), holder)
        item = failed.get(CLIENT_ID)
        if self._mode == "upsert":  # a failed claim does not show the change of the member since it was read
            item = self._table.get(member_key(*row.key))
        verdict = self._change(row, item)
        return verdict if isinstance(verdict, Change) else SettledRow(row, verdict, item or {})

    def _change(self, row: MemberRow, item: Item | None) -> Change | Outcome:
        """Returns the writes that apply a row to the member stored as `item`, or the outcome without a write."""
        if item is None:
            if row.missing_field:
                return missing_field_outcome(row)
            origin = Origin(self._import_id, row.line, "created")
            return Change(row, "created", self._space.creation(new_member(row.member, self._by), origin))
        earlier = written_outcome(self._import_id, row, item)
        if earlier:
            return earlier
        if self._mode != "upsert":
            return existing_member_outcome(row, item, self._import_id)
        old = from_item(item)
        new = row.with_stored(old)
        if old.has_values_of(new):
            return Outcome("unchanged")
        origin = Origin(self._import_id, row.line, "updated")
        return Change(row, "updated", alteration(item, changed_member(old, new, self._by), str(origin)))


def written_outcome(import_id: str, row: MemberRow, item: Item) -> Outcome | None:
    """Returns the outcome of a row whose member an earlier attempt has written as `item`, else None."""
    origin = origin_of(item)
    if origin and (origin.import_id, origin.line) == (import_id, row.line):
        return Outcome(origin.outcome)
    return None


def _next_transaction(changes: Iterable[Change]) -> tuple[list[Change], list[Change]]:
    """Returns (changes that fit in one transaction, the others).

    Rows of a batch share nothing at first. A member that another writer has changed since may need more writes, and
    items that another row of the batch needs.
    """
    together: list[Change] = []
    others: list[Change] = []
    touched: set[tuple[str, str]] = set()
    for change in changes:
        keys = {write.key for write in change.writes}
        if touched & keys or len(touched) + len(keys) > MAX_WRITES:
            others.append(change)
        else:
            together.append(change)
            touched |= keys
    return together, others
