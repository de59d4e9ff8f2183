"""The ledger of imports: one item each, moved from state to state by conditional updates.

The columns of a file may be many kilobytes, and lie in an item of their own: a list of imports, which does not show
them, would pay for them.

`position` is the number of the next chunk to load. Only the load that finds its own chunk's number there may
add its counts and move it on, so each chunk counts once however often its message comes.
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

from .model import Counts, ImportRecord, Status

LEASE_SECONDS = (
    360.0  # how long a worker has a step to itself: longer than it can live (.chalice/config.json)
)
PARTITION = "IMPORTS"  # all imports, by id: a chunk is one write here, far below what one partition takes
OPEN = "attribute_not_exists(finished_at)"  # the condition that an import has not ended
# Attributes of their own, written without the record.
OWN_ATTRIBUTES = {"counts", "position", "advanced_at", "begun", "holder", "noticed", "columns"}


class ImportRepository:
    """The imports in one table."""

    def __init__(self, table: Table, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def add(self, record: ImportRecord) -> bool:
        """Adds an import; False where its id is there already."""
        self._keep_columns(record)
        item = {**_key(record.id), "record": {"S": record.model_dump_json(exclude=OWN_ATTRIBUTES)}}
        item |= {name: {"N": "0"} for name in (*Counts.model_fields, "position")}
        item["status"] = {"S": record.status}
        return self._table.add(item)

    def get(self, import_id: str) -> ImportRecord:
        """The import. Raises NotFound."""
        item = self._table.get(_key(import_id))
        if item is None:
            raise NotFound("There is no import under this id.", code="import_not_found")
        return _record(item)

    def columns(self, record: ImportRecord) -> list[str]:
        """The columns of an import's file, once it was split. Raises NotFound."""
        if record.columns:  # written by a version that kept them in the record
            return record.columns
        item = self._table.get(columns_key(record.id))
        if item is None:
            raise NotFound("The columns of this import's file are not known.", code="no_columns")
        columns: list[str] = json.loads(item["columns"]["S"])
        return columns

    def _keep_columns(self, record: ImportRecord) -> None:
        """Writes the columns that a record has. Whoever splits the same object again finds the same ones."""
        if record.columns:
            text = json.dumps(record.columns, ensure_ascii=False)
            self._table.add({**columns_key(record.id), "columns": {"S": text}})

    def newest(self, limit: int, before: str | None = None) -> list[ImportRecord]:
        """At most `limit` imports, the newest first, those older than the import `before`."""
        page = self._table.query(
            KeyConditionExpression="pk = :pk AND sk < :before",
            ExpressionAttributeValues={":pk": {"S": PARTITION}, ":before": {"S": before or "~"}},
            ScanIndexForward=False,
            Limit=limit,
        )
        return [_record(item) for item in page["Items"]]

    def move(self, record: ImportRecord, *states: Status) -> bool:
        """Writes a changed record where the import still is in one of `states` and has not ended."""
        self._keep_columns(record)
        values: Item = {f":s{i}": {"S": state} for i, state in enumerate(states)}
        update = "SET #status = :status, #record = :record"
        if record.finished_at:
            update += ", finished_at = :finished"
            values[":finished"] = {"S": record.finished_at}
        done = self._table.update(
            _key(record.id),
            UpdateExpression=update,
            ConditionExpression=f"#status IN ({', '.join(values.keys() - {':finished'})}) AND {OPEN}",
            ExpressionAttributeNames={"#status": "status", "#record": "record"},
            ExpressionAttributeValues={
                **values,
                ":status": {"S": record.status},
                ":record": {"S": record.model_dump_json(exclude=OWN_ATTRIBUTES)},
            },
        )
        return bool(done)

    def acquire_lease(self, record: ImportRecord) -> ImportRecord | None:
        """The import as it is, whose next step this worker alone takes now; None where another has it."""
        moment = self._clock()
        holder = secrets.token_hex(8)  # known again where an attempt took effect and lost its answer
        before = self._table.update(
            _key(record.id),
            UpdateExpression="SET holder = :holder, held_until = :until",
            ConditionExpression=f"#position = :position AND {OPEN} AND "
            "(attribute_not_exists(held_until) OR held_until < :now OR holder = :holder)",
            ExpressionAttributeNames={"#position": "position"},
            ExpressionAttributeValues={
                ":holder": {"S": holder},
                ":position": {"N": str(record.position)},
                ":now": {"N": str(moment)},
                ":until": {"N": str(moment + LEASE_SECONDS)},
            },
            ReturnValues="ALL_OLD",  # another may have begun the step since `record` was read
        )
        return _record(before).model_copy(update={"holder": holder}) if before else None

    def release_lease(self, record: ImportRecord) -> None:
        """Lets another worker take the step that this one could not finish."""
        self._table.update(
            _key(record.id),
            UpdateExpression="SET held_until = :past",
            ConditionExpression="holder = :holder",
            ExpressionAttributeValues={":past": {"N": "0"}, ":holder": {"S": record.holder}},
        )

    def advance(self, record: ImportRecord, counts: Mapping[str, int]) -> bool:
        """Adds a chunk's counts and moves on to the next; False where this worker does not have the step."""
        adds = ", ".join(f"#{name} :{name}" for name in Counts.model_fields)
        done = self._table.update(
            _key(record.id),
            UpdateExpression=f"ADD {adds}, #position :one SET advanced_at = :now REMOVE holder, held_until",
            ConditionExpression=f"#position = :position AND holder = :holder AND {OPEN}",
            ExpressionAttributeNames={
                "#position": "position",
                **{f"#{name}": name for name in Counts.model_fields},
            },
            ExpressionAttributeValues={
                ":one": {"N": "1"},
                ":now": {"S": now()},
                ":position": {"N": str(record.position)},
                ":holder": {"S": record.holder},
                **{f":{name}": {"N": str(counts.get(name, 0))} for name in Counts.model_fields},
            },
        )
        return bool(done)

    def mark_notified(self, import_id: str) -> None:
        """Remembers that the notice of an import's end was sent."""
        self._table.update(
            _key(import_id),
            UpdateExpression="SET noticed = :true",
            ExpressionAttributeValues={":true": {"BOOL": True}},
        )


def _key(import_id: str) -> Item:
    return {"pk": {"S": PARTITION}, "sk": {"S": import_id}}


def columns_key(import_id: str) -> Item:
    """Where the columns of an import's file lie."""
    return {"pk": {"S": f"IMPORT#{import_id}"}, "sk": {"S": "COLUMNS"}}


def _record(item: Mapping[str, Any]) -> ImportRecord:
    record = ImportRecord.model_validate_json(item["record"]["S"])
    counts = Counts(**{name: int(item[name]["N"]) for name in Counts.model_fields})
    return record.model_copy(
        update={
            "counts": counts,
            "position": int(item["position"]["N"]),
            "advanced_at": item.get("advanced_at", {}).get("S"),
            "begun": "held_until" in item,
            "noticed": "noticed" in item,
        }
    )
