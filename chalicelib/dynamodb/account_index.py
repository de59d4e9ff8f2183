"""An index of records by account: their ids, in a partition for each account, newest first.

Records that an earlier version stored are not in it, so it has the id from which on it is complete.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Generic, NamedTuple, TypeVar

from .items import Item, key_of, key_pair
from .table import Table

DEPLOY = timedelta(hours=1)  # for which functions of the earlier version may still store records
ALL = "0"  # sorts before all ids


R = TypeVar("R")


class StoredRecords(NamedTuple, Generic[R]):
    """How records are stored: the key of an id, the record in an item, and all records older than an id."""

    key: Callable[[str], Item]
    record: Callable[[Item], R]
    newest: Callable[[str | None], Iterable[R]]


class AccountIndex:
    """The index of one kind of records, whose ids sort by their time. `prefix` is that of its partitions."""

    def __init__(self, table: Table, prefix: str) -> None:
        self._table = table
        self._prefix = prefix
        self._since: str | None = None

    def add(self, account_id: str, record_id: str, expires_at: int) -> None:
        """Adds a record, which expires after `expires_at`, in seconds since the epoch. It may be in the index."""
        self._table.add({**self._key(account_id, record_id), "expires_at": {"N": str(expires_at)}})

    def records(
        self, accounts: Iterable[str], size: int, before: str | None, stored: "StoredRecords[R]"
    ) -> Iterator[R]:
        """Yields the records of these accounts, the newest first, those older than the record `before`.

        Reads `size` at a time. Among those that an earlier version stored are others too.
        """
        since = self.complete_since(lambda: any(stored.newest(None)))
        if before is None or before > since:
            ids = takewhile(lambda found: found >= since, self.ids(accounts, size, before))
            while batch := list(islice(ids, size)):
                items = self._table.batch_get([stored.key(one) for one in batch])
                found = {key_pair(item)[1]: item for item in items}
                yield from (stored.record(found[one]) for one in batch if one in found)
            before = since
        yield from stored.newest(before)

    def ids(self, accounts: Iterable[str], size: int, before: str | None) -> Iterator[str]:
        """Yields the ids of the records of these accounts before this id, the newest first.

        Reads `size` at a time of each account, on demand.
        """
        last = None
        lists = [self._ids(account, size, before) for account in accounts]
        for record_id in heapq.merge(*lists, reverse=True):
            if record_id != last:  # a record may be of several accounts
                yield record_id
            last = record_id

    def _ids(self, account_id: str, size: int, before: str | None) -> Iterator[str]:
        items = self._table.query_all(
            KeyConditionExpression="pk = :pk AND sk < :before",
            ExpressionAttributeValues={
                ":pk": self._key(account_id, "")["pk"],
                ":before": {"S": before or "~"},
            },
            ScanIndexForward=False,
            Limit=size,
        )
        return (item["sk"]["S"] for item in items)

    def complete_since(self, has_records: Callable[[], bool]) -> str:
        """Returns the id from which on all records are in the index. Decides it on the first call of a deployment.

        `has_records` returns whether any are stored: then an earlier version may have stored them.
        """
        if self._since is None:
            key = key_of(self._prefix.rstrip("#"), "SINCE")
            item = self._table.get(key)
            if item is None:
                since = f"{datetime.now(UTC) + DEPLOY:%Y%m%dT%H%M%SZ}" if has_records() else ALL
                item = {**key, "since": {"S": since}}
                if not self._table.add(item):
                    item = self._table.get(key) or item
            self._since = item["since"]["S"]
        return self._since

    def _key(self, account_id: str, record_id: str) -> Item:
        return key_of(f"{self._prefix}{account_id}", record_id)
