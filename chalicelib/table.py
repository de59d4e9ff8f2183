"""MemberTable: what can be done with single members, each verb one conditional write or one transaction.

Reads that lead to a write are strongly consistent, and every write carries a condition on what was read,
so two callers never undo each other and no value ever belongs to two members.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .errors import Busy, FieldError, NotFound, Stale, Taken
from .items import (
    Item,
    Key,
    changed_member,
    claim_key,
    from_item,
    holder_of,
    member_key,
    new_member,
    to_claim,
    to_item,
)
from .members import Member, NewMember
from .transact import Leg, Refused, Writer, attempts, calm, delete, put_new, put_over

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Condition = Callable[[str | None], bool]  # of the current ETag, None where there is no member
Edit = Callable[[Member], NewMember]

# What a leg's condition guards. The first is settled by reading again, the others are answers to the caller.
VERSION = "version"
PHONE = "phone_number"
CLIENT_ID = "client_member_id"


def always(_etag: str | None) -> bool:
    """The condition of a caller who sent none."""
    return True


class MemberTable:
    """The members in one DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self.client = client
        self.table_name = table_name
        self._writer = Writer(client, table_name)

    def create(self, new: NewMember, by: str | None = None) -> Member:
        """Adds a member. Raises Taken where its phone number or its client member id is another's."""
        member = new_member(new, by)
        try:
            self._writer.write(creation(member))
        except Refused as refusal:
            raise taken(creation(member), refusal) from None
        return member

    def get(self, key: Key) -> Member:
        """The member under this key. Raises NotFound."""
        return from_item(self._read(key))

    def put(self, new: NewMember, matches: Condition = always, by: str | None = None) -> tuple[Member, bool]:
        """Creates the member or replaces the one under its key; (the member, whether it was created).

        Raises Taken, or Stale where `matches` refuses what stands there.
        """
        for _ in attempts():
            try:
                key = Key(new.account_id, new.client_member_id)
                return self.change(key, lambda _: new, matches, by), False
            except NotFound:
                check(matches, None)
            try:
                return self.create(new, by), True
            except Taken as error:
                if error.code != f"{CLIENT_ID}_taken":
                    raise  # else someone has created it in between: replace theirs
        raise Busy

    def change(self, key: Key, edit: Edit, matches: Condition = always, by: str | None = None) -> Member:
        """Writes what `edit` makes of the member under `key`; a new key moves the member, its id with it.

        Raises NotFound, Taken, or Stale where `matches` refuses the current ETag.
        """
        for _ in attempts():
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
            except Refused as refusal:
                if not _outrun(legs, refusal):
                    raise taken(legs, refusal) from None
        raise Busy

    def delete(self, key: Key, matches: Condition = always) -> None:
        """Removes the member and frees its phone number. Raises NotFound, or Stale as `change` does."""
        for _ in attempts():
            item = self._read(key)
            old = from_item(item)
            check(matches, old.etag)
            try:
                self._writer.write(
                    [
                        delete(VERSION, member_key(*key), **_as_read(item)),
                        _release(old),
                    ]
                )
                return
            except Refused:
                continue  # someone changed it in between: look again
        raise Busy

    def _read(self, key: Key) -> Item:
        with calm():
            answer = self.client.get_item(
                TableName=self.table_name, Key=member_key(*key), ConsistentRead=True
            )
        if "Item" not in answer:
            raise NotFound("There is no member under this id.", code="member_not_found")
        return answer["Item"]


def creation(member: Member, origin: str = "") -> list[Leg]:
    """The two legs that add a member."""
    return [
        put_new(CLIENT_ID, to_item(member, origin)),
        put_new(PHONE, to_claim(member, origin)),
    ]


def alteration(item: Item, member: Member, origin: str | None = None) -> list[Leg]:
    """The legs that turn the member read as `item` into `member`.

    One leg where only names change, else those that move keys. `origin` is the import's that writes; a
    caller of the API leaves the member's as it was, so that a load that runs again still knows its rows.
    """
    old = from_item(item)
    kept = item["origin"]["S"] if origin is None and "origin" in item else origin or ""
    if old.id == member.id:
        legs = [put_over(VERSION, to_item(member, kept), **_as_read(item))]
        if old.phone_number == member.phone_number:
            return legs
    else:
        legs = [
            delete(VERSION, member_key(old.account_id, old.client_member_id), **_as_read(item)),
            put_new(CLIENT_ID, to_item(member, kept)),
        ]
    claim = to_claim(member, origin or "")
    if (old.account_id, old.phone_number) == (member.account_id, member.phone_number):
        return [*legs, put_over(VERSION, claim, client_member_id={"S": old.client_member_id})]
    return [*legs, _release(old), put_new(PHONE, claim)]


def _as_read(item: Item) -> Item:
    """The condition that a member is still the one that was read.

    Its version alone does not say so: one that was deleted and created again under the same key is counted from 1
    again. And whoever writes the item back must still own the phone number in it.
    """
    return {name: item[name] for name in ("version", "last_modified", "phone_number")}


def _release(old: Member) -> Leg:
    """The leg that frees a member's phone number."""
    return delete(
        VERSION,
        claim_key(old.account_id, old.phone_number),
        client_member_id={"S": old.client_member_id},
    )


def taken(legs: list[Leg], refusal: Refused) -> Taken:
    """The refusal as the error a caller reads: what is taken, and by whom."""
    failed = sorted(refusal.legs)
    words = {PHONE: "The phone number", CLIENT_ID: "The client member id"}
    holders = [holder_of(refusal.legs[i]) for i in failed]
    return Taken(
        [
            FieldError(
                f"#/{legs[i].what}",
                f"{legs[i].what}_taken",
                f"{words[legs[i].what]} belongs to member {holder.member_id} of this account.",
            )
            for i, holder in zip(failed, holders, strict=True)
        ],
        holders,
    )


def _outrun(legs: Iterable[Leg], refusal: Refused) -> bool:
    """Whether someone changed the member between our read and our write."""
    return any(leg.what == VERSION for i, leg in enumerate(legs) if i in refusal.legs)


def check(matches: Condition, etag: str | None) -> None:
    """Raises Stale where a caller's condition does not hold for the current ETag, None where there is no member."""
    if not matches(etag):
        now = f"the ETag is now {etag}" if etag is not None else "there is no such member"
        raise Stale(f"The condition of the request does not hold: {now}.")
