"""The peers' table: plain calls of boto3's client, without a library on top.

A create is one transaction of two conditional puts, as in Rollcall. A page is one query of one index partition for
each account, so an account takes at most 1,000 writes a second (Amazon DynamoDB Developer Guide, "Best practices for
designing and using partition keys effectively"); Rollcall's accounts are spread over shards.
It has no retries of its own, and no error names the member that holds a taken value.
"""

import base64
import json
import os
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

INDEX = "by_account"
FIELDS = (
    "account_id",
    "client_member_id",
    "first_name",
    "last_name",
    "phone_number",
    "created_at",
    "last_modified",
)


class TakenError(Exception):
    """The phone number or the client member id belongs to another member of the account."""


@cache
def client() -> Any:
    """Returns this process's one client."""
    return boto3.client("dynamodb")


def table_name() -> str:
    """Returns the table of the environment."""
    return os.environ["PEERS_TABLE_NAME"]


def table_definition() -> dict[str, Any]:
    """Returns the parameters of create_table, without the name."""
    keys = ("pk", "sk", "account_id", "name_order")
    return {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in keys],
        "KeySchema": _key_schema("pk", "sk"),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": INDEX,
                "KeySchema": _key_schema("account_id", "name_order"),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    }


def _key_schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def get(account_id: str, client_member_id: str) -> dict[str, Any] | None:
    """Returns a member, None if there is none."""
    found = client().get_item(
        TableName=table_name(), Key=_key(account_id, "MEMBER", client_member_id), ConsistentRead=True
    )
    return _member(found["Item"]) if "Item" in found else None


def create(new: dict[str, str]) -> dict[str, Any]:
    """Creates a member. Raises TakenError."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    member = {**new, "created_at": now, "last_modified": now}
    account_id, client_member_id = new["account_id"], new["client_member_id"]
    order = "\x1f".join((new["last_name"].casefold(), new["first_name"].casefold(), client_member_id))
    item = {name: {"S": value} for name, value in member.items()}
    item |= {"version": {"N": "1"}, "name_order": {"S": order}}
    claim = {"client_member_id": {"S": client_member_id}}
    keys = (
        _key(account_id, "MEMBER", client_member_id),
        _key(account_id, "PHONE", new["phone_number"]),
    )
    puts = [
        {
            "Put": {
                "TableName": table_name(),
                "Item": {**key, **values},
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
        for key, values in zip(keys, (item, claim), strict=True)
    ]
    try:
        client().transact_write_items(TransactItems=puts)
    except ClientError as error:
        if error.response["Error"]["Code"] != "TransactionCanceledException":
            raise
        raise TakenError from None
    return {**member, "version": 1}


def page(account_id: str, limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """Returns (at most `limit` members of an account in name order, the cursor of the next page)."""
    query = {
        "TableName": table_name(),
        "IndexName": INDEX,
        "KeyConditionExpression": "account_id = :account",
        "ExpressionAttributeValues": {":account": {"S": account_id}},
        "Limit": limit,
    }
    if cursor:
        query["ExclusiveStartKey"] = json.loads(base64.urlsafe_b64decode(cursor))
    found = client().query(**query)
    last = found.get("LastEvaluatedKey")
    following = base64.urlsafe_b64encode(json.dumps(last).encode()).decode() if last else None
    return [_member(item) for item in found["Items"]], following


def _key(account_id: str, kind: str, value: str) -> dict[str, Any]:
    return {"pk": {"S": f"ACCOUNT#{account_id}"}, "sk": {"S": f"{kind}#{value}"}}


def _member(item: dict[str, Any]) -> dict[str, Any]:
    return {**{name: item[name]["S"] for name in FIELDS}, "version": int(item["version"]["N"])}
