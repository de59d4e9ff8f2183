"""Single members: each operation is one conditional write or one transaction.

Reads before a write are strongly consistent and every write is conditional on what was read, so concurrent callers
never overwrite each other, and no value ever belongs to two members.
"""

from collections.abc import Callable

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.retries import backoff
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionsFailed
from chalicelib.errors import Busy, NotFound, Taken
from chalicelib.preconditions import ALWAYS, Precondition

from .items import from_item, member_key
from .model import Member, MemberKey, NewMember, changed_member, new_member
from .writes import CLIENT_ID, VERSION, alteration, creation, deletion, taken_error

Edit = Callable[[Member], NewMember]


class MemberRepository:
    """The members in one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, new: NewMember, by: str | None = None) -> Member:
        """Creates a member. Raises Taken if its phone number or client member id belongs to another one."""
        member = new_member(new, by)
        try:
            self._table.write(creation(member))
        except ConditionsFailed as error:
            raise taken_error(error.failed_writes) from None
        return member

    def get(self, key: MemberKey) -> Member:
        """Returns the member under this key. Raises NotFound."""
        return from_item(self._read(key))

    def put(
        self, new: NewMember, precondition: Precondition = ALWAYS, by: str | None = None
    ) -> tuple[Member, bool]:
        """Creates a member or replaces the one under its key. Returns (member, whether it was created).

        Raises Taken, or PreconditionFailed if the precondition fails for the current ETag.
        """
        for _ in backoff():
            try:
                key = MemberKey(new.account_id, new.client_member_id)
                return self.change(key, lambda _: new, precondition, by), False
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
                self._table.write(alteration(item, member))
                return member
            except ConditionsFailed as error:
                if not error.breaks(VERSION):
                    raise taken_error(error.failed_writes) from None
                # Another caller has changed the member: read it again.
        raise Busy

    def delete(self, key: MemberKey, precondition: Precondition = ALWAYS) -> None:
        """Deletes the member and frees its phone number. Raises NotFound, or PreconditionFailed as `change` does."""
        for _ in backoff():
            item = self._read(key)
            precondition.check(from_item(item).etag)
            try:
                self._table.write(deletion(item))
                return
            except ConditionsFailed:
                continue  # another caller has changed the member: read it again
        raise Busy

    def _read(self, key: MemberKey) -> Item:
        item = self._table.get(member_key(*key))
        if item is None:
            raise NotFound("No member has this id.", code="member_not_found")
        return item
