"""The conditional writes that create, change, move and delete a member."""

from collections.abc import Iterable

from chalicelib.clock import now
from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.writes import ConditionalWrite, FailedWrite, delete_if, put_if, put_new, unused
from chalicelib.errors import FieldError, Taken

from .history import HISTORY_DAYS, VERSION, Cause, record
from .items import claim_key, from_item, holder_of, member_key, origin_of, to_claim, to_item
from .model import Member, NewMember, key_of

# The constraints. After a failed VERSION (of history too) the member is read again; these are errors for the caller.
PHONE = "phone_number"
CLIENT_ID = "client_member_id"


def creation(member: Member, origin: str = "") -> list[ConditionalWrite]:
    """Returns the two writes that add a member: its item and the claim on its phone number."""
    return [
        put_new(CLIENT_ID, to_item(member, origin)),
        put_new(PHONE, to_claim(member, origin)),
    ]


def creation_checks(member: NewMember) -> list[ConditionalWrite]:
    """Returns what to check before a member is added whose client member id is unused: that its number is, too."""
    return [unused(PHONE, claim_key(member.account_id, member.phone_number))]


def alteration(
    item: Item, member: Member, origin: str | None = None, history_days: int = HISTORY_DAYS
) -> list[ConditionalWrite]:
    """Returns the writes that turn the member read as `item` into `member`, and record what it was.

    `origin` is that of the imported row. Without one the stored origin stays, so that a repeated load still
    recognizes its rows.
    """
    old = from_item(item)
    new = to_item(member, item["origin"]["S"] if origin is None and "origin" in item else origin or "")
    cause = Cause(member.modified_by, member.last_modified, origin or "", history_days)
    recorded = record(old, member, cause, origin_of(item))
    if key_of(old) == key_of(member):
        writes = [put_if(VERSION, new, unchanged(item)), *recorded]
        if old.phone_number == member.phone_number:
            return writes
    else:
        old_key = member_key(*key_of(old))
        writes = [delete_if(VERSION, old_key, unchanged(item)), put_new(CLIENT_ID, new), *recorded]
    claim = to_claim(member, origin or "")
    if (old.account_id, old.phone_number) == (member.account_id, member.phone_number):
        return [*writes, put_if(VERSION, claim, _held_by(old))]
    return [*writes, _release_phone(old), put_new(PHONE, claim)]


def deletion(
    item: Item, by: str | None, origin: str = "", history_days: int = HISTORY_DAYS
) -> list[ConditionalWrite]:
    """Returns the writes that delete the member read as `item`, free its phone number, and record what it was."""
    old = from_item(item)
    cause = Cause(by, max(now(), old.last_modified), origin, history_days)
    return [*erasure(item), *record(old, None, cause, origin_of(item))]


def erasure(item: Item) -> list[ConditionalWrite]:
    """Returns the writes that delete the member read as `item` and free its phone number, without a record."""
    old = from_item(item)
    return [delete_if(VERSION, member_key(*key_of(old)), unchanged(item)), _release_phone(old)]


def taken_error(failed_writes: Iterable[FailedWrite]) -> Taken:
    """Returns the error that names each taken value and its holder."""
    names = {PHONE: "The phone number", CLIENT_ID: "The client member id"}
    errors = []
    for write, stored_item in failed_writes:
        holder = holder_of(stored_item)
        detail = f"{names[write.constraint]} belongs to member {holder.member_id} of this account."
        errors.append(FieldError(f"#/{write.constraint}", f"{write.constraint}_taken", detail, holder))
    return Taken(errors)


def unchanged(item: Item) -> Item:
    """Returns the attributes that must be unchanged since the member was read.

    The version is not enough, because a member that was deleted and created again restarts at 1. The phone number
    is included because the write restores it.
    """
    return {name: item[name] for name in ("version", "last_modified", "phone_number")}


def _release_phone(old: Member) -> ConditionalWrite:
    """Returns the write that frees a member's phone number."""
    return delete_if(VERSION, claim_key(old.account_id, old.phone_number), _held_by(old))


def _held_by(member: Member) -> Item:
    """Returns the attributes of a claim that this member still holds."""
    return {"client_member_id": {"S": member.client_member_id}}
