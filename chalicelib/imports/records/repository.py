"""Stores imports: one item each, moved from state to state by conditional updates.

The column names of a file may take many kilobytes. They have an item of their own, which lists of imports do not
read.
"""

import json
import secrets
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from chalicelib.dynamodb.account_index import AccountIndex, StoredRecords
from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table
from chalicelib.errors import NotFound
from chalicelib.imports.rows.columns import Header
from chalicelib.imports.rows.removal import Removal

from .model import Counts, ImportRecord, Stage, Status

PARTITION = (
    "IMPORTS"  # all imports, by id; a worker writes here a few times a second, far below a partition's limit
)
ACCOUNT_PREFIX = "IMPORT#ACCOUNT#"  # of the index by account
RESULT_DAYS = 400  # that results are kept, unless the deployment sets another number
OVERTIME_DAYS = 30  # at most, from the start of an import to its results
READ_SIZE = 500  # records per query of those that the index does not have
NOT_ENDED = "attribute_not_exists(finished_at)"  # the condition that an import has not ended
# Fields of ImportRecord that are attributes of their own, outside the stored record.
NUMBERS = (
    *Counts.model_fields,
    "rows_found",
    "rows_deferred",
    "other_headers",
    "changed_since",
    "rows_held",
    "unreadable_ids",
    "members_found",
    "removals_found",
    "shards_skipped",
    "steps_done",
)
OWN_ATTRIBUTES = {
    "counts",
    *(name for name in NUMBERS if name not in Counts.model_fields),
    "stage",
    "removal",
    "applied_by",
    "undone_by",
    "advanced_at",
    "notified",
    "columns",
}


