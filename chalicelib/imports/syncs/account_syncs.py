"""What the syncs of an account must know of each other.

Which one compares and removes now, which is the newest, which one waits, and what was removed lately: one small item
for each account, changed by conditional updates.
"""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import orjson

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.retries import MAX_ATTEMPTS
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Busy
from chalicelib.imports.rows.removal import LIMIT_SECONDS


class AccountSyncs(NamedTuple):
    """The syncs of an account.

    `newest` has the arrival of the newest file and its import's id. `active` is the import that compares and removes,
    `waiting` the one that waits for approval. `removed` are (time, import id, number) of removals without approval.
    """

    newest: tuple[str, str] = ("", "")
    active: str = ""
    waiting: str = ""
    removed: tuple[tuple[float, str, int], ...] = ()

    def with_removed(self, import_id: str, count: int) -> "AccountSyncs":
        """Returns the syncs with what an import removes, without what was removed long ago."""
        entry = (time.time(), import_id, count)
        return self._replace(removed=(*self._lately(import_id), entry))

    def removed_lately(self, import_id: str) -> int:
        """Returns how many members other imports have removed in the last LIMIT_SECONDS."""
        return sum(count for _, _, count in self._lately(import_id))

    def _lately(self, import_id: str) -> Iterable[tuple[float, str, int]]:
        start = time.time() - LIMIT_SECONDS
        return (entry for entry in self.removed if entry[0] > start and entry[1] != import_id)


Change = Callable[[AccountSyncs], AccountSyncs]


class AccountSyncsRepository:
    """The syncs of each account in one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, account_id: str) -> AccountSyncs:
        """Returns the syncs of an account."""
        return self._read(account_id)[0]

    def change(self, account_id: str, change: Change) -> AccountSyncs:
        """Applies a change to the syncs of an account, and returns them. Raises Busy, and what the change raises."""
        for _ in range(MAX_ATTEMPTS):
            before, text = self._read(account_id)
            after = change(before)
            if after == before or self._write(account_id, text, after):
                return after
        raise Busy

    def _read(self, account_id: str) -> tuple[AccountSyncs, str]:
        item = self._table.get(_key(account_id))
        if item is None:
            return AccountSyncs(), ""
        text = item["syncs"]["S"]
        newest, active, waiting, removed = orjson.loads(text)
        return AccountSyncs(tuple(newest), active, waiting, tuple(map(tuple, removed))), text

    def _write(self, account_id: str, before: str, after: AccountSyncs) -> bool:
        stored = self._table.update(
            _key(account_id),
            UpdateExpression="SET syncs = :after",
            ConditionExpression="syncs = :before" if before else "attribute_not_exists(pk)",
            ExpressionAttributeValues={
                ":after": {"S": orjson.dumps([*after]).decode()},
                **({":before": {"S": before}} if before else {}),
            },
        )
        return stored is not None


def _key(account_id: str) -> Item:
    return {"pk": {"S": f"SYNC#{account_id}"}, "sk": {"S": "SYNC"}}
