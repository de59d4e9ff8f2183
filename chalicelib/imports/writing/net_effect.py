"""What a batch of settled rows changes in the table: one conditional write for each item it touches. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import chain

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.writes import ConditionalWrite, delete_if, put_if, put_new
from chalicelib.imports.rows.outcomes import Outcome
from chalicelib.members.history import VERSION, Entry, record_entry, record_restoration
from chalicelib.members.model import Member, MemberKey, PhoneKey
from chalicelib.members.writes import CLIENT_ID, PHONE, unchanged

from .row_queues import QueuedRow

MAX_BATCH_WRITES = 98  # of one batch: DynamoDB allows 100, and the resolver adds two of its own
MAX_ROWS = 500  # of one batch: their outcomes are one item, which may have 400 kB


@dataclass(slots=True)
class Effect:
    """An item before and after a batch; None where it does not exist."""

    before: Item | None
    after: Item | None


@dataclass(slots=True)
class Batch:
    """Rows that are settled together, with their outcomes, and the items that they change.

    `failed` is set where the batch could not be written, because another writer has changed an item.
    """

    settled: list[tuple[QueuedRow, Outcome]] = field(default_factory=list)
    members: dict[MemberKey, Effect] = field(default_factory=dict)
    claims: dict[PhoneKey, Effect] = field(default_factory=dict)
    records: list[ConditionalWrite] = field(default_factory=list)  # of what the members were before
    # The last entry of each history that it writes to, and its place in `records`.
    entries: dict[MemberKey, tuple[Entry, int]] = field(default_factory=dict)
    rings: list[list[int]] = field(
        default_factory=list
    )  # lines that were applied together, and moved members
    # The own numbers of members that hold another one for a while, once it is written.
    own_numbers: dict[MemberKey, str] = field(default_factory=dict)
    at: str = ""  # the time of its changes
    steps: int = 0  # the number of times that members were changed together
    failed: bool = False

    def has_room_for_row(self) -> bool:
        """Returns whether one more row fits: two keys of its member and a record of each, its old and new number."""
        return self.has_room(6) and len(self.settled) < MAX_ROWS

    def has_room(self, writes: int) -> bool:
        """Returns whether so many more writes fit."""
        return len(self.members) + len(self.claims) + len(self.records) + writes <= MAX_BATCH_WRITES

    def member_keys(self) -> set[MemberKey]:
        """Returns the members that the batch concerns."""
        return {*self.members, *chain.from_iterable(queued.members for queued, _ in self.settled)}

    def phones(self) -> set[PhoneKey]:
        """Returns the phone numbers that the batch concerns."""
        return {*self.claims, *(queued.phone for queued, _ in self.settled if queued.phone)}

    def change_member(self, key: MemberKey, before: Item | None, after: Item | None) -> None:
        """Adds a change of a member; `after` is None where it moves to another key."""
        self.members.setdefault(key, Effect(before, None)).after = after

    def change_claim(self, phone: PhoneKey, before: Item | None, after: Item | None) -> None:
        """Adds a change of a claim."""
        self.claims.setdefault(phone, Effect(before, None)).after = after

    def record(self, entries: Iterable[Entry], days: int) -> None:
        """Adds entries of history, which are kept for `days` days."""
        for entry in entries:
            self.entries[entry.key] = (entry, len(self.records))
            self.records.append(record_entry(entry, days))

    def record_restoration(self, last: Entry, member: Member, line: int, days: int) -> None:
        """Adds to the last entry of a key that a row restored a member; `last` is that in the table."""
        if last.key in self.entries:  # the batch writes the last one itself
            entry, place = self.entries[last.key]
            restored = replace(entry, restored=member, restored_line=line)
            self.records[place] = record_entry(restored, days)
        else:
            self.records.append(record_restoration(last, member, line))

    def writes(self) -> list[ConditionalWrite]:
        """Returns the conditional writes of the net effect, each item once, and those of the records."""
        members = map(_member_write, self.members.values())
        claims = map(_claim_write, self.claims.values())
        return [write for write in chain(members, claims, self.records) if write]


def _member_write(effect: Effect) -> ConditionalWrite | None:
    """Returns the write of a member, None where it was created and moved away within the batch."""
    before, after = effect.before, effect.after
    if not before:
        return put_new(CLIENT_ID, after) if after else None
    if not after:
        return delete_if(VERSION, {"pk": before["pk"], "sk": before["sk"]}, unchanged(before))
    return put_if(VERSION, after, unchanged(before))


def _claim_write(effect: Effect) -> ConditionalWrite | None:
    """Returns the write of a claim, None where it stays with its member."""
    before, after = effect.before, effect.after
    if not before:
        return put_new(PHONE, after) if after else None
    if not after:
        return delete_if(VERSION, {"pk": before["pk"], "sk": before["sk"]}, _owner(before))
    return put_if(VERSION, after, _owner(before)) if _owner(before) != _owner(after) else None


def _owner(claim: Item) -> Item:
    """Returns the attribute of a claim that names its member."""
    return {"client_member_id": claim["client_member_id"]}
