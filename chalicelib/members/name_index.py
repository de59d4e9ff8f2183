"""The index by_account: an account's members in name order, merged from its shards."""

import heapq
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table
from chalicelib.fields.text import SEPARATOR

from .folding import HIGHEST, fold_name
from .items import INDEX, SHARDS, account_shard, member_key, member_key_of, shard_of

T = TypeVar("T")


class NameIndex:
    """Reads the index, which is eventually consistent: it shows a write moments later."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._pool = ThreadPoolExecutor(SHARDS)  # starts no thread before its first use

    def list_account(
        self,
        account_id: str,
        prefix: str | None,
        after: list[str] | None,
        limit: int,
        *,
        descending: bool = False,
    ) -> list[Item]:
        """Returns the account's next `limit` members in name order whose last names start with `prefix`.

        `descending` is the order from Z to A, in which `after` is the higher end.
        """
        share = limit / SHARDS
        size = math.ceil(share + 2 * math.sqrt(share))  # a shard seldom has more of the page
        start = SEPARATOR.join(after or [])
        low = fold_name(prefix or "")
        shard_condition = backward_query if descending else shard_query
        queries = [
            {**shard_condition(account_id, shard, low, start), "Limit": size} for shard in range(SHARDS)
        ]
        first_pages = self._pool.map(lambda query: self._table.query(**query), queries)  # one round trip
        shards = [self._table.query_all(first, **q) for q, first in zip(queries, first_pages, strict=True)]
        merged = heapq.merge(*shards, key=_place, reverse=descending)
        return list(islice((item for item in merged if _place(item) != start), limit))

    def shard_ids(self, account_id: str, shard: int) -> Iterator[tuple[str, str]]:
        """Yields (client member id, time of creation) of each member in a shard of an account."""
        items = self._table.query_all(
            IndexName=INDEX,
            KeyConditionExpression="account_shard = :shard",
            ExpressionAttributeValues={":shard": {"S": account_shard(account_id, shard)}},
            ProjectionExpression="pk, sk, created_at",
        )
        return ((member_key_of(item).client_member_id, item["created_at"]["S"]) for item in items)

    def in_order(
        self, account_id: str, prefix: str | None, after: str, convert: Callable[[Item], T]
    ) -> Iterator[tuple[str, T]]:
        """Yields all members of an account whose last names start with `prefix`, in name order after a place in it.

        A member is yielded as (its place, what `convert` makes of its item). Of each shard a page is held, of what
        `convert` returns: items take ten times the memory.
        """
        low = fold_name(prefix or "")
        shards = (self._shard(account_id, shard, low, after, convert) for shard in range(SHARDS))
        return heapq.merge(*shards, key=itemgetter(0))

    def _shard(
        self, account_id: str, shard: int, prefix: str, after: str, convert: Callable[[Item], T]
    ) -> Iterator[tuple[str, T]]:
        """Yields what `in_order` does of one shard."""
        page = self._table.query(**shard_query(account_id, shard, prefix, after))
        # A page starts where the last one ended: without a prefix no other bound is needed.
        following = shard_query(account_id, shard, prefix)
        while True:
            found = [(item["name_order"]["S"], convert(item)) for item in page["Items"]]
            start = page.get("LastEvaluatedKey")
            page = {}
            yield from found
            if not start:
                return
            page = self._table.query(**following, ExclusiveStartKey=start)

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


def shard_query(account_id: str, shard: int, prefix: str = "", after: str = "") -> dict[str, Any]:
    """Returns the query for one shard's names with this prefix that sort after `after`."""
    condition = "account_shard = :shard"
    values = {":shard": {"S": account_shard(account_id, shard)}}
    if prefix:
        low = max(prefix, after + "\0")  # the next possible name
        condition += " AND name_order BETWEEN :low AND :high"
        values |= {":low": {"S": low}, ":high": {"S": max(low, prefix + HIGHEST)}}
    elif after:
        condition += " AND name_order > :after"
        values[":after"] = {"S": after}
    return {
        "IndexName": INDEX,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": values,
    }


def backward_query(account_id: str, shard: int, prefix: str = "", before: str = "") -> dict[str, Any]:
    """Returns the query for one shard's names with this prefix from Z to A, from `before` on.

    With a prefix the name `before` itself is found too: DynamoDB has no condition that excludes one end of a range.
    """
    query = {**shard_query(account_id, shard, prefix), "ScanIndexForward": False}
    values = query["ExpressionAttributeValues"]
    if before and prefix:
        values[":high"] = {"S": max(prefix, min(before, prefix + HIGHEST))}
    elif before:
        query["KeyConditionExpression"] += " AND name_order < :before"
        values[":before"] = {"S": before}
    return query


def _place(item: Item) -> str:
    """Returns the place of a member in its account, by name."""
    return str(item["name_order"]["S"])
