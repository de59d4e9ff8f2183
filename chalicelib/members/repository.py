"""MemberTable: what can be done with single members, each verb one conditional write or one transaction.

Reads that lead to a write are strongly consistent, and every write carries a condition on what was read,
so two callers never undo each other and no value ever belongs to two members.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.retries import backoff, transient_errors_as_busy
from chalicelib.dynamodb.transactions import ConditionsFailed, TransactionWriter, delete_if
from chalicelib.errors import Busy, NotFound, Taken
from chalicelib.preconditions import Condition, always, check

from .items import from_item, member_key
from .model import Member, MemberKey, NewMember, changed_member, new_member
from .writes import CLIENT_ID, VERSION, _as_read, _outrun, _release, alteration, creation, taken

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


Edit = Callable[[Member], NewMember]


class MemberRepository:
    """The members in one DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self.client = client
        self.table_name = table_name
        self._writer = TransactionWriter(client, table_name)

    def create(self, new: NewMember, by: str | None = None) -> Member:
        """Adds a member. Raises Taken where its phone number or its client member id is another's."""
        member = new_member(new, by)
        try:
            self._writer.write(creation(member))
        except ConditionsFailed as refusal:
            raise taken(creation(member), refusal) from None
        return member

    def get(self, key: MemberKey) -> Member:
        """The member under this key. Raises NotFound."""
        return from_item(self._read(key))

    def put(self, new: NewMember, matches: Condition = always, by: str | None = None) -> tuple[Member, bool]:
        """Creates the member or replaces the one under its key; (the member, whether it was created).

        Raises Taken, or Stale where `matches` refuses what stands there.
        """
        for _ in backoff():
            try:
                key = MemberKey(new.account_id, new.client_member_id)
                return self.change(key, lambda _: new, matches, by), False
            except NotFound:
                check(matches, None)
            try:
                return self.create(new, by), True
            except Taken as error:
                if error.code != f"{CLIENT_ID}_taken":
                    raise  # else someone has created it in between: replace theirs
        raise Busy

    def change(
        self, key: MemberKey, edit: Edit, matches: Condition = always, by: str | None = None
    ) -> Member:
        """Writes what `edit` makes of the member under `key`; a new key moves the member, its id with it.

        Raises NotFound, Taken, or Stale where `matches` refuses the current ETag.
        """
        for _ in backoff():
            item = self._read(key)
            old = from_item(item)
            check(matches, old.etag)
            new = edit(old)
            if old.same_as(new):
                return old
            member = changed_member(old, new, by)
            legs = alteration(item, member)
            try:
                self._writer.write(legs)
                return member
            except ConditionsFailed as refusal:
                if not _outrun(legs, refusal):
                    raise taken(legs, refusal) from None
        raise Busy

    def delete(self, key: MemberKey, matches: Condition = always) -> None:
        """Removes the member and frees its phone number. Raises NotFound, or Stale as `change` does."""
        for _ in backoff():
            item = self._read(key)
            old = from_item(item)
            check(matches, old.etag)
            try:
                self._writer.write(
                    [
                        delete_if(VERSION, member_key(*key), **_as_read(item)),
                        _release(old),
                    ]
                )
                return
            except ConditionsFailed:
                continue  # someone changed it in between: look again
        raise Busy

    def _read(self, key: MemberKey) -> Item:
        with transient_errors_as_busy():
            answer = self.client.get_item(
                TableName=self.table_name, Key=member_key(*key), ConsistentRead=True
            )
        if "Item" not in answer:
            raise NotFound("There is no member under this id.", code="member_not_found")
        return answer["Item"]
