"""The outcome of a row, and the known holders of unique values, by which rows are rejected without a write."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from chalicelib.dynamodb.items import Item
from chalicelib.errors import Holder
from chalicelib.members.items import from_item, holder_of, member_key_of, phone_key_of
from chalicelib.members.model import Member, MemberKey, NewMember, PhoneKey
from chalicelib.members.writes import CLIENT_ID, PHONE

from .csv_reader import RejectedRow
from .model import Mode

OUTCOMES = ("created", "updated", "unchanged", "rejected")


class MemberRow(NamedTuple):
    """A row that describes a member: its line, and the member with "" for each field that an upsert keeps."""

    line: int
    member: NewMember

    @property
    def key(self) -> MemberKey:
        """The key of the member that the row describes."""
        return MemberKey(self.member.account_id, self.member.client_member_id)

    @property
    def phone(self) -> PhoneKey:
        """The phone number it asks for, within its account."""
        return PhoneKey(self.member.account_id, self.member.phone_number)

    @property
    def missing_field(self) -> str | None:
        """The first blank field, None if all have a value."""
        return next((name for name, value in vars(self.member).items() if not value), None)

    def with_stored(self, old: Member) -> NewMember:
        """Returns the row's member with the values of `old` for blank fields."""
        stored = old.writable()
        filled: dict[str, Any] = {name: value or stored[name] for name, value in self.member}
        return NewMember.model_construct(**filled)


class Outcome(NamedTuple):
    """The outcome of a row, one of OUTCOMES; code and reason only where it is rejected."""

    outcome: str
    code: str = ""
    reason: str = ""

    def rejected_row(self, line: int, cells: list[str]) -> RejectedRow:
        """Returns the row with the code and reason of this outcome."""
        return RejectedRow(line, cells, self.code, self.reason)


class KnownHolders:
    """The holders of client member ids and phone numbers that a load knows. It saves writes that would fail.

    `relied_on` are the members on which outcomes rely: after a write to one of them, a repeated load could not
    reproduce those outcomes.
    """

    def __init__(self, import_id: str) -> None:
        self.relied_on: set[MemberKey] = set()
        self._import_id = import_id
        self._members: dict[MemberKey, Item] = {}
        self._phones: dict[PhoneKey, Item] = {}  # the holder or its claim

    def add_phone_holders(self, members: Iterable[Item]) -> None:
        """Adds members as the holders of their phone numbers."""
        self._phones.update((phone_key_of(item), item) for item in members)

    def add_outcome(self, row: MemberRow, outcome: Outcome, item: Item, before: Item | None) -> None:
        """Adds the outcome of a row: `item` is its member, or the holder that rejects it; `before` its old member."""
        if outcome.code == f"{PHONE}_taken":
            self._phones[row.phone] = item
            self.relied_on.add(member_key_of(item))
        elif outcome.code == f"{CLIENT_ID}_taken":
            self._members[row.key] = item
        else:
            if before:
                self._phones.pop(phone_key_of(before), None)
            self._members[row.key] = item
            self._phones[phone_key_of(item)] = item

    def known_outcome(self, row: MemberRow, mode: Mode) -> Outcome | None:
        """Returns the outcome of a row whose values have a known holder, else None."""
        if mode != "upsert" and self._members and row.key in self._members:
            return existing_member_outcome(row, self._members[row.key], self._import_id)
        holder = self._phones.get(row.phone) if self._phones else None
        if holder and member_key_of(holder) != row.key:
            self.relied_on.add(member_key_of(holder))
            return taken_outcome(PHONE, holder_of(holder), self._import_id)
        return None


def existing_member_outcome(row: MemberRow, item: Item, import_id: str) -> Outcome:
    """Returns the outcome of a row in mode create whose member `item` exists."""
    if from_item(item).has_values_of(row.member):
        return Outcome("unchanged")
    return taken_outcome(CLIENT_ID, holder_of(item), import_id)


def taken_outcome(field: str, holder: Holder, import_id: str) -> Outcome:
    """Returns the outcome of a row whose value of `field` another member holds."""
    by = f"member {holder.member_id} of this account"
    if holder.import_id == import_id:
        by = f"line {holder.line} of this file"
    return Outcome("rejected", f"{field}_taken", f"{field}: Already used by {by}.")


def missing_field_outcome(row: MemberRow) -> Outcome:
    """Returns the outcome of a row for a new member with a blank field."""
    return Outcome("rejected", "blank", f"{row.missing_field}: Must not be blank.")
