"""Keys and items of members and phone claims. No other module builds these keys."""

import zlib
from collections.abc import Mapping
from typing import Any

import orjson

from chalicelib.dynamodb.items import Item
from chalicelib.errors import Holder
from chalicelib.fields.text import SEPARATOR

from .folding import fold_name
from .model import Member, MemberKey, Origin, PhoneKey, member_id

INDEX = "by_account"
MEMBER_PREFIX, CLAIM_PREFIX = "CLIENT#", "PHONE#"  # of their partition keys; no others have these
SORT_PREFIX = "ACCOUNT#"
SHARDS = 8  # index partitions of one account, which take 8,000 writes per second


def member_key(account_id: str, client_member_id: str) -> Item:
    """Returns the key of a member."""
    return {"pk": {"S": f"CLIENT#{client_member_id}"}, "sk": {"S": f"ACCOUNT#{account_id}"}}


def claim_key(account_id: str, phone_number: str) -> Item:
    """Returns the key of the claim that gives a phone number (E.164) to one member of an account."""
    return {"pk": {"S": f"PHONE#{phone_number}"}, "sk": {"S": f"ACCOUNT#{account_id}"}}


def history_key(account_id: str, client_member_id: str, position: str) -> Item:
    """Returns the key of an entry of a member's history; positions sort by time."""
    # No id contains the separator, so the entries of account 1 are not among those of account 1#2.
    return {
        "pk": {"S": f"HISTORY#{client_member_id}"},
        "sk": {"S": f"ACCOUNT#{account_id}{SEPARATOR}{position}"},
    }


def parse_history_key(item: Mapping[str, Any]) -> tuple[MemberKey, str]:
    """Returns (key of the member, position) of an entry of its history."""
    account_id, _, position = item["sk"]["S"].removeprefix("ACCOUNT#").partition(SEPARATOR)
    return MemberKey(account_id, item["pk"]["S"].removeprefix("HISTORY#")), position


def account_shard(account_id: str, shard: int) -> str:
    """Returns the index partition of one shard of an account."""
    return f"{account_id}#{shard}"


def shard_of(client_member_id: str) -> int:
    """Returns the shard that lists a member."""
    return zlib.crc32(client_member_id.encode()) % SHARDS


def name_order(member: Member) -> str:
    """Returns the sort key of a member in its account: last name, first name, client member id."""
    return _name_order(member.last_name, member.first_name, member.client_member_id)


def name_order_of(item: Mapping[str, Any]) -> str:
    """Returns the sort key of the member in an item, whatever key the item has."""
    return _name_order(item["last_name"]["S"], item["first_name"]["S"], member_key_of(item).client_member_id)


def _name_order(last_name: str, first_name: str, client_member_id: str) -> str:
    return SEPARATOR.join((fold_name(last_name), fold_name(first_name), client_member_id))


def to_item(member: Member, origin: str = "") -> Item:
    """Returns the member as an item; `origin` is the Origin of an imported row, as text."""
    item = member_key(member.account_id, member.client_member_id)
    item |= {
        "account_shard": {"S": account_shard(member.account_id, shard_of(member.client_member_id))},
        "name_order": {"S": name_order(member)},
        "first_name": {"S": member.first_name},
        "last_name": {"S": member.last_name},
        "phone_number": {"S": member.phone_number},
        "created_at": {"S": member.created_at},
        "last_modified": {"S": member.last_modified},
        "version": {"N": str(member.version)},
    }
    if member.created_by:
        item["created_by"] = {"S": member.created_by}
    if member.modified_by:
        item["modified_by"] = {"S": member.modified_by}
    if origin:
        item["origin"] = {"S": origin}
    return item


def member_key_of(item: Mapping[str, Any]) -> MemberKey:
    """Returns the member's key from its item, or from its claim on a phone number."""
    account_id = item["sk"]["S"].removeprefix("ACCOUNT#")
    if "client_member_id" in item:
        return MemberKey(account_id, item["client_member_id"]["S"])
    return MemberKey(account_id, item["pk"]["S"].removeprefix("CLIENT#"))


def phone_key_of(item: Mapping[str, Any]) -> PhoneKey:
    """Returns the key of a member's phone number, from the member's item."""
    return PhoneKey(member_key_of(item).account_id, item["phone_number"]["S"])


def from_item(item: Mapping[str, Any]) -> Member:
    """Returns the member in an item."""
    key = member_key_of(item)
    return Member(
        account_id=key.account_id,
        client_member_id=key.client_member_id,
        first_name=item["first_name"]["S"],
        last_name=item["last_name"]["S"],
        phone_number=item["phone_number"]["S"],
        created_at=item["created_at"]["S"],
        created_by=item["created_by"]["S"] if "created_by" in item else None,
        modified_by=item["modified_by"]["S"] if "modified_by" in item else None,
        last_modified=item["last_modified"]["S"],
        version=int(item["version"]["N"]),
    )


def to_claim(member: Member, origin: str = "") -> Item:
    """Returns the claim of a member on its phone number."""
    claim = claim_key(member.account_id, member.phone_number)
    claim["client_member_id"] = {"S": member.client_member_id}
    if origin:
        if "|" in origin:  # what the row has replaced: the member's item has it
            origin = origin.partition("|")[0]
        claim["origin"] = {"S": origin}
    return claim


def claimed_phone_key(claim: Item) -> PhoneKey:
    """Returns the key of the phone number that a claim is on."""
    return PhoneKey(member_key_of(claim).account_id, claim["pk"]["S"].removeprefix("PHONE#"))


def origin_of(item: Mapping[str, Any]) -> Origin | None:
    """Returns the row that wrote an item, None if a caller of the API did."""
    return parse_origin(item["origin"]["S"]) if "origin" in item else None


def parse_origin(text: str) -> Origin | None:
    """Returns the Origin of a text, None for an empty one."""
    if not text:
        return None
    import_id, _, row = text.partition("#")
    line, _, rest = row.partition(":")
    outcome, _, rest = rest.partition("@")
    arrived_at, _, before = rest.partition("|")
    values = tuple((name, value) for name, value in orjson.loads(before)) if before else ()
    return Origin(import_id, int(line), outcome, arrived_at, values)


def holder_of(item: Mapping[str, Any]) -> Holder:
    """Returns the member that an item or a claim belongs to."""
    origin = origin_of(item)
    row = (origin.import_id, origin.line) if origin else ()
    return Holder(member_id(*member_key_of(item)), *row)
