"""Settles the rows of one import that share members or phone numbers, in time proportional to their number. Pure.

The meaning (a row with a previous client member id is about two members: the one to move, and that of its new id):

1. Of two rows about one member, and of two rows that ask for one phone number, the earlier is settled first.
2. A row whose number is held by another member waits while rows of the same file about that member are unsettled. A
   row whose new id is taken waits if the next row that changes that member moves it away; that row then goes first.
3. Rows that wait for each other in a ring are applied together. If nothing else can be settled, the earliest waiting
   row is rejected.

The order beyond that makes no difference. So a row is judged again only when its answer may have changed: when it is
the first about its members and its number, when that changes hands, and when its holder has no more rows.
"""

import heapq
from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from chalicelib.imports.rows.outcomes import Outcome, applied_outcome, taken_outcome
from chalicelib.imports.rows.row_context import RowContext
from chalicelib.members.items import holder_of, origin_of, phone_key_of
from chalicelib.members.model import Member, MemberKey, NewMember, PhoneKey
from chalicelib.members.writes import CLIENT_ID, PHONE

from .known_items import KnownItems, Read
from .member_changes import JointChanges, MemberChange
from .net_effect import MAX_BATCH_WRITES, Batch
from .own_numbers import OwnNumbers
from .row_queues import QueuedMove, QueuedRow, RowQueues, moves
from .row_rules import RowRule, Wanted

READ_AHEAD = 400  # rows whose items are read together
# Rows of a ring that are applied in one batch: each has two items and a record; one more gets a temporary number.
RING_PART = (MAX_BATCH_WRITES - 2) // 3


