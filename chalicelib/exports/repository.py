"""Stores exports: one item each, which a worker changes while it has the lease on it."""

import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.dynamodb.account_index import AccountIndex, StoredRecords
from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Busy, NotFound

from .model import ExportRecord

PARTITION = "EXPORTS"  # all exports, by id; each worker writes here once for thousands of members
ACCOUNT_PREFIX = "EXPORT#ACCOUNT#"  # of the index by account
LEASE_SECONDS = 360.0  # longer than a worker can live (.chalice/config.json)
DAY = 24 * 3600
PAGE = 100  # records of one query of a list


@dataclass(slots=True)
class ExportLease:
    """A worker's right to an export, and the export as it is stored."""

    record: ExportRecord
    owner: str


class ExportLeaseHeld(Busy):
    """Another worker has the export."""


class ExportRepository:
    """The exports in one table. They expire after `days`, as their files do."""

    def __init__(self, table: Table, days: int, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._days = days
        self._clock = clock
        self._index = AccountIndex(table, ACCOUNT_PREFIX)

    def add(self, record: ExportRecord) -> ExportRecord:
        """Adds an export unless it exists; returns it as it is stored then."""
        self._index.add(record.account_id, record.id, int(self._expires_at()["N"]))
        if self._table.add({**_key(record.id), **_attributes(record), "expires_at": self._expires_at()}):
            return record
        return self.get(record.id)

    def get(self, export_id: str) -> ExportRecord:
        """Returns the export. Raises NotFound."""
        item = self._table.get(_key(export_id))
        if item is None:
            raise NotFound("No export has this id.", code="export_not_found")
        return _from(item)

    def newest(self, before: str | None = None) -> Iterator[ExportRecord]:
        """Yields the exports, the newest first, those older than the export `before`."""
        found = self._table.query_all(
            KeyConditionExpression="pk = :pk AND sk < :before",
            ExpressionAttributeValues={":pk": {"S": PARTITION}, ":before": {"S": before or "~"}},
            ScanIndexForward=False,
            Limit=PAGE,
        )
        return map(_from, found)

    def of_accounts(self, accounts: Collection[str], size: int, before: str | None) -> Iterator[ExportRecord]:
        """Yields the exports of these accounts, the newest first, those older than the export `before`.

        Reads `size` at a time. Among those that an earlier version stored are others too.
        """
        return self._index.records(accounts, size, before, StoredRecords(_key, _from, self.newest))

    def acquire(self, export_id: str) -> ExportLease | None:
        """Reserves an export for this worker; returns None if it has ended. Raises ExportLeaseHeld, NotFound."""
        moment, owner = self._clock(), secrets.token_hex(8)
        item = self._table.update(
            _key(export_id),
            UpdateExpression="SET lease_owner = :owner, lease_until = :until, expires_at = :expires",
            # The owner recognizes its own lease where an attempt took effect without a response.
            ConditionExpression="attribute_exists(pk) AND attribute_not_exists(finished_at) AND "
            "(attribute_not_exists(lease_until) OR lease_until < :now OR lease_owner = :owner)",
            ExpressionAttributeValues={
                ":owner": {"S": owner},
                ":now": {"N": str(moment)},
                ":until": {"N": str(moment + LEASE_SECONDS)},
                ":expires": self._expires_at(),  # by this deployment's days: the command does not know them
            },
        )
        if item is not None:
            return ExportLease(_from(item), owner)
        if self.get(export_id).finished_at:
            return None
        raise ExportLeaseHeld

    def release(self, lease: ExportLease) -> None:
        """Lets another worker continue the export."""
        self._update(lease, "lease_until = :past", {":past": {"N": "0"}})

    def note(self, lease: ExportLease, **changes: Any) -> None:
        """Stores changes to the record of a lease. Raises ExportLeaseHeld if another worker has the export now.

        The record is written as a whole, so it does not matter how often.
        """
        record = lease.record.model_copy(update=changes)
        values = {f":{name}": value for name, value in _attributes(record).items()}
        if not self._update(lease, ", ".join(f"{name[1:]} = {name}" for name in values), values):
            raise ExportLeaseHeld
        lease.record = record

    def _expires_at(self) -> Item:
        return {"N": str(int(self._clock()) + self._days * DAY)}

    def _update(self, lease: ExportLease, assignments: str, values: Item) -> bool:
        """Changes the export if the lease still holds; returns whether it does."""
        changed = self._table.update(
            _key(lease.record.id),
            UpdateExpression=f"SET {assignments}",
            ConditionExpression="lease_owner = :owner",
            ExpressionAttributeValues={**values, ":owner": {"S": lease.owner}},
        )
        return changed is not None


def _key(export_id: str) -> Item:
    return {"pk": {"S": PARTITION}, "sk": {"S": export_id}}


def _attributes(record: ExportRecord) -> Item:
    item: Item = {"export_record": {"S": record.model_dump_json()}}
    return item | ({"finished_at": {"S": record.finished_at}} if record.finished_at else {})


def _from(item: Mapping[str, Any]) -> ExportRecord:
    return ExportRecord.model_validate_json(item["export_record"]["S"])