class ImportRepository:
    """The imports in one table. They expire with their results, which are kept for `result_days`."""

    def __init__(self, table: Table, result_days: int = RESULT_DAYS) -> None:
        self._table = table
        self._result_days = result_days
        self._index = AccountIndex(table, ACCOUNT_PREFIX)

    def add(self, record: ImportRecord) -> bool:
        """Adds an import; returns False where its id exists."""
        self._add_columns(record)
        # One account is enough: a caller that sees the import has all of them.
        account_id = record.only_account or min(record.accounts or [], default=None)
        if account_id:
            self._index.add(account_id, record.id, self._expires_at(record))
        item = {**import_key(record.id), "record": {"S": record.model_dump_json(exclude=OWN_ATTRIBUTES)}}
        item |= {name: {"N": "0"} for name in NUMBERS}
        item |= {"status": {"S": record.status}, "expires_at": {"N": str(self._expires_at(record))}}
        if record.finished_at:
            item["finished_at"] = {"S": record.finished_at}
        return self._table.add(item)

    def get(self, import_id: str) -> ImportRecord:
        """Returns the import. Raises NotFound."""
        item = self._table.get(import_key(import_id))
        if item is None:
            raise NotFound("No import has this id.", code="import_not_found")
        return _record(item)

    def header(self, record: ImportRecord) -> Header:
        """Returns the columns of an import's file, as this import reads them. Raises NotFound before the split."""
        # The rows of an undo have the columns of an upsert.
        mode = "upsert" if record.mode == "undo" else record.mode
        return Header(self.columns(record), record.account_id, record.column_map, mode)

    def columns(self, record: ImportRecord) -> list[str]:
        """Returns the column names of an import's file. Raises NotFound before the split."""
        if record.columns:  # an earlier version stored them in the record
            return record.columns
        item = self._table.get(columns_key(record.id))
        if item is None:
            raise NotFound("The columns of this import's file are not known.", code="no_columns")
        columns: list[str] = json.loads(item["columns"]["S"])
        return columns

    def _add_columns(self, record: ImportRecord) -> None:
        """Stores the columns that a record has. Every split of the same object finds the same ones."""
        if record.columns:
            text = json.dumps(record.columns, ensure_ascii=False)
            expires_at = {"N": str(self._expires_at(record))}
            self._table.add({**columns_key(record.id), "columns": {"S": text}, "expires_at": expires_at})

    def _expires_at(self, record: ImportRecord) -> int:
        """Returns when an import expires, in seconds since the epoch: not before its results."""
        days = timedelta(days=self._result_days + OVERTIME_DAYS)
        return int((datetime.fromisoformat(record.created_at) + days).timestamp())

    def of_accounts(self, accounts: Collection[str], size: int, before: str | None) -> Iterator[ImportRecord]:
        """Yields the imports of these accounts, the newest first, those older than the import `before`.

        Reads `size` at a time. Among those that an earlier version stored are others too.
        """
        stored = StoredRecords(import_key, _record, self._older)
        return self._index.records(accounts, size, before, stored)

    def _older(self, before: str | None) -> Iterator[ImportRecord]:
        """Yields all imports older than the import `before`, the newest first."""
        while records := self.newest(READ_SIZE, before):
            yield from records
            before = records[-1].id

    def newest(self, limit: int, before: str | None = None) -> list[ImportRecord]:
        """Returns at most `limit` imports, the newest first, those older than the import `before`."""
        page = self._table.query(
            KeyConditionExpression="pk = :pk AND sk < :before",
            ExpressionAttributeValues={":pk": {"S": PARTITION}, ":before": {"S": before or "~"}},
            ScanIndexForward=False,
            Limit=limit,
        )
        return [_record(item) for item in page["Items"]]

    def transition(self, record: ImportRecord, *from_states: Status) -> ImportRecord | None:
        """Writes a changed record if the stored import is in one of `from_states` and has not ended.

        Returns the import as stored then, None where the condition fails.
        """
        self._add_columns(record)
        states: Item = {f":s{i}": {"S": state} for i, state in enumerate(from_states)}
        values = states | {
            ":status": {"S": record.status},
            ":record": {"S": record.model_dump_json(exclude=OWN_ATTRIBUTES)},
        }
        update = "SET #status = :status, #record = :record"
        if record.stage:
            update += ", #stage = if_not_exists(#stage, :stage)"
            values[":stage"] = {"S": record.stage}
        if record.finished_at:
            update += ", finished_at = :finished"
            values[":finished"] = {"S": record.finished_at}
        stored = self._table.update(
            import_key(record.id),
            UpdateExpression=update,
            ConditionExpression=f"#status IN ({', '.join(states)}) AND {NOT_ENDED}",
            ExpressionAttributeNames={
                "#status": "status",
                "#record": "record",
                **({"#stage": "stage"} if record.stage else {}),
            },
            ExpressionAttributeValues=values,
        )
        return _record(stored) if stored else None

    def start_stage(self, record: ImportRecord, stage: Stage) -> ImportRecord | None:
        """Moves an import to its next stage once all steps of the record's stage are done.

        Returns the import as stored then, None where another worker has moved it.
        """
        token = secrets.token_hex(8)  # of this call, whose first attempt may take effect without a response
        stored = self._table.update(
            import_key(record.id),
            UpdateExpression="SET #stage = :next, steps_done = :zero, moved_by = :token",
            ConditionExpression=f"{NOT_ENDED} AND (#stage = :stage AND steps_done = :done OR moved_by = :token)",
            ExpressionAttributeNames={"#stage": "stage"},
            ExpressionAttributeValues={
                ":next": {"S": stage},
                ":zero": {"N": "0"},
                ":stage": {"S": record.stage},
                ":done": {"N": str(record.steps)},
                ":token": {"S": token},
            },
        )
        return _record(stored) if stored else None

    def put_removal(self, record: ImportRecord, removal: Removal) -> None:
        """Stores what a sync does about missing members, if the import is in the record's stage and has not ended."""
        if removal.account_id and removal.account_id != record.only_account:  # the file has named it
            self._index.add(removal.account_id, record.id, self._expires_at(record))
        self._table.update(
            import_key(record.id),
            UpdateExpression="SET removal = :removal",
            ConditionExpression=f"{NOT_ENDED} AND #stage = :stage",
            ExpressionAttributeNames={"#stage": "stage"},
            ExpressionAttributeValues={
                ":removal": {"S": removal.model_dump_json()},
                ":stage": {"S": record.stage},
            },
        )

    def leave_hold(self, record: ImportRecord, removal: Removal, stage: Stage) -> ImportRecord | None:
        """Moves an import that waits for an approval to another stage, with what was decided.

        Returns the import as stored then, None if it waits no more.
        """
        stored = self._table.update(
            import_key(record.id),
            UpdateExpression="SET #status = :loading, #record = :record, removal = :removal, #stage = :stage, "
            "steps_done = :zero REMOVE notified",
            ConditionExpression=f"{NOT_ENDED} AND #status = :awaiting",
            ExpressionAttributeNames={"#status": "status", "#record": "record", "#stage": "stage"},
            ExpressionAttributeValues={
                ":loading": {"S": "loading"},
                ":awaiting": {"S": "awaiting_approval"},
                ":record": {"S": record.model_dump_json(exclude=OWN_ATTRIBUTES)},
                ":removal": {"S": removal.model_dump_json()},
                ":stage": {"S": stage},
                ":zero": {"N": "0"},
            },
        )
        return _record(stored) if stored else None

    def name_follower(self, import_id: str, name: Literal["applied_by", "undone_by"], follower: str) -> None:
        """Notes in an import which one applies it or takes it back: of several the latest, as ids sort by time."""
        self._table.update(
            import_key(import_id),
            UpdateExpression=f"SET {name} = :id",
            ConditionExpression=f"attribute_exists(pk) AND (attribute_not_exists({name}) OR {name} < :id)",
            ExpressionAttributeValues={":id": {"S": follower}},
            ReturnValues="NONE",
        )

    def mark_notified(self, record: ImportRecord) -> None:
        """Records that the notice of an import's status was sent, if it still has it."""
        self._table.update(
            import_key(record.id),
            UpdateExpression="SET notified = :true",
            ConditionExpression="#status = :status",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":true": {"BOOL": True}, ":status": {"S": record.status}},
        )


def import_key(import_id: str) -> Item:
    """Returns the key of an import's item."""
    return {"pk": {"S": PARTITION}, "sk": {"S": import_id}}


def columns_key(import_id: str) -> Item:
    """Returns the key of the column names of an import's file."""
    return detail_key(import_id, "COLUMNS")


def detail_key(import_id: str, name: str) -> Item:
    """Returns the key of another item of an import, which no list of imports reads."""
    return {"pk": {"S": f"IMPORT#{import_id}"}, "sk": {"S": name}}


def _record(item: Mapping[str, Any]) -> ImportRecord:
    record = ImportRecord.model_validate_json(item["record"]["S"])

    def number(name: str) -> int:
        return int(item.get(name, {}).get("N", 0))

    counts = Counts(**{name: number(name) for name in Counts.model_fields})
    removal = item.get("removal", {}).get("S")
    return record.model_copy(
        update={
            **{name: number(name) for name in NUMBERS if name not in Counts.model_fields},
            "counts": counts,
            "stage": item.get("stage", {}).get("S"),
            "removal": Removal.model_validate_json(removal) if removal else None,
            **{name: item.get(name, {}).get("S") for name in ("applied_by", "undone_by", "advanced_at")},
            "notified": "notified" in item or "noticed" in item,  # its name in an earlier version
        }
    )
