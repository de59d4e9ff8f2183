"""Reads an account's items and checks that they agree."""

from chalicelib import config
from chalicelib.dynamodb.items import Item
from chalicelib.members.history import Entry, entry_of
from chalicelib.members.items import (
    INDEX,
    SHARDS,
    account_shard,
    claim_key,
    from_item,
    history_key,
    member_key,
    member_key_of,
    name_order,
    shard_of,
)
from chalicelib.members.model import Member
from tests.support.history import check_history


def members_of(account_id: str, table_name: str = "") -> dict[str, Member]:
    """Returns the account's members by client member id, after checking all items of the account.

    Asserts what holds whenever no write is under way: each member has its claim, each claim its member, the index
    equals the table, and history has every change.
    """
    table_name = table_name or config.settings().table_name
    items, entries = _items_of(account_id, table_name)
    found = [(item, from_item(item)) for item in items if "phone_number" in item]
    members = {member.client_member_id: member for _, member in found}
    claims = {item["pk"]["S"]: member_key_of(item) for item in items if "phone_number" not in item}
    expected = {
        claim_key(account_id, m.phone_number)["pk"]["S"]: (account_id, m.client_member_id)
        for m in members.values()
    }
    assert len(expected) == len(members), "two members have one phone number"
    assert claims == expected, "a member without its claim, or a claim without its member"
    for item, member in found:
        shard = shard_of(member.client_member_id)
        assert item["account_shard"] == {"S": account_shard(account_id, shard)}
        assert item["name_order"] == {"S": name_order(member)}
    indexed = {member.client_member_id: member for member in map(from_item, _indexed(account_id, table_name))}
    assert indexed == members, "the index differs from the table"
    check_history(members.values(), entries)
    return members


def history_of(account_id: str, table_name: str = "") -> list[Entry]:
    """Returns the entries of the history of an account's members."""
    return _items_of(account_id, table_name or config.settings().table_name)[1]


def _items_of(account_id: str, table_name: str) -> tuple[list[Item], list[Entry]]:
    """Returns the account's members and claims, and its history, without the items of dry runs, which expire."""
    history = history_key(account_id, "", "")
    pages = config.dynamodb().get_paginator("scan")
    found = pages.paginate(
        TableName=table_name,
        ConsistentRead=True,
        FilterExpression="(sk = :sk AND attribute_not_exists(expires_at)) OR "
        "(begins_with(pk, :history_pk) AND begins_with(sk, :history_sk))",
        ExpressionAttributeValues={
            ":sk": member_key(account_id, "")["sk"],
            ":history_pk": history["pk"],
            ":history_sk": history["sk"],
        },
    )
    items = [item for page in found for item in page["Items"]]
    entries = [entry_of(item) for item in items if item["pk"]["S"].startswith(history["pk"]["S"])]
    return [item for item in items if item["sk"] == member_key(account_id, "")["sk"]], entries


def _indexed(account_id: str, table_name: str) -> list[Item]:
    """Returns the account's items in the index."""
    pages = config.dynamodb().get_paginator("query")
    return [
        item
        for shard in range(SHARDS)
        for page in pages.paginate(
            TableName=table_name,
            IndexName=INDEX,
            KeyConditionExpression="account_shard = :shard",
            ExpressionAttributeValues={":shard": {"S": account_shard(account_id, shard)}},
        )
        for item in page["Items"]
    ]
