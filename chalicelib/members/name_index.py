"""The index by_account: an account's members in name order, merged from its shards."""

import heapq
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table
from chalicelib.fields.text import MAX_LENGTH, SEPARATOR

from .items import INDEX, SHARDS, account_shard, fold_name, member_key, member_key_of, shard_of

HIGHEST = "\U0010ffff" * (MAX_LENGTH + 1)  # sorts after every name


class NameIndex:
    """Reads the index, which is eventually consistent: it shows a write moments later."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._pool = ThreadPoolExecutor(SHARDS)  # starts no thread before its first use

    def list_account(
        self, account_id: str, prefix: str | None, after: list[str] | None, limit: int
    ) -> list[Item]:
        """Returns the account's next `limit` members in name order whose last names start with `prefix`."""
        share = limit / SHARDS
        size = math.ceil(share + 2 * math.sqrt(share))  # a shard seldom has more of the page
        start = SEPARATOR.join(after or [])
        low = fold_name(prefix or "")
        queries = [_shard_query(account_id, shard, low, start, size) for shard in range(SHARDS)]
        first_pages = self._pool.map(lambda query: self._table.query(**query), queries)  # one round trip
        shards = [self._table.query_all(first, **q) for q, first in zip(queries, first_pages, strict=True)]
        merged = heapq.merge(*shards, key=lambda item: item["name_order"]["S"])
        return list(islice(merged, limit))

    def shard_ids(self, account_id: str, shard: int) -> Iterator[tuple[str, str]]:
        """Yields (client member id, time of creation) of each member in a shard of an account."""
        items = self._table.query_all(
            IndexName=INDEX,
            KeyConditionExpression="account_shard = :shard",
            ExpressionAttributeValues={":shard": {"S": account_shard(account_id, shard)}},
            ProjectionExpression="pk, sk, created_at",
        )
        return ((member_key_of(item).client_member_id, item["created_at"]["S"]) for item in items)

    def list_all(self, after: list[str] | None, limit: int) -> list[Item]:
        """Returns the next `limit` members of all accounts, unordered. The index contains only members."""
        scan: dict[str, Any] = {"IndexName": INDEX, "Limit": limit}
        if after:
            account_id, *names = after
            client_member_id = names[-1]
            scan["ExclusiveStartKey"] = {
                **member_key(account_id, client_member_id),
                "account_shard": {"S": account_shard(account_id, shard_of(client_member_id))},
                "name_order": {"S": SEPARATOR.join(names)},
            }
        items: list[Item] = []
        while len(items) < limit:
            page = self._table.scan(**scan)
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                break
            scan["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        return items[:limit]


def _shard_query(account_id: str, shard: int, prefix: str, after: str, size: int) -> dict[str, Any]:
    """Returns the query for one shard's part of a page: names with this prefix that sort after `after`."""
    low = max(prefix, after + "\0")  # the next possible name
    return {
        "IndexName": INDEX,
        "KeyConditionExpression": "account_shard = :shard AND name_order BETWEEN :low AND :high",
        "ExpressionAttributeValues": {
            ":shard": {"S": account_shard(account_id, shard)},
            ":low": {"S": low},
            ":high": {"S": max(low, prefix + HIGHEST)},
        },
        "Limit": size,
    }
