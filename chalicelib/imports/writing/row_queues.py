"""The unsettled rows of each member and of each phone number, in the order of the file. Pure."""

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from chalicelib.imports.rows.member_row import MemberRow, decode_row
from chalicelib.members.model import MemberKey, PhoneKey

K = TypeVar("K", MemberKey, PhoneKey)


class QueuedRow:
    """An unsettled row, as text: as objects, a million of them would not fit in a function's memory.

    `key` is that of the member that it changes.
    """

    __slots__ = ("key", "line", "next_of_member", "next_of_phone", "phone", "text")
    new_key: MemberKey | None = None  # where it moves the member; only a QueuedMove does
    waits_for_id = False

    def __init__(self, text: bytes, row: MemberRow) -> None:
        self.text = text
        self.line = row.line
        self.key = row.previous_key if row.previous else row.key
        self.phone = row.phone if row.asks_for_phone else None
        self.next_of_member: QueuedRow | None = None
        self.next_of_phone: QueuedRow | None = None

    @property
    def members(self) -> tuple[MemberKey, ...]:
        """The keys of the members that the row is about."""
        return (self.key, self.new_key) if self.new_key else (self.key,)

    def row(self) -> MemberRow:
        """Returns the row."""
        return decode_row(self.text)


class QueuedMove(QueuedRow):
    """A row with a previous client member id: `key` is that of the previous id, `new_key` that of the new one."""

    __slots__ = ("new_key", "next_of_new_id", "waits_for_id")

    def __init__(self, text: bytes, row: MemberRow) -> None:
        super().__init__(text, row)
        self.new_key: MemberKey = row.key
        self.next_of_new_id: QueuedRow | None = None
        self.waits_for_id = False  # for the row that moves away the member that has the new id


def moves(rows: Iterable[QueuedRow]) -> bool:
    """Returns whether one of the rows may move its member to another id."""
    return any(queued.new_key for queued in rows)


R = TypeVar("R", bound=QueuedRow)


class _Queues(Generic[K, R]):
    """A queue of rows for each key: its first row, and in each row (attribute `link`) the next one."""

    def __init__(self, link: str) -> None:
        self._link = link
        self._first: dict[K, R] = {}
        self._last: dict[K, R] = {}
        self.first: Callable[[K], R | None] = self._first.get  # returns None for a key without rows

    def append(self, key: K, row: R) -> None:
        if key in self._last:
            setattr(self._last[key], self._link, row)
        else:
            self._first[key] = row
        self._last[key] = row

    def close(self) -> None:
        """Ends appending, to free memory."""
        self._last.clear()

    def remove_first(self, key: K) -> None:
        following: R | None = getattr(self._first[key], self._link)
        if following:
            self._first[key] = following
        else:
            del self._first[key]

    def restore(self, key: K, row: R) -> None:
        self._first[key] = row

    def first_rows(self) -> Iterable[R]:
        return self._first.values()


class RowQueues:
    """Three queues: of each member, of each phone number that rows ask for, and of each id that members move to.

    Of two rows about one member or in one queue the earlier one is settled first. There is one exception: a row that
    waits for its new id lets the row pass that moves away the member which has it.
    """

    def __init__(self, texts: Iterable[bytes]) -> None:
        self._members: _Queues[MemberKey, QueuedRow] = _Queues("next_of_member")
        self._phones: _Queues[PhoneKey, QueuedRow] = _Queues("next_of_phone")
        self._new_ids: _Queues[MemberKey, QueuedMove] = _Queues("next_of_new_id")
        self.of_member = self._members.first  # returns the first row that changes a member
        self.of_phone = self._phones.first  # returns the first row that asks for a phone number
        self.of_new_id = self._new_ids.first  # returns the first row that moves a member to a key
        for text in texts:
            self._append(text, decode_row(text))
        self._members.close()
        self._phones.close()
        self._new_ids.close()

    def _append(self, text: bytes, row: MemberRow) -> None:
        queued = QueuedMove(text, row) if row.previous else QueuedRow(text, row)
        self._members.append(queued.key, queued)
        if queued.phone:
            self._phones.append(queued.phone, queued)
        if isinstance(queued, QueuedMove):
            self._new_ids.append(queued.new_key, queued)

    def first_rows(self) -> Iterator[QueuedRow]:
        """Yields the rows that can be judged."""
        return filter(self.is_first, self._members.first_rows())

    def is_first(self, row: QueuedRow) -> bool:
        """Returns whether a row is unsettled and can be judged.

        A move can be judged before the earlier rows about its new id: it may have to wait for them (see `earlier`).
        """
        if self.of_member(row.key) is not row:
            return False
        if row.phone is not None and self.of_phone(row.phone) is not row:
            return False
        if row.new_key and self.of_new_id(row.new_key) is not row:
            return False
        move = self.of_new_id(row.key)
        return move is None or move.line > row.line or move.waits_for_id

    def earlier(self, row: QueuedRow) -> QueuedRow | None:
        """Returns the earlier row about the new id of a first row, None if there is none."""
        other = self.of_member(row.new_key) if row.new_key else None
        return other if other and other.line < row.line else None

    def gives_way(self, other: QueuedRow, move: QueuedMove) -> bool:
        """Returns whether the first row that changes the member with a move's new id moves it away.

        It does not if there is one more earlier row, which comes between the two.
        """
        between = other.next_of_member
        return other.new_key is not None and (between is None or between.line > move.line)

    def has_rows_about(self, key: MemberKey) -> bool:
        """Returns whether an unsettled row is about a member."""
        return bool(self.of_member(key) or self.of_new_id(key))

    def first_row_changing(self, key: MemberKey) -> QueuedRow | None:
        """Returns the first row that may change the member that has a key now."""
        row, move = self.of_member(key), self.of_new_id(key)
        if move and not move.waits_for_id and (row is None or move.line < row.line):
            return move
        return row

    def ahead(self, row: QueuedRow | None) -> Iterator[QueuedRow]:
        """Yields the rows that a move may wait for, each to be settled before the last; without end in a ring."""
        while row and row.new_key and (row := self.of_member(row.new_key)):
            yield row

    def remove(self, row: QueuedRow) -> list[QueuedRow]:
        """Removes a row that is the first in its queues, and returns the rows that are to be judged."""
        self._members.remove_first(row.key)
        if row.new_key:
            self._new_ids.remove_first(row.new_key)
        if row.phone:
            self._phones.remove_first(row.phone)
        return self.requeue(row.members, [row.phone] if row.phone else [])

    def requeue(self, members: Iterable[MemberKey], phones: Iterable[PhoneKey]) -> list[QueuedRow]:
        """Returns the first rows about members and numbers; moves among them no longer wait for their new id."""
        found: list[QueuedRow | None] = [*map(self.of_phone, phones)]
        for key in members:
            if move := self.of_new_id(key):
                move.waits_for_id = False
            found += [move, self.of_member(key)]
        return [row for row in found if row]

    def restore(self, row: QueuedRow) -> None:
        """Makes the row that was removed last the first one again."""
        self._members.restore(row.key, row)
        if isinstance(row, QueuedMove):
            self._new_ids.restore(row.new_key, row)
        if row.phone:
            self._phones.restore(row.phone, row)
