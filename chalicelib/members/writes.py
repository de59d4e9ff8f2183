"""The conditional writes that create, change, move and delete a member."""

from collections.abc import Iterable

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.writes import ConditionalWrite, FailedWrite, delete_if, put_if, put_new
from chalicelib.errors import FieldError, Taken

from .items import claim_key, from_item, holder_of, member_key, to_claim, to_item
from .model import Member

# The constraints. A failed VERSION is settled by reading again, the other two are errors for the caller.
VERSION = "version"
PHONE = "phone_number"
CLIENT_ID = "client_member_id"


def creation(member: Member, origin: str = "") -> list[ConditionalWrite]:
    """Returns the two writes that add a member: its item and the claim on its phone number."""
    return [
        put_new(CLIENT_ID, to_item(member, origin)),
        put_new(PHONE, to_claim(member, origin)),
    ]


def alteration(item: Item, member: Member, origin: str | None = None) -> list[ConditionalWrite]:
    """Returns the writes that turn the member read as `item` into `member`: one where only names change.

    `origin` is that of the import that writes. A caller of the API keeps the member's, so that a load that is
    repeated still recognises its rows.
    """
    old = from_item(item)
    kept = item["origin"]["S"] if origin is None and "origin" in item else origin or ""
    if old.id == member.id:
        writes = [put_if(VERSION, to_item(member, kept), _as_read(item))]
        if old.phone_number == member.phone_number:
            return writes
    else:
        old_key = member_key(old.account_id, old.client_member_id)
        writes = [delete_if(VERSION, old_key, _as_read(item)), put_new(CLIENT_ID, to_item(member, kept))]
    claim = to_claim(member, origin or "")
    if (old.account_id, old.phone_number) == (member.account_id, member.phone_number):
        return [*writes, put_if(VERSION, claim, _owned_by(old))]
    return [*writes, _release(old), put_new(PHONE, claim)]


def deletion(item: Item) -> list[ConditionalWrite]:
    """Returns the writes that delete the member read as `item` and free its phone number."""
    old = from_item(item)
    key = member_key(old.account_id, old.client_member_id)
    return [delete_if(VERSION, key, _as_read(item)), _release(old)]


def taken(failed_writes: Iterable[FailedWrite]) -> Taken:
    """Returns the error for the caller: which values are taken, and by whom."""
    names = {PHONE: "The phone number", CLIENT_ID: "The client member id"}
    errors = []
    for write, stored_item in failed_writes:
        holder = holder_of(stored_item)
        detail = f"{names[write.constraint]} belongs to member {holder.member_id} of this account."
        errors.append(FieldError(f"#/{write.constraint}", f"{write.constraint}_taken", detail, holder))
    return Taken(errors)


def _as_read(item: Item) -> Item:
    """Returns what must be unchanged since the member was read.

    The version alone is not enough: a member that was deleted and created again counts from 1. The phone number
    must be unchanged because the write puts it back.
    """
    return {name: item[name] for name in ("version", "last_modified", "phone_number")}


def _release(old: Member) -> ConditionalWrite:
    """Returns the write that frees a member's phone number."""
    return delete_if(VERSION, claim_key(old.account_id, old.phone_number), _owned_by(old))


def _owned_by(member: Member) -> Item:
    """Returns the condition that a claim is still this member's."""
    return {"client_member_id": {"S": member.client_member_id}}