class Settlement:
    """The unsettled rows, and what is known of the items they depend on. Rows that ask for `held` numbers stay."""

    def __init__(
        self,
        texts: Iterable[bytes],
        context: RowContext,
        read: Read,
        rule: RowRule,
        held: Container[PhoneKey] = (),
        *,
        written: bool = True,
        own_numbers: Mapping[MemberKey, str] | None = None,
    ) -> None:
        self._queues = RowQueues(texts)
        self._context = context
        self._items, self._rule = KnownItems(read), rule
        self._written, self._held, self._leaves_rows = written, held, False
        self._ready = deque(self._queues.first_rows())  # rows to judge
        self._waiting: list[tuple[int, QueuedRow]] = []  # a heap by line; settled rows stay in it
        self._unchecked: deque[QueuedRow] = deque()  # waiting rows that may close a ring
        self._batch, self._own_numbers = Batch(), OwnNumbers(own_numbers or {})

    def batches(self) -> Iterator[Batch]:
        """Yields batches, each to be written before the next is made, until every row is settled or left.

        A batch that cannot be written is marked as failed: its rows are judged again.
        """
        while True:
            if self._ready:
                if not self._batch.has_room_for_row():
                    yield from self._finish_batch()
                self._judge(self._ready.popleft())
            elif ring := self._find_ring():
                yield from self._settle_ring(ring)
            elif not self._leaves_rows and (row := self._earliest_waiting()):
                self._settle(row, self._taken(row))
            elif self._batch.settled:
                yield from self._finish_batch()
            else:
                return

    def _finish_batch(self) -> Iterator[Batch]:
        batch, self._batch = self._batch, Batch()
        batch.own_numbers = self._own_numbers.all()
        yield batch
        self._own_numbers.end_batch(batch.own_numbers, failed=batch.failed)
        if batch.failed:
            self._undo(batch)
        elif self._written:
            self._forget_settled(batch)

    def _judge(self, queued: QueuedRow) -> None:
        """Settles a row, or leaves it waiting for its new id or for the holder of its number."""
        if not self._can_be_judged(queued):
            return None
        new = self._wanted(queued)
        if isinstance(new, Outcome):
            return self._settle(queued, new)
        holder = self._items.holder(queued.phone) if queued.phone else None
        if holder in (None, self._stored_key(queued)):
            return self._apply([queued], JointChanges(self._changes([queued], [new]), self._items))
        if self._context.rows_may_wait and self._queues.has_rows_about(holder):
            return self._wait(queued)
        self._leaves_rows |= (left := queued.phone in self._held)
        return None if left else self._settle(queued, self._taken(queued))

    def _can_be_judged(self, queued: QueuedRow) -> bool:
        if not self._queues.is_first(queued):
            return False
        self._load(queued)
        return not (isinstance(queued, QueuedMove) and self._is_held_back(queued))

    def _is_held_back(self, move: QueuedMove) -> bool:
        """Returns whether a move waits for its new id, or comes after an earlier row about that id."""
        taken = self._items.has_member(move.key) and self._items.has_member(move.new_key)
        other = self._queues.of_member(move.new_key)
        gives_way = taken and other and self._queues.gives_way(other, move)
        move.waits_for_id = bool(gives_way and not self._stays(move))
        if move.waits_for_id:
            self._wait(move)
            if other and other.line > move.line:
                self._ready.append(other)
        return move.waits_for_id or self._queues.earlier(move) is not None

    def _stays(self, move: QueuedMove) -> bool:
        """Returns whether a member would not move even if its new id were free: others have changed it."""
        return isinstance(self._rule(move.row(), None, self._items.member(move.key)), Outcome)

    def _wait(self, queued: QueuedRow) -> None:
        heapq.heappush(self._waiting, (queued.line, queued))
        self._unchecked.append(queued)

    def _wanted(self, queued: QueuedRow) -> Wanted | Outcome:
        """Returns what a row asks for, or its outcome if nothing is to be written: see RowRule."""
        item = self._items.member(queued.new_key or queued.key)
        previous = self._items.member(queued.key) if queued.new_key else None
        return self._rule(queued.row(), item, previous)

    def _stored_key(self, queued: QueuedRow) -> MemberKey:
        """Returns the key of the member that a row changes: its new one if a move was made before."""
        if queued.new_key and not self._items.has_member(queued.key):
            return queued.new_key
        return queued.key

    def _changes(self, rows: Sequence[QueuedRow], members: Iterable[Wanted]) -> list[MemberChange]:
        """Returns the changes that make rows' members, None for those to delete."""
        return [
            MemberChange(
                key,
                new,
                self._context.origin(queued.line, outcome),
                self._old(key),
                origin_of(self._items.member(key) or {}),
            )
            for queued, new in zip(rows, members, strict=True)
            if (key := self._stored_key(queued))
            and (outcome := "updated" if self._items.has_member(key) else "created")
        ]

    def _apply(self, rows: Sequence[QueuedRow], changes: JointChanges) -> None:
        """Settles rows by their changes, all of which are made at once; the last one may have no row."""
        pairs = zip(rows, changes.changes, strict=False)
        outcomes = [applied_outcome(queued.row(), change.old) for queued, change in pairs]
        for queued in rows:
            self._own_numbers.drop(self._stored_key(queued))
        freed = changes.apply(self._batch, self._context)
        for queued, outcome in zip(rows, outcomes, strict=True):
            self._settle(queued, outcome)
        for phone in freed:
            self._wake(phone)

    def _old(self, key: MemberKey) -> Member | None:
        """Returns the member under a key, with its own number where it holds another one for a while."""
        return self._own_numbers.of(key, self._items.stored(key)) if self._items.has_member(key) else None

    def _settle(self, queued: QueuedRow, outcome: Outcome) -> None:
        """Gives a row its outcome; the rows behind it are judged next, and those that waited for its member."""
        self._batch.settled.append((queued, outcome))
        self._ready.extend(self._queues.remove(queued))
        for key in queued.members:
            if not self._queues.has_rows_about(key) and (item := self._items.member(key)):
                self._wake(phone_key_of(item))

    def _wake(self, phone: PhoneKey) -> None:
        """Has the row judged that waits for a number."""
        if row := self._queues.of_phone(phone):
            self._ready.append(row)

    def _taken(self, queued: QueuedRow) -> Outcome:
        """Returns the outcome of a row whose new id or number another member holds."""
        if queued.new_key and queued.waits_for_id:
            holder = holder_of(self._items.member(queued.new_key) or {})
            return taken_outcome(CLIENT_ID, holder, self._context.import_id)
        claim = self._items.claim(queued.row().phone)
        return taken_outcome(PHONE, holder_of(claim or {}), self._context.import_id)

    def _load(self, queued: QueuedRow) -> None:
        """Reads the items of a row, and with them those of the rows to judge next."""
        if not self._items.knows(queued):
            following = chain(self._ready, islice(self._queues.ahead(queued), READ_AHEAD))
            rows = [queued, *islice(following, READ_AHEAD)]
            members = chain.from_iterable(row.members for row in rows)
            self._items.load(list(members), [row.phone for row in rows if row.phone])

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
                ring = rows[rows.index(row) :]
                if self._is_possible(ring):
                    return ring
                self._unchecked = deque(other for other in self._unchecked if other not in path)
            else:
                self._unchecked.popleft()
        return []

    def _waits_for(self, queued: QueuedRow) -> QueuedRow | None:
        """Returns the row that may give up what a row waits for: its new id or its number."""
        if not self._queues.is_first(queued):
            return None
        if queued.new_key and queued.waits_for_id:
            return self._queues.of_member(queued.new_key)
        if queued.phone is None or self._queues.earlier(queued):
            return None
        holder = self._items.holder(queued.phone)
        return self._queues.first_row_changing(holder) if holder else None

    def _is_possible(self, ring: list[QueuedRow]) -> bool:
        """Returns whether the rows of a ring can be applied together.

        In a ring that moves members, one row may keep a number that another asks for. Such a ring is never applied in
        parts: the rest of it would not find its members.
        """
        if not moves(ring):
            return True
        changes = JointChanges(self._ring_changes(ring), self._items)
        return changes.count_writes() <= MAX_BATCH_WRITES and changes.are_possible()

    def _settle_ring(self, ring: list[QueuedRow]) -> Iterator[Batch]:
        """Applies the rows of a ring, in one batch if it has room.

        A larger ring gets smaller by each batch: its first rows get their numbers, and the member of the next row
        holds the number that became free until the rest of the ring is applied.
        """
        size = len(ring) if moves(ring) else RING_PART
        while ring:
            part, ring = ring[:size], ring[size:]
            more = [self._renumbered(ring[0].key, part[0].key)] if ring else []
            own = self._items.stored(ring[0].key) if ring else None
            changes = JointChanges(self._ring_changes(part) + more, self._items)
            if not self._batch.has_room(changes.count_writes()):
                batch = self._batch
                yield from self._finish_batch()
                if batch.failed:
                    return
            self._apply(part, changes)
            if own:
                self._own_numbers.keep(ring[0].key, own.phone_number)
            self._batch.rings += [[queued.line for queued in part]] if moves(part) else []

    def _ring_changes(self, ring: Sequence[QueuedRow]) -> list[MemberChange]:
        stored = [self._items.stored(self._stored_key(queued)) for queued in ring]
        members = (queued.row().with_stored(old) for queued, old in zip(ring, stored, strict=True))
        return self._changes(ring, members)

    def _renumbered(self, key: MemberKey, other: MemberKey) -> MemberChange:
        """Returns the change that gives a member of a ring the number of another one until its row is applied."""
        item, old = self._items.member(key) or {}, self._items.stored(key)
        fields: dict[str, Any] = old.writable() | {"phone_number": self._items.stored(other).phone_number}
        return MemberChange(key, NewMember.of_valid(fields), item.get("origin", {}).get("S", ""))

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
        self._ready.extend(dict.fromkeys(self._queues.requeue(members, phones)))

    def _forget_settled(self, batch: Batch) -> None:
        """Forgets the items of a written batch that no unsettled row needs."""
        members = [key for key in batch.member_keys() if not self._queues.has_rows_about(key)]
        phones = [phone for phone in batch.phones() if not self._queues.of_phone(phone)]
        self._items.forget(members, phones)
