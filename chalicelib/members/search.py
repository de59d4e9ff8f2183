"""Finding members: which way into the table a search takes, and pages that never count and never skip."""

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.retries import transient_errors_as_busy
from chalicelib.dynamodb.table import KEYS_A_READ, batch_get
from chalicelib.fields.text import MAX_LENGTH, SEPARATOR
from chalicelib.scope import Scope

from .cursors import _next, _next_listed, _read_cursor, _write_cursor
from .items import INDEX, SHARDS, account_shard, claim_key, folded, from_item, key_of, member_key, shard_of
from .model import Member

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


HIGHEST = "\U0010ffff" * (MAX_LENGTH + 1)  # sorts after every name, one of the highest character included
EVERYWHERE = Scope()
LOOKS = 3  # at a phone number whose owner moves


@dataclass(frozen=True, slots=True)
class Search:
    """What a member must be; None is no condition. `last_name` is a prefix and needs an account."""

    account_id: str | None = None
    client_member_id: str | None = None
    phone_number: str | None = None
    last_name: str | None = None

    def matches(self, member: Member) -> bool:
        """Whether the member is all of it."""
        return (
            self.account_id in (None, member.account_id)
            and self.client_member_id in (None, member.client_member_id)
            and self.phone_number in (None, member.phone_number)
            and folded(member.last_name).startswith(folded(self.last_name or ""))
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some members, and the cursor of the next page where there is one."""

    members: list[Member]
    cursor: str | None


class MemberSearch:
    """The searches over one table."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name
        self._pool = ThreadPoolExecutor(SHARDS)  # starts no thread before the first listing of an account

    def find(self, search: Search, limit: int, cursor: str | None = None, scope: Scope = EVERYWHERE) -> Page:
        """At most `limit` members that match, from `cursor` on; where no account is asked for, those of the scope.

        An account's members come in name order, through an index that trails its writes by moments. A search
        by client member id or phone number reads the table itself, and so sees every write that was answered.
        Raises Malformed for a cursor of another search.
        """
        if search.account_id is not None and (search.client_member_id or search.phone_number):
            _read_cursor(cursor, "one", 0)  # of one member there is one page
            return self._one(search.account_id, search)
        if search.phone_number is not None:
            return self._by_phone(search, limit, _read_cursor(cursor, "phone", 1), scope)
        if search.client_member_id is not None:
            return self._by_client_id(search, limit, _read_cursor(cursor, "client", 1), scope)
        if search.account_id is not None:
            return self._by_name(search.account_id, search.last_name, limit, _read_cursor(cursor, "name", 3))
        if scope.accounts is not None:
            return self._of_accounts(scope.accounts, limit, _read_cursor(cursor, "accounts", 4))
        return self._all(limit, _read_cursor(cursor, "all", 4))

    def _one(self, account_id: str, search: Search) -> Page:
        """The one member of an account that can match, by its client member id or by its phone number."""
        if search.client_member_id is not None:
            item = self._item(member_key(account_id, search.client_member_id))
            member = from_item(item) if item else None
        else:
            member = self._owner(account_id, search.phone_number or "")
        return Page([member] if member and search.matches(member) else [], None)

    def _owner(self, account_id: str, phone_number: str) -> Member | None:
        """Who has a phone number. A member that moves between the two reads is looked for again."""
        for _ in range(LOOKS):
            claim = self._item(claim_key(account_id, phone_number))
            if claim is None:
                return None
            item = self._item(member_key(*key_of(claim)))
            if item and item["phone_number"]["S"] == phone_number:
                return from_item(item)
        return None

    def _item(self, key: Item) -> Item | None:
        with transient_errors_as_busy():
            answer = self._client.get_item(TableName=self._table_name, Key=key, ConsistentRead=True)
        return answer.get("Item")

    def _by_phone(self, search: Search, limit: int, after: list[str] | None, scope: Scope) -> Page:
        """One phone number's members over all accounts, through its claims."""
        key = partial(claim_key, phone_number=search.phone_number or "")
        claims = list(islice(self._over_accounts(key, after, limit + 1, scope), limit + 1))
        keys = [member_key(*key_of(claim)) for claim in claims[:limit]]
        found = sorted((from_item(item) for item in self._batch(keys)), key=lambda m: m.account_id)
        # A member may have moved between the two reads; it has this number no more.
        return Page([m for m in found if search.matches(m)], _next("phone", claims, limit))

    def _by_client_id(self, search: Search, limit: int, after: list[str] | None, scope: Scope) -> Page:
        key = partial(member_key, client_member_id=search.client_member_id or "")
        items = list(islice(self._over_accounts(key, after, limit + 1, scope), limit + 1))
        return Page([from_item(item) for item in items[:limit]], _next("client", items, limit))

    def _by_name(self, account_id: str, prefix: str | None, limit: int, after: list[str] | None) -> Page:
        """An account's members in name order. The cursor is the last range key served, in whichever shard it lay."""
        items = self._in_order(account_id, prefix, after, limit + 1)
        cursor = None
        if len(items) > limit:
            cursor = _write_cursor("name", items[limit - 1]["name_order"]["S"].split(SEPARATOR))
        return Page([from_item(item) for item in items[:limit]], cursor)

    def _of_accounts(self, accounts: Iterable[str], limit: int, after: list[str] | None) -> Page:
        """The members of some accounts, one account after the other, each in name order."""
        reached, *names = after or [""]
        items: list[Item] = []
        for account_id in sorted(account for account in accounts if account >= reached):
            start = names if account_id == reached else None
            items += self._in_order(account_id, None, start, limit + 1 - len(items))
            if len(items) > limit:
                break
        return Page([from_item(item) for item in items[:limit]], _next_listed("accounts", items, limit))

    def _in_order(
        self, account_id: str, prefix: str | None, after: list[str] | None, wanted: int
    ) -> list[Item]:
        """The next so many members of an account by name: its shards, merged."""
        share = wanted / SHARDS
        size = math.ceil(share + 2 * math.sqrt(share))  # a shard seldom holds more of the page than this
        start = SEPARATOR.join(after or [])
        low = folded(prefix or "")
        queries = [self._shard_query(account_id, shard, low, start, size) for shard in range(SHARDS)]
        firsts = self._pool.map(self._query, queries)  # side by side: the page waits for one round trip
        shards = [self._pages(q, first) for q, first in zip(queries, firsts, strict=True)]
        merged = heapq.merge(*shards, key=lambda item: item["name_order"]["S"])
        return list(islice(merged, wanted))

    def _all(self, limit: int, after: list[str] | None) -> Page:
        """Every member, in no order of use to people, through the index: it holds members alone."""
        scan: dict[str, Any] = {"TableName": self._table_name, "IndexName": INDEX, "Limit": limit + 1}
        if after:
            account_id, *names = after
            client_member_id = names[-1]
            scan["ExclusiveStartKey"] = {
                **member_key(account_id, client_member_id),
                "account_shard": {"S": account_shard(account_id, shard_of(client_member_id))},
                "name_order": {"S": SEPARATOR.join(names)},
            }
        items: list[Item] = []
        while len(items) <= limit:
            with transient_errors_as_busy():
                answer = self._client.scan(**scan)
            items += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                break
            scan["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return Page([from_item(item) for item in items[:limit]], _next_listed("all", items, limit))

    def _shard_query(self, account_id: str, shard: int, prefix: str, after: str, size: int) -> dict[str, Any]:
        """One shard's part of a page: all that starts with `prefix` and comes after `after`."""
        low = max(prefix, after + "\0")  # the next text there is
        return {
            "TableName": self._table_name,
            "IndexName": INDEX,
            "KeyConditionExpression": "account_shard = :shard AND name_order BETWEEN :low AND :high",
            "ExpressionAttributeValues": {
                ":shard": {"S": account_shard(account_id, shard)},
                ":low": {"S": low},
                ":high": {"S": max(low, prefix + HIGHEST)},
            },
            "Limit": size,
        }

    def _query(self, query: Mapping[str, Any]) -> dict[str, Any]:
        with transient_errors_as_busy():
            return dict(self._client.query(**query))

    def _pages(self, query: dict[str, Any], first: Mapping[str, Any]) -> Iterator[Item]:
        """The items of a query whose first page is there, more pages as they are asked for."""
        answer = first
        while True:
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            answer = self._query({**query, "ExclusiveStartKey": answer["LastEvaluatedKey"]})

    def _over_accounts(
        self, key: Callable[[str], Item], after: list[str] | None, size: int, scope: Scope
    ) -> Iterator[Item]:
        """The items under a key of each account in the scope, by account id, after the account in `after`."""
        if scope.accounts is None:
            yield from self._partition(key(""), after, size)
            return
        names = sorted(account for account in scope.accounts if account > (after or [""])[0])
        for i in range(0, len(names), KEYS_A_READ):
            found = self._batch([key(name) for name in names[i : i + KEYS_A_READ]])
            yield from sorted(found, key=lambda item: key_of(item).account_id)

    def _partition(self, start: Item, after: list[str] | None, size: int) -> Iterator[Item]:
        """The items of one partition of the table by account id, after the account in `after`."""
        query: dict[str, Any] = {
            "TableName": self._table_name,
            "KeyConditionExpression": "pk = :pk AND sk > :after",
            "ExpressionAttributeValues": {
                ":pk": start["pk"],
                ":after": {"S": start["sk"]["S"] + (after or [""])[0]},
            },
            "ConsistentRead": True,
            "Limit": size,
        }
        return self._pages(query, self._query(query))

    def _batch(self, keys: list[Item]) -> Iterator[Item]:
        return chain.from_iterable(
            batch_get(self._client, self._table_name, keys[i : i + KEYS_A_READ])
            for i in range(0, len(keys), KEYS_A_READ)
        )
