"""The conditional writes that create, change, move and delete a member."""

from collections.abc import Iterable

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.transactions import ConditionalWrite, ConditionsFailed, delete_if, put_if, put_new
from chalicelib.errors import FieldError, Taken

from .items import claim_key, from_item, holder_of, member_key, to_claim, to_item
from .model import Member

# What a leg's condition guards. The first is settled by reading again, the others are answers to the caller.
VERSION = "version"
PHONE = "phone_number"
CLIENT_ID = "client_member_id"


def creation(member: Member, origin: str = "") -> list[ConditionalWrite]:
    """The two legs that add a member."""
    return [
        put_new(CLIENT_ID, to_item(member, origin)),
        put_new(PHONE, to_claim(member, origin)),
    ]


def alteration(item: Item, member: Member, origin: str | None = None) -> list[ConditionalWrite]:
    """The legs that turn the member read as `item` into `member`.

    One leg where only names change, else those that move keys. `origin` is the import's that writes; a
    caller of the API leaves the member's as it was, so that a load that runs again still knows its rows.
    """
    old = from_item(item)
    kept = item["origin"]["S"] if origin is None and "origin" in item else origin or ""
    if old.id == member.id:
        legs = [put_if(VERSION, to_item(member, kept), **_as_read(item))]
        if old.phone_number == member.phone_number:
            return legs
    else:
        legs = [
            delete_if(VERSION, member_key(old.account_id, old.client_member_id), **_as_read(item)),
            put_new(CLIENT_ID, to_item(member, kept)),
        ]
    claim = to_claim(member, origin or "")
    if (old.account_id, old.phone_number) == (member.account_id, member.phone_number):
        return [*legs, put_if(VERSION, claim, client_member_id={"S": old.client_member_id})]
    return [*legs, _release(old), put_new(PHONE, claim)]


def _as_read(item: Item) -> Item:
    """The condition that a member is still the one that was read.

    Its version alone does not say so: one that was deleted and created again under the same key is counted from 1
    again. And whoever writes the item back must still own the phone number in it.
    """
    return {name: item[name] for name in ("version", "last_modified", "phone_number")}


def _release(old: Member) -> ConditionalWrite:
    """The leg that frees a member's phone number."""
    return delete_if(
        VERSION,
        claim_key(old.account_id, old.phone_number),
        client_member_id={"S": old.client_member_id},
    )


def taken(legs: list[ConditionalWrite], refusal: ConditionsFailed) -> Taken:
    """The refusal as the error a caller reads: what is taken, and by whom."""
    failed = sorted(refusal.legs)
    words = {PHONE: "The phone number", CLIENT_ID: "The client member id"}
    holders = [holder_of(refusal.legs[i]) for i in failed]
    return Taken(
        [
            FieldError(
                f"#/{legs[i].constraint}",
                f"{legs[i].constraint}_taken",
                f"{words[legs[i].constraint]} belongs to member {holder.member_id} of this account.",
            )
            for i, holder in zip(failed, holders, strict=True)
        ],
        holders,
    )


def _outrun(legs: Iterable[ConditionalWrite], refusal: ConditionsFailed) -> bool:
    """Whether someone changed the member between our read and our write."""
    return any(leg.constraint == VERSION for i, leg in enumerate(legs) if i in refusal.legs)
