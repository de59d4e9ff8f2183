"""Changes of members that are made together: members may exchange their ids and phone numbers. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from chalicelib.clock import now
from chalicelib.imports.rows.row_context import RowContext
from chalicelib.members.history import Cause, new_entries
from chalicelib.members.items import from_item, parse_origin, phone_key_of, to_claim, to_item
from chalicelib.members.model import (
    Member,
    MemberKey,
    NewMember,
    Origin,
    PhoneKey,
    changed_member,
    key_of,
    new_member,
    restored_member,
)

from .known_items import KnownItems
from .net_effect import Batch
from .row_rules import Wanted
from .undo_rules import Restoration


class MemberChange(NamedTuple):
    """The member under `key` becomes what is `wanted`, perhaps under another key; it is created if it does not exist.

    It is deleted where that is None. `origin` is that of the row, as text. `old` is the member before the change,
    which its history keeps; None for one that is created, or gets a temporary number.
    """

    key: MemberKey
    wanted: Wanted
    origin: str
    old: Member | None = None
    old_origin: Origin | None = None  # the row that wrote `old`

    @property
    def new(self) -> NewMember | None:
        """The member after the change, None if it is deleted."""
        return self.wanted.new if isinstance(self.wanted, Restoration) else self.wanted

    @property
    def new_key(self) -> MemberKey | None:
        """The key of the member after the change."""
        return key_of(self.new) if self.new else None

    @property
    def new_phone(self) -> PhoneKey | None:
        """The key of its phone number after the change."""
        return PhoneKey(self.new.account_id, self.new.phone_number) if self.new else None


class JointChanges:
    """Changes that are made together, and the items before them."""

    def __init__(self, changes: Sequence[MemberChange], items: KnownItems) -> None:
        self.changes = changes
        self._items = items
        self._stored = [items.member(change.key) for change in changes]

    def are_possible(self) -> bool:
        """Returns whether each new id and number is free, or its holder gives it up by one of the changes."""
        left_keys, left_phones = set(), set()
        for change, item in zip(self.changes, self._stored, strict=True):
            left_keys.add(change.key)
            if item and phone_key_of(item) != change.new_phone:
                left_phones.add(phone_key_of(item))
        return all(
            (change.new_key in left_keys or not self._items.has_member(change.new_key))
            and (
                change.new_phone in left_phones
                or (item and phone_key_of(item) == change.new_phone)
                or not self._items.claim(change.new_phone)
            )
            for change, item in zip(self.changes, self._stored, strict=True)
            if change.new_key and change.new_phone
        )

    def count_writes(self) -> int:
        """Returns the number of items that they may write."""
        members = {key for change in self.changes for key in (change.key, change.new_key) if key}
        phones = {change.new_phone for change in self.changes if change.new_phone}
        phones |= {phone_key_of(item) for item in self._stored if item}
        records = sum(
            len({change.key, change.new_key or change.key}) for change in self.changes if change.old
        )
        return len(members) + len(phones) + records

    def apply(self, batch: Batch, context: RowContext) -> list[PhoneKey]:
        """Adds the changes to a batch, and takes them in as known. Returns the phone numbers that became free."""
        batch.at = batch.at or now()
        effects = _Effects(batch, self._items, context)
        olds = [from_item(item) if item else None for item in self._stored]
        pairs = list(zip(self.changes, olds, strict=True))
        left = [phone for change, old in pairs if old and (phone := effects.leave(change, old))]
        for change, old in pairs:
            effects.take(change, old)
        batch.steps += 1
        return [phone for phone in left if not self._items.claim(phone)]


class _Effects:
    """The effects of changes on a batch, and on what is known."""

    def __init__(self, batch: Batch, items: KnownItems, context: RowContext) -> None:
        self._batch = batch
        self._items = items
        self._context = context

    def leave(self, change: MemberChange, old: Member) -> PhoneKey | None:
        """Frees the key and the number of a member, unless it keeps them. Returns the number."""
        moves = change.key != change.new_key
        if moves:
            self._batch.change_member(change.key, self._items.member(change.key), None)
            self._items.put_member(change.key, None)
        phone = PhoneKey(old.account_id, old.phone_number)
        if phone == change.new_phone and not moves:
            return None
        self._items.expect_claim(phone, to_claim(old))
        self._put_claim(phone, None, "")
        return phone

    def take(self, change: MemberChange, old: Member | None) -> None:
        """Writes a member, unless it is deleted, and its claim unless it kept it."""
        if change.new is None or change.new_key is None or change.new_phone is None:
            self._record(change, None)
            return
        by = self._context.by
        at = self._batch.at
        if isinstance(change.wanted, Restoration):
            member, days = restored_member(change.wanted.old, by, at), self._context.history_days
            origin = parse_origin(change.origin)
            self._batch.record_restoration(change.wanted.last, member, origin.line if origin else 0, days)
        else:
            member = changed_member(old, change.new, by, at) if old else new_member(change.new, by, at)
            self._record(change, member)
        item = to_item(member, change.origin or str(change.old_origin or ""))
        self._batch.change_member(change.new_key, self._items.member(change.new_key), item)
        self._items.put_member(change.new_key, item)
        if old is None or change.key != change.new_key or old.phone_number != member.phone_number:
            self._put_claim(change.new_phone, member, change.origin)

    def _record(self, change: MemberChange, new: Member | None) -> None:
        if change.old:
            at = new.last_modified if new else max(self._batch.at, change.old.last_modified)
            context = self._context
            cause = Cause(context.by, at, change.origin, context.history_days, self._batch.steps)
            self._batch.record(new_entries(change.old, new, cause, change.old_origin), cause.days)

    def _put_claim(self, phone: PhoneKey, member: Member | None, origin: str) -> None:
        claim = to_claim(member, origin) if member else None
        self._batch.change_claim(phone, self._items.claim(phone), claim)
        self._items.put_claim(phone, claim)
