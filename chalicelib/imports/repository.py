"""Stores imports: one item each, moved from state to state by conditional updates.

The column names of a file may take many kilobytes. They have an item of their own, which lists of imports do not
read.

`position` is the number of the next chunk to load. A chunk's counts are added, and the position incremented, only
where it still is that chunk's number: so each chunk counts once, however often its message arrives.
"""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.clock import now
from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table
from chalicelib.errors import NotFound

from .columns import Header
from .model import Counts, ImportRecord, Status

LEASE_SECONDS = 360.0  # of one step: longer than a worker can live (.chalice/config.json)
PARTITION = "IMPORTS"  # all imports, by id; a chunk costs one write here, far below a partition's limit
NOT_ENDED = "attribute_not_exists(finished_at)"  # the condition that an import has not ended
# Fields of ImportRecord that are attributes of their own, outside the stored record.
OWN_ATTRIBUTES = {"counts", "position", "advanced_at", "step_started", "lease_owner", "notified", "columns"}


class ImportRepository:
    """The imports in one table."""

    def __init__(self, table: Table, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def add(self, record: ImportRecord) -> bool:
        """Adds an import; returns False where its id exists."""
        self._add_columns(record)
        item = {**_key(record.id), "record": {"S": record.model_dump_json(exclude=OWN_ATTRIBUTES)}}
        item |= {name: {"N": "0"} for name in (*Counts.model_fields, "position")}
        item["status"] = {"S": record.status}
        if record.finished_at:
            item["finished_at"] = {"S": record.finished_at}
        return self._table.add(item)

    def get(self, import_id: str) -> ImportRecord:
        """Returns the import. Raises NotFound."""
        item = self._table.get(_key(import_id))
        if item is None:
            raise NotFound("No import has this id.", code="import_not_found")
        return _record(item)

    def header(self, record: ImportRecord) -> Header:
        """Returns the columns of an import's file, as this import reads them. Raises NotFound before the split."""
        return Header(self.columns(record), record.account_id, blank_keeps_stored=record.mode == "upsert")

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
            self._table.add({**columns_key(record.id), "columns": {"S": text}})

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
        if record.finished_at:
            update += ", finished_at = :finished"
            values[":finished"] = {"S": record.finished_at}
        stored = self._table.update(
            _key(record.id),
            UpdateExpression=update,
            ConditionExpression=f"#status IN ({', '.join(states)}) AND {NOT_ENDED}",
            ExpressionAttributeNames={"#status": "status", "#record": "record"},
            ExpressionAttributeValues=values,
        )
        return _record(stored) if stored else None

    def acquire_lease(self, record: ImportRecord) -> ImportRecord | None:
        """Reserves the step at the record's position for this worker, for LEASE_SECONDS.

        Returns the import; its `step_started` says whether a worker has had this lease before. None where another
        has it, or the step is done.
        """
        moment = self._clock()
        owner = secrets.token_hex(
            8
        )  # recognises its own lease where an attempt took effect without a response
        before = self._table.update(
            _key(record.id),
            UpdateExpression="SET lease_owner = :owner, lease_until = :until",
            ConditionExpression=f"#position = :position AND {NOT_ENDED} AND "
            "(attribute_not_exists(lease_until) OR lease_until < :now OR lease_owner = :owner)",
            ExpressionAttributeNames={"#position": "position"},
            ExpressionAttributeValues={
                ":owner": {"S": owner},
                ":position": {"N": str(record.position)},
                ":now": {"N": str(moment)},
                ":until": {"N": str(moment + LEASE_SECONDS)},
            },
            ReturnValues="ALL_OLD",  # `record` may be older than the lease of another worker
        )
        return _record(before).model_copy(update={"lease_owner": owner}) if before else None

    def release_lease(self, record: ImportRecord) -> None:
        """Lets another worker take a step that the lease's owner did not finish."""
        self._table.update(
            _key(record.id),
            UpdateExpression="SET lease_until = :past",
            ConditionExpression="lease_owner = :owner",
            ExpressionAttributeValues={":past": {"N": "0"}, ":owner": {"S": record.lease_owner}},
        )

    def advance(self, record: ImportRecord, counts: Mapping[str, int]) -> ImportRecord | None:
        """Adds a chunk's counts, increments the position and ends the lease.

        Returns the import as stored then, None where the record's worker does not have the lease.
        """
        adds = ", ".join(f"#{name} :{name}" for name in Counts.model_fields)
        names = {f"#{name}": name for name in (*Counts.model_fields, "position")}
        end_lease = "REMOVE lease_owner, lease_until"
        stored = self._table.update(
            _key(record.id),
            UpdateExpression=f"ADD {adds}, #position :one SET advanced_at = :now {end_lease}",
            ConditionExpression=f"#position = :position AND lease_owner = :owner AND {NOT_ENDED}",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={
                ":one": {"N": "1"},
                ":now": {"S": now()},
                ":position": {"N": str(record.position)},
                ":owner": {"S": record.lease_owner},
                **{f":{name}": {"N": str(counts.get(name, 0))} for name in Counts.model_fields},
            },
        )
        return _record(stored) if stored else None

    def mark_notified(self, import_id: str) -> None:
        """Records that the notice of an import's end was sent."""
        self._table.update(
            _key(import_id),
            UpdateExpression="SET notified = :true",
            ExpressionAttributeValues={":true": {"BOOL": True}},
        )


def _key(import_id: str) -> Item:
    return {"pk": {"S": PARTITION}, "sk": {"S": import_id}}


def columns_key(import_id: str) -> Item:
    """Returns the key of the column names of an import's file."""
    return {"pk": {"S": f"IMPORT#{import_id}"}, "sk": {"S": "COLUMNS"}}


def _record(item: Mapping[str, Any]) -> ImportRecord:
    record = ImportRecord.model_validate_json(item["record"]["S"])
    counts = Counts(**{name: int(item[name]["N"]) for name in Counts.model_fields})
    return record.model_copy(
        update={
            "counts": counts,
            "position": int(item["position"]["N"]),
            "advanced_at": item.get("advanced_at", {}).get("S"),
            "step_started": "lease_until" in item,
            "notified": "notified" in item or "noticed" in item,  # its name in an earlier version
        }
    )
