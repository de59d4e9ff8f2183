"""Settles the rows of one import that share members or phone numbers, in time proportional to their number. Pure.

The meaning:

1. Of two rows about one member, and of two rows that ask for one phone number, the earlier is settled first.
2. A row whose number is held by another member waits while rows of the same file about that member are unsettled.
3. Rows that wait for each other in a ring are applied together. If nothing else can be settled, the earliest waiting
   row is rejected.

The order in which rows are settled beyond that makes no difference. So a row is judged again only when its answer may
have changed: when it becomes the first about its member and its number, when its number changes hands, and when its
holder has no more rows.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from chalicelib.members.items import from_item, holder_of, phone_key_of, to_claim, to_item
from chalicelib.members.model import (
    Member,
    MemberKey,
    NewMember,
    Origin,
    PhoneKey,
    changed_member,
    new_member,
)
from chalicelib.members.writes import PHONE

from .known_items import KnownItems, Read
from .model import RowContext
from .net_effect import MAX_WRITES, Batch
from .outcomes import Outcome, desired_member, taken_outcome
from .row_queues import QueuedRow, RowQueues

READ_AHEAD = 400  # rows whose items are read together
# Rows of a ring that are applied in one batch, with one more member: each changes two items.
RING_PART = MAX_WRITES // 2 - 1


class Settlement:
    """The unsettled rows, and what is known of the items they depend on."""

    def __init__(
        self, texts: Iterable[bytes], context: RowContext, read: Read, *, written: bool = True
    ) -> None:
        self._queues = RowQueues(texts)
        self._context = context
        self._items = KnownItems(read)
        self._written = written
        self._ready = deque(self._queues.first_rows())  # rows to judge
        self._waiting: list[tuple[int, QueuedRow]] = []  # a heap by line; settled rows stay in it
        self._unchecked: deque[QueuedRow] = deque()  # waiting rows that may close a ring
        self._batch = Batch()

    def batches(self) -> Iterator[Batch]:
        """Yields batches, each to be written before the next is made, until every row is settled.

        A batch that cannot be written is marked as failed: its rows are judged again.
        """
        while True:
            if self._ready:
                if not self._batch.has_room_for_row():
                    yield from self._finish_batch()
                self._judge(self._ready.popleft())
            elif ring := self._find_ring():
                yield from self._settle_ring(ring)
            elif row := self._earliest_waiting():
                self._settle(row, self._taken(row))
            elif self._batch.settled:
                yield from self._finish_batch()
            else:
                return

    def _finish_batch(self) -> Iterator[Batch]:
        batch, self._batch = self._batch, Batch()
        yield batch
        if batch.failed:
            self._undo(batch)
        elif self._written:
            self._forget_settled(batch)

    def _judge(self, queued: QueuedRow) -> None:
        """Settles a row, or leaves it waiting for the holder of its number."""
        if not self._queues.is_first(queued):
            return None
        self._load(queued)
        new = desired_member(queued.row(), self._items.member(queued.key), self._context)
        if isinstance(new, Outcome):
            return self._settle(queued, new)
        holder = self._items.holder(queued.phone) if queued.phone else None
        if holder in (None, queued.key):
            return self._apply(queued, new)
        if self._context.mode == "upsert" and self._queues.of_member(holder):
            heapq.heappush(self._waiting, (queued.line, queued))
            self._unchecked.append(queued)
            return None
        return self._settle(queued, self._taken(queued))

    def _apply(self, queued: QueuedRow, new: NewMember) -> None:
        """Settles a row by writing its member."""
        outcome = Outcome("updated" if self._items.member(queued.key) else "created")
        freed = self._write(queued.key, new, self._origin(queued, outcome))
        self._settle(queued, outcome)
        if freed:
            self._wake(freed)

    def _origin(self, queued: QueuedRow, outcome: Outcome) -> str:
        import_id, _, arrived_at = self._context
        return str(Origin(import_id, queued.line, outcome.outcome, arrived_at))

    def _write(self, key: MemberKey, new: NewMember, origin: str) -> PhoneKey | None:
        """Adds a member's change to the batch. Returns the number that it frees."""
        by = self._context.by
        item = self._items.member(key)
        old = from_item(item) if item else None
        member = changed_member(old, new, by) if old else new_member(new, by)
        self._change_member(key, member, origin)
        before, after = (phone_key_of(item) if item else None), PhoneKey(new.account_id, new.phone_number)
        if before == after:
            return None
        self._change_claim(after, member, origin)
        if before is None or old is None:
            return None
        self._items.expect_claim(before, to_claim(old))
        if self._items.holder(before) != key:  # in a ring, the row before has taken it
            return None
        self._change_claim(before, None, "")
        return before

    def _change_member(self, key: MemberKey, member: Member, origin: str) -> None:
        item = to_item(member, origin)
        self._batch.change_member(key, self._items.member(key), item)
        self._items.put_member(key, item)

    def _change_claim(self, phone: PhoneKey, member: Member | None, origin: str) -> None:
        claim = to_claim(member, origin) if member else None
        self._batch.change_claim(phone, self._items.claim(phone), claim)
        self._items.put_claim(phone, claim)

    def _settle(self, queued: QueuedRow, outcome: Outcome) -> None:
        """Gives a row its outcome; the rows behind it are judged next, and those that waited for its member."""
        self._batch.settled.append((queued, outcome))
        self._ready.extend(self._queues.remove(queued))
        if not self._queues.of_member(queued.key) and (item := self._items.member(queued.key)):
            self._wake(phone_key_of(item))

    def _wake(self, phone: PhoneKey) -> None:
        """Has the row judged that waits for a number."""
        if row := self._queues.of_phone(phone):
            self._ready.append(row)

    def _taken(self, queued: QueuedRow) -> Outcome:
        """Returns the outcome of a row whose number another member holds."""
        claim = self._items.claim(queued.row().phone)
        return taken_outcome(PHONE, holder_of(claim or {}), self._context.import_id)

    def _load(self, queued: QueuedRow) -> None:
        """Reads the items of a row, and with them those of the rows to judge next."""
        if not self._items.knows(queued):
            rows = [queued, *islice(self._ready, READ_AHEAD)]
            self._items.load([row.key for row in rows], [row.phone for row in rows if row.phone])

    def _find_ring(self) -> list[QueuedRow]:
        """Returns rows that wait for each other, each for the member of the next one; [] if there are none."""
        seen: set[QueuedRow] = set()
        while self._unchecked:
            path: dict[QueuedRow, None] = {}
            row: QueuedRow | None = self._unchecked[0]
            while row and row not in seen:
                seen.add(row)
                path[row] = None
                row = self._waits_for(row)
            if row and row in path:
                rows = list(path)
                return rows[rows.index(row) :]
            self._unchecked.popleft()
        return []

    def _waits_for(self, queued: QueuedRow) -> QueuedRow | None:
        """Returns the row that may take another number from the holder of this row's number."""
        if queued.phone is None or not self._queues.is_first(queued):
            return None
        holder = self._items.holder(queued.phone)
        row = self._queues.of_member(holder) if holder else None
        return row if row and self._queues.is_first(row) else None

    def _settle_ring(self, ring: list[QueuedRow]) -> Iterator[Batch]:
        """Applies the rows of a ring, in one batch if it has room.

        A larger ring gets smaller by each batch: its first rows get their numbers, and the member of the next row
        holds the number that became free until the rest of the ring is applied.
        """
        while True:
            if not self._batch.has_room_for_ring(len(ring[:RING_PART])):
                batch = self._batch
                yield from self._finish_batch()
                if batch.failed:
                    return
            part, ring = (ring, []) if len(ring) <= RING_PART else (ring[:RING_PART], ring[RING_PART:])
            freed = self._stored(part[0].key).phone_number
            for queued in part:
                self._apply(queued, queued.row().with_stored(self._stored(queued.key)))
            if not ring:
                return
            self._lend(ring[0].key, freed)

    def _stored(self, key: MemberKey) -> Member:
        return from_item(self._items.member(key) or {})

    def _lend(self, key: MemberKey, phone_number: str) -> None:
        """Gives a member of a ring another number until its own row is applied."""
        item = self._items.member(key) or {}
        fields: dict[str, Any] = from_item(item).writable() | {"phone_number": phone_number}
        held = NewMember.model_construct(**fields)
        self._write(key, held, item.get("origin", {}).get("S", ""))

    def _earliest_waiting(self) -> QueuedRow | None:
        while self._waiting:
            row = self._waiting[0][1]
            if self._queues.is_first(row):
                return row
            heapq.heappop(self._waiting)
        return None

    def _undo(self, batch: Batch) -> None:
        """Makes the rows of a batch unsettled again, and forgets the items that another writer may have changed."""
        for queued, _ in reversed(batch.settled):
            self._queues.restore(queued)
        members, phones = batch.member_keys(), batch.phones()
        self._items.forget(members, phones)
        heads = [*map(self._queues.of_member, members), *map(self._queues.of_phone, phones)]
        self._ready.extend(dict.fromkeys(row for row in heads if row))

    def _forget_settled(self, batch: Batch) -> None:
        """Forgets the items of a written batch that no unsettled row needs."""
        members = [key for key in batch.member_keys() if not self._queues.of_member(key)]
        phones = [phone for phone in batch.phones() if not self._queues.of_phone(phone)]
        self._items.forget(members, phones)
