"""What can be wrong with a member's item, with the claim on its phone number, and with its place in the index. Pure.

No write of this service leaves such a fault. They come from elsewhere: items that were edited by hand, or restored
from a backup in part.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chalicelib.dynamodb.items import Item

from .items import (
    CLAIM_PREFIX,
    MEMBER_PREFIX,
    SORT_PREFIX,
    account_shard,
    claim_key,
    claimed_phone_key,
    from_item,
    member_key,
    member_key_of,
    name_order,
    shard_of,
)

FaultCode = Literal[
    "member_without_claim",  # nobody holds the phone number of a member: another could take it
    "claim_of_another",  # the claim on it names another member, which has another number, or does not exist
    "number_held_twice",  # and that member has the number too: a person has to decide whose it is
    "claim_without_member",  # a claim names a member that does not exist, or has another number: nobody gets it
    "wrong_index_keys",  # a member is in the index under another account or name than its own, or not at all
    "claim_in_index",  # a claim has keys of the index, where lists would take it for a member
    "unreadable",  # an item lacks attributes that each member or claim has
]
INDEX_KEYS = ("account_shard", "name_order")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a member or of a claim. `phone_number` is the number claimed, "" where it is unknown."""

    code: FaultCode
    account_id: str
    client_member_id: str
    phone_number: str = ""


@dataclass(frozen=True, slots=True)
class Related:
    """An item with what must agree with it, None where nothing is stored there.

    Of a member: `counterpart` is the claim on its phone number, and `holder` the other member that this claim names.
    Of a claim: `counterpart` is the member that it names.
    """

    item: Item
    counterpart: Item | None
    holder: Item | None = None


def is_member(item: Mapping[str, Any]) -> bool:
    """Returns whether an item, or a key, is that of a member."""
    return str(item["pk"]["S"]).startswith(MEMBER_PREFIX)


def is_readable(item: Mapping[str, Any]) -> bool:
    """Returns whether an item has what each member, or each claim, has."""
    if not item["sk"]["S"].startswith(SORT_PREFIX):
        return False
    try:
        return bool(from_item(item) if is_member(item) else item["client_member_id"]["S"])
    except (KeyError, ValueError):
        return False


def counterpart_key(item: Mapping[str, Any]) -> Item:
    """Returns the key of the item that must agree with a readable one."""
    key = member_key_of(item)
    return claim_key(key.account_id, item["phone_number"]["S"]) if is_member(item) else member_key(*key)


def holder_key(related: Related) -> Item | None:
    """Returns the key of the other member that the claim on a member's number names, None if it names no other."""
    claim = related.counterpart
    if not is_member(related.item) or not claim or not is_readable(claim):
        return None
    return None if member_key_of(claim) == member_key_of(related.item) else member_key(*member_key_of(claim))


def faults_of(related: Related) -> Iterator[Fault]:
    """Yields what is wrong with an item. Another member that holds its number is looked at only where it is given."""
    item = related.item
    if not is_readable(item):
        yield _unreadable(item)
    elif is_member(item):
        key, number = member_key_of(item), item["phone_number"]["S"]
        if code := _claim_fault(related):
            yield Fault(code, *key, number)
        if any(item.get(name) != value for name, value in index_keys(item).items()):
            yield Fault("wrong_index_keys", *key, number)
    else:
        key, number = member_key_of(item), claimed_phone_key(item).phone_number
        if not _has_number(related.counterpart, number):
            yield Fault("claim_without_member", *key, number)
        if any(name in item for name in INDEX_KEYS):
            yield Fault("claim_in_index", *key, number)


def index_keys(item: Mapping[str, Any]) -> Item:
    """Returns the attributes that put a member in the index."""
    member = from_item(item)
    shard = account_shard(member.account_id, shard_of(member.client_member_id))
    return {"account_shard": {"S": shard}, "name_order": {"S": name_order(member)}}


def _claim_fault(related: Related) -> FaultCode | None:
    claim = related.counterpart
    if claim is None:
        return "member_without_claim"
    if holder_key(related) is None:
        return None
    number = related.item["phone_number"]["S"]
    return "number_held_twice" if _has_number(related.holder, number) else "claim_of_another"


def _has_number(member: Item | None, number: str) -> bool:
    """Returns whether a member has a number; of one without any, the fault is its own."""
    return member is not None and member.get("phone_number", {"S": number}) == {"S": number}


def _unreadable(item: Mapping[str, Any]) -> Fault:
    """Returns the fault of an unreadable item, with what its key says of whose it is."""
    account_id, value = item["sk"]["S"].removeprefix(SORT_PREFIX), item["pk"]["S"]
    if is_member(item):
        return Fault("unreadable", account_id, value.removeprefix(MEMBER_PREFIX))
    return Fault("unreadable", account_id, "", value.removeprefix(CLAIM_PREFIX))
