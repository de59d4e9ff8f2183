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
    def lacking(self) -> str | None:
        """The first field that it leaves blank."""
        return next((name for name, value in vars(self.member).items() if not value), None)

    def over(self, old: Member) -> NewMember:
        """The member with what `old` has in place of blanks."""
        kept = old.writable()
        filled: dict[str, Any] = {name: value or kept[name] for name, value in self.member}
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
    """What a load has learnt: who holds which value. Spares one write per hopeless row.

    `relied_on` are the members on which outcomes rest. Once one of them is written over, those cannot be found again.
    """

    def __init__(self, import_id: str) -> None:
        self.relied_on: set[MemberKey] = set()
        self._import_id = import_id
        self._members: dict[MemberKey, Item] = {}
        self._phones: dict[PhoneKey, Item] = {}  # the holder's item, or its claim

    def meet(self, members: Iterable[Item]) -> None:
        """Takes in members as they were read: each holds its number."""
        self._phones.update((phone_key_of(item), item) for item in members)

    def learn(self, entry: MemberRow, outcome: Outcome, item: Item, before: Item | None) -> None:
        """Takes in what became of a row, the item that says so, and the member as it was before."""
        if outcome.code == f"{PHONE}_taken":
            self._phones[entry.phone] = item
            self.relied_on.add(member_key_of(item))
        elif outcome.code == f"{CLIENT_ID}_taken":
            self._members[entry.key] = item
        elif item:
            if before:
                self._phones.pop(phone_key_of(before), None)
            self._members[entry.key] = item
            self._phones[phone_key_of(item)] = item

    def judge(self, entry: MemberRow, mode: Mode) -> Outcome | None:
        """The outcome of a row whose values are known to be held, else None."""
        if mode != "upsert" and self._members and entry.key in self._members:
            return existing_member_outcome(entry, self._members[entry.key], self._import_id)
        holder = self._phones.get(entry.phone) if self._phones else None
        if holder and member_key_of(holder) != entry.key:
            self.relied_on.add(member_key_of(holder))
            return rejection(PHONE, holder_of(holder), self._import_id)
        return None


def existing_member_outcome(entry: MemberRow, item: Item, import_id: str) -> Outcome:
    """The outcome of a row of a new member, where there is one of its key already."""
    if from_item(item).same_as(entry.member):
        return Outcome("unchanged")
    return rejection(CLIENT_ID, holder_of(item), import_id)


def rejection(what: str, holder: Holder, import_id: str) -> Outcome:
    """The outcome of a row that asks for what another member has."""
    by = f"member {holder.member_id} of this account"
    if holder.import_id == import_id:
        by = f"line {holder.line} of this file"
    return Outcome("rejected", f"{what}_taken", f"{what}: Already used by {by}.")


def missing_field_outcome(entry: MemberRow) -> Outcome:
    """The outcome of a row that leaves out what its member, which is not there yet, has to have."""
    return Outcome("rejected", "blank", f"{entry.lacking}: Must not be blank.")
