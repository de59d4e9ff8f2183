"""The unsettled rows of each member and of each phone number, in the order of the file. Pure."""

from collections.abc import Iterable, Iterator

from chalicelib.members.model import MemberKey, PhoneKey

from .member_row import MemberRow, decode_row


class QueuedRow:
    """An unsettled row, as text: as objects, a million of them would not fit in a function's memory."""

    __slots__ = ("key", "line", "next_of_member", "next_of_phone", "phone", "text")

    def __init__(self, text: bytes) -> None:
        row = decode_row(text)
        self.text = text
        self.line = row.line
        self.key = row.key
        self.phone = row.phone if row.member.phone_number else None
        self.next_of_member: QueuedRow | None = None
        self.next_of_phone: QueuedRow | None = None

    def row(self) -> MemberRow:
        """Returns the row."""
        return decode_row(self.text)


class RowQueues:
    """A queue for each member and one for each phone number that rows ask for.

    Of two rows in one queue the earlier one is settled first: so only a row that is the first in both of its queues
    can be settled.
    """

    def __init__(self, texts: Iterable[bytes]) -> None:
        self._of_member: dict[MemberKey, QueuedRow] = {}
        self._of_phone: dict[PhoneKey, QueuedRow] = {}
        last_of_member: dict[MemberKey, QueuedRow] = {}
        last_of_phone: dict[PhoneKey, QueuedRow] = {}
        for text in texts:
            row = QueuedRow(text)
            if row.key in last_of_member:
                last_of_member[row.key].next_of_member = row
            last_of_member[row.key] = row
            self._of_member.setdefault(row.key, row)
            if row.phone:
                if row.phone in last_of_phone:
                    last_of_phone[row.phone].next_of_phone = row
                last_of_phone[row.phone] = row
                self._of_phone.setdefault(row.phone, row)

    def first_rows(self) -> Iterator[QueuedRow]:
        """Yields the rows that can be settled."""
        return filter(self.is_first, self._of_member.values())

    def is_first(self, row: QueuedRow) -> bool:
        """Returns whether a row is unsettled, and the first in both of its queues."""
        return self._of_member.get(row.key) is row and (
            row.phone is None or self._of_phone.get(row.phone) is row
        )

    def of_member(self, key: MemberKey) -> QueuedRow | None:
        """Returns the first unsettled row about a member."""
        return self._of_member.get(key)

    def of_phone(self, phone: PhoneKey) -> QueuedRow | None:
        """Returns the first unsettled row that asks for a phone number."""
        return self._of_phone.get(phone)

    def remove(self, row: QueuedRow) -> Iterator[QueuedRow]:
        """Removes a first row, and yields the rows after it."""
        if row.next_of_member:
            self._of_member[row.key] = row.next_of_member
            yield row.next_of_member
        else:
            del self._of_member[row.key]
        if row.phone is None:
            return
        if row.next_of_phone:
            self._of_phone[row.phone] = row.next_of_phone
            yield row.next_of_phone
        else:
            del self._of_phone[row.phone]

    def restore(self, row: QueuedRow) -> None:
        """Makes the row that was removed last the first one again."""
        self._of_member[row.key] = row
        if row.phone:
            self._of_phone[row.phone] = row
