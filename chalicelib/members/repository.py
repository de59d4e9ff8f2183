"""Single members: each operation is one conditional write or one transaction.

Reads before a write are strongly consistent and every write is conditional on what was read, so concurrent callers
never overwrite each other, and no value ever belongs to two members.
"""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.retries import backoff
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionalWrite, ConditionsFailed, FailedWrite
from chalicelib.errors import Busy, NotFound, Taken
from chalicelib.preconditions import ALWAYS, Precondition

from .history import HISTORY_DAYS, VERSION, record_restoration
from .history_repository import MemberHistory
from .items import from_item, member_key
from .model import Member, MemberKey, NewMember, changed_member, key_of, new_member, restored_member
from .writes import CLIENT_ID, alteration, creation, deletion, erasure, taken_error

Edit = Callable[[Member], NewMember]


class MemberRepository:
    """The members in one table. What they were before each change is kept for `history_days` days."""

    def __init__(self, table: Table, history_days: int = HISTORY_DAYS) -> None:
        self._table = table
        self._history = MemberHistory(table)
        self._history_days = history_days

    def create(self, new: NewMember, by: str | None = None, *, repeated: bool = False) -> Member:
        """Creates a member. Raises Taken if its phone number or client member id belongs to another one.

        If the call is `repeated`, an earlier one may have created the member: then it is returned.
        """
        member = new_member(new, by)
        try:
            self._table.write(creation(member))
        except ConditionsFailed as error:
            write, item = error.failed_writes[0]
            if repeated and write.constraint == CLIENT_ID and _is_created(item, member):
                return from_item(item)
            raise taken_error(error.failed_writes) from None
        return member

    def get(self, key: MemberKey) -> Member:
        """Returns the member under this key. Raises NotFound, which says when one was deleted or moved."""
        item = self._table.get(member_key(*key))
        if item is None:
            raise self._history.not_found(key)
        return from_item(item)

    def put(
        self, new: NewMember, precondition: Precondition = ALWAYS, by: str | None = None
    ) -> tuple[Member, bool]:
        """Creates a member or replaces the one under its key. Returns (member, whether it was created).

        Raises Taken, or PreconditionFailed if the precondition fails for the current ETag.
        """
        for _ in backoff():
            try:
                return self.change(key_of(new), lambda _: new, precondition, by), False
            except NotFound:
                precondition.check(None)
            try:
                return self.create(new, by), True
            except Taken as error:
                if error.code != f"{CLIENT_ID}_taken":
                    raise
                # Another caller has created this member: replace it.
        raise Busy

    def change(
        self, key: MemberKey, edit: Edit, precondition: Precondition = ALWAYS, by: str | None = None
    ) -> Member:
        """Replaces the member under `key` with the result of `edit`. A new key moves the member and changes its id.

        Raises NotFound, Taken, or PreconditionFailed if the precondition fails for the current ETag.
        """
        for _ in backoff():
            item = self._read(key)
            old = from_item(item)
            precondition.check(old.etag)
            new = edit(old)
            if old.has_values_of(new):
                return old
            member = changed_member(old, new, by)
            try:
                self._table.write(alteration(item, member, history_days=self._history_days))
                return member
            except ConditionsFailed as error:
                if not error.breaks(VERSION):
                    raise taken_error(error.failed_writes) from None
                # Another caller has changed the member: read it again.
        raise Busy

    def delete(self, key: MemberKey, precondition: Precondition = ALWAYS, by: str | None = None) -> None:
        """Deletes the member and frees its phone number. Raises NotFound, or PreconditionFailed as `change` does."""
        self._delete(key, precondition, lambda item: deletion(item, by, history_days=self._history_days))

    def erase(self, key: MemberKey, precondition: Precondition = ALWAYS) -> None:
        """Deletes the member and its history, also under ids that it had before; or the history of a deleted one.

        Raises NotFound if there is neither, or PreconditionFailed as `change` does.
        """
        try:
            self._delete(key, precondition, erasure)
        except NotFound:
            precondition.check(None)
            if not self._history.erase(key):
                raise
        else:
            self._history.erase(key)

    def restore(self, key: MemberKey, by: str | None = None) -> Member:
        """Creates a deleted member again, as it was last.

        Raises NotFound if none was deleted, or Taken if its phone number or client member id belongs to another one.
        """
        for _ in backoff():
            entry = self._history.last(key)
            if entry is None or entry.after or entry.restored:
                raise self._taken_or_missing(key)
            member = restored_member(entry.before, by)
            try:
                self._table.write([*creation(member), record_restoration(entry, member)])
                return member
            except ConditionsFailed as error:
                taken = [failed for failed in error.failed_writes if failed.write.constraint != VERSION]
                if taken:
                    raise taken_error(taken) from None
                # Another caller has restored it: read again.
        raise Busy

    def _delete(
        self, key: MemberKey, precondition: Precondition, writes: Callable[[Item], list[ConditionalWrite]]
    ) -> None:
        for _ in backoff():
            item = self._read(key)
            precondition.check(from_item(item).etag)
            try:
                self._table.write(writes(item))
                return
            except ConditionsFailed:
                continue  # another caller has changed the member: read it again
        raise Busy

    def _taken_or_missing(self, key: MemberKey) -> Taken | NotFound:
        """Returns why the member under a key cannot be restored: it exists, or none was deleted."""
        item = self._table.get(member_key(*key))
        if item is None:
            return self._history.not_found(key)
        return taken_error([FailedWrite(creation(from_item(item))[0], item)])

    def _read(self, key: MemberKey) -> Item:
        item = self._table.get(member_key(*key))
        if item is None:
            raise NotFound("No member has this id.", code="member_not_found")
        return item


def _is_created(item: Item, member: Member) -> bool:
    """Returns whether an item is a new member as its author created it, whenever that was."""
    stored = from_item(item)
    return stored == replace(member, created_at=stored.created_at, last_modified=stored.last_modified)
