"""The ledger of imports: one item each, moved from state to state by conditional updates.

`position` is the number of the next chunk to load. Only the load that finds its own chunk's number there may
add its counts and move it on, so each chunk counts once however often its message comes.
"""

import base64
import hashlib
import math
import re
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from .access import Scope
from .errors import NotFound
from .items import Item, Mode, now
from .transact import calm

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Status = Literal["awaiting_upload", "splitting", "loading", "completed", "failed", "cancelled"]
UPLOAD_SECONDS = 24 * 3600  # an announced file that has not come by then is not expected any more
HELD_SECONDS = 360.0  # how long a worker has a step to itself: longer than it can live (.chalice/config.json)
PARTITION = "IMPORTS"  # all imports, by id: a chunk is one write here, far below what one partition takes
OPEN = "attribute_not_exists(finished_at)"  # the condition that an import has not ended
# Attributes of their own, written without the record.
BESIDE = {"counts", "position", "advanced_at", "begun", "holder", "noticed"}


class Source(BaseModel):
    """The object an import reads: `size` in bytes, `version` of the bucket's versioning."""

    bucket: str
    key: str
    version: str | None = None
    size: int = 0


class Counts(BaseModel):
    """Rows by outcome; rows = created + updated + unchanged + rejected."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0


class Failure(BaseModel):
    """Why an import ended without reading its file to the end."""

    code: str
    detail: str


class Import(BaseModel):
    """An import as it is shown; times are ISO 8601 in UTC, `percent` is of the file's chunks.

    `seconds_left` is an estimate, null where there is nothing to go by. A `cancelled` or `failed` import that has
    no `finished_at` yet is still counting the rows that it will not load.
    """

    id: str
    status: Status
    mode: Mode
    source: Source
    counts: Counts
    percent: int
    seconds_left: int | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    error: Failure | None
    created_by: str | None


class Record(BaseModel):
    """An import with what the workers need of it."""

    id: str
    status: Status
    mode: Mode
    source: Source
    counts: Counts = Counts()
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    error: Failure | None = None
    account_id: str | None = None  # of files without that column
    region: str | None = None  # of phone numbers without +, where it is not the deployment's
    created_by: str | None = None  # the user or token that began it; None for a file that was dropped
    accounts: list[str] | None = None  # the only accounts it may write to; None for all
    max_rejected: str | None = None  # rejected rows, 100 or 5%, over which the import stops
    columns: list[str] = []
    encoding: str = ""
    delimiter: str = ","
    chunks: int = 0
    loading_at: str | None = None
    folder: str = ""  # where its chunks are
    position: int = 0  # kept beside the record, as the counts are, and moved on with them
    advanced_at: str | None = None  # likewise: when the position last moved on
    begun: bool = False  # likewise: a worker has taken this position's step before, so its message was sent
    holder: str = ""  # the worker that has it now
    noticed: bool = False  # the notice of its end was sent

    @property
    def scope(self) -> Scope:
        """The accounts that it may write to."""
        return Scope(None if self.accounts is None else frozenset(self.accounts))

    def shown(self) -> Import:
        """What a caller may know of it."""
        fields = self.model_dump(include=set(Import.model_fields))
        if self.status == "awaiting_upload" and _seconds_since(self.created_at) > UPLOAD_SECONDS:
            error = Failure(code="upload_expired", detail="The file was never uploaded.")
            ended = datetime.fromisoformat(self.created_at) + timedelta(seconds=UPLOAD_SECONDS)
            finished_at = ended.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            fields |= {"status": "failed", "error": error, "finished_at": finished_at}
        done = 100 * self.position // self.chunks if self.chunks else 0
        percent = 100 if self.status == "completed" else min(done, 99)
        return Import(**fields, percent=percent, seconds_left=self._seconds_left())

    def _seconds_left(self) -> int | None:
        if self.finished_at or self.loading_at is None or self.advanced_at is None:
            return None
        since = _seconds_since(self.advanced_at)
        so_far = _seconds_since(self.loading_at) - since
        return math.ceil(max(0.0, so_far * (self.chunks - self.position) / self.position - since))


def moved(record: Record, status: Status, error: Failure | None) -> Record:
    """The record of an import that stops, or ends, here."""
    return record.model_copy(update={"status": status, "error": error})


def is_over(max_rejected: str | None, counts: Counts) -> bool:
    """Whether more rows were rejected than `max_rejected` allows: a number, or a percentage of the rows so far."""
    if max_rejected is None:
        return False
    if max_rejected.endswith("%"):
        return counts.rejected * 100 > int(max_rejected[:-1]) * counts.rows
    return counts.rejected > int(max_rejected)


def _seconds_since(moment: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()


def event_import_id(source: Source, moment: str, sequencer: str) -> str:
    """The id of the import of a dropped object: the same for every delivery of its event, and sorting by time.

    `moment` is the event's time, ISO 8601.
    """
    text = "\n".join((source.bucket, source.key, source.version or sequencer))
    digest = base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()
    return f"{_compact(datetime.fromisoformat(moment))}-{digest[:10]}"


def new_import_id() -> str:
    """The id of an import that a caller of the API starts."""
    name = base64.b32encode(secrets.token_bytes(7)).decode().lower()
    return f"{_compact(datetime.now(UTC))}-{name[:10]}"


def _compact(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def is_import_id(text: str) -> bool:
    """Whether this may be an import's id."""
    return re.fullmatch(r"\d{8}T\d{6}Z-[a-z2-7]{10}", text) is not None


class Ledger:
    """The imports in one table."""

    def __init__(
        self, client: "DynamoDBClient", table_name: str, clock: Callable[[], float] = time.time
    ) -> None:
        self.client = client
        self.table_name = table_name
        self._clock = clock

    def add(self, record: Record) -> bool:
        """Adds an import; False where its id is there already."""
        item = {**_key(record.id), "record": {"S": record.model_dump_json(exclude=BESIDE)}}
        item |= {name: {"N": "0"} for name in (*Counts.model_fields, "position")}
        item["status"] = {"S": record.status}
        added = self._write(self.client.put_item, Item=item, ConditionExpression="attribute_not_exists(pk)")
        return added is not None

    def get(self, import_id: str) -> Record:
        """The import. Raises NotFound."""
        with calm():
            answer = self.client.get_item(TableName=self.table_name, Key=_key(import_id), ConsistentRead=True)
        if "Item" not in answer:
            raise NotFound("There is no import under this id.", code="import_not_found")
        return _record(answer["Item"])

    def newest(self, limit: int, before: str | None = None) -> list[Record]:
        """At most `limit` imports, the newest first, those older than the import `before`."""
        with calm():
            answer = self.client.query(
                TableName=self.table_name,
                KeyConditionExpression="pk = :pk AND sk < :before",
                ExpressionAttributeValues={":pk": {"S": PARTITION}, ":before": {"S": before or "~"}},
                ScanIndexForward=False,
                Limit=limit,
            )
        return [_record(item) for item in answer["Items"]]

    def move(self, record: Record, *states: Status) -> bool:
        """Writes a changed record where the import still is in one of `states` and has not ended."""
        values: Item = {f":s{i}": {"S": state} for i, state in enumerate(states)}
        update = "SET #status = :status, #record = :record"
        if record.finished_at:
            update += ", finished_at = :finished"
            values[":finished"] = {"S": record.finished_at}
        done = self._update(
            record.id,
            UpdateExpression=update,
            ConditionExpression=f"#status IN ({', '.join(values.keys() - {':finished'})}) AND {OPEN}",
            ExpressionAttributeNames={"#status": "status", "#record": "record"},
            ExpressionAttributeValues={
                **values,
                ":status": {"S": record.status},
                ":record": {"S": record.model_dump_json(exclude=BESIDE)},
            },
        )
        return bool(done)

    def hold(self, record: Record) -> Record | None:
        """The import as it is, whose next step this worker alone takes now; None where another has it."""
        moment = self._clock()
        holder = secrets.token_hex(8)  # known again where an attempt took effect and lost its answer
        before = self._update(
            record.id,
            UpdateExpression="SET holder = :holder, held_until = :until",
            ConditionExpression=f"#position = :position AND {OPEN} AND "
            "(attribute_not_exists(held_until) OR held_until < :now OR holder = :holder)",
            ExpressionAttributeNames={"#position": "position"},
            ExpressionAttributeValues={
                ":holder": {"S": holder},
                ":position": {"N": str(record.position)},
                ":now": {"N": str(moment)},
                ":until": {"N": str(moment + HELD_SECONDS)},
            },
            ReturnValues="ALL_OLD",  # another may have begun the step since `record` was read
        )
        return _record(before["Attributes"]).model_copy(update={"holder": holder}) if before else None

    def release(self, record: Record) -> None:
        """Lets another worker take the step that this one could not finish."""
        self._update(
            record.id,
            UpdateExpression="SET held_until = :past",
            ConditionExpression="holder = :holder",
            ExpressionAttributeValues={":past": {"N": "0"}, ":holder": {"S": record.holder}},
        )

    def advance(self, record: Record, counts: Mapping[str, int]) -> bool:
        """Adds a chunk's counts and moves on to the next; False where this worker does not have the step."""
        adds = ", ".join(f"#{name} :{name}" for name in Counts.model_fields)
        done = self._update(
            record.id,
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

    def noticed(self, import_id: str) -> None:
        """Remembers that the notice of an import's end was sent."""
        self._update(
            import_id,
            UpdateExpression="SET noticed = :true",
            ExpressionAttributeValues={":true": {"BOOL": True}},
        )

    def _update(self, import_id: str, **arguments: Any) -> Mapping[str, Any] | None:
        return self._write(self.client.update_item, Key=_key(import_id), **arguments)

    def _write(self, call: Callable[..., Mapping[str, Any]], **arguments: Any) -> Mapping[str, Any] | None:
        """The call's answer; None where its condition failed."""
        try:
            with calm():
                return call(TableName=self.table_name, **arguments)
        except self.client.exceptions.ConditionalCheckFailedException:
            return None


def _key(import_id: str) -> Item:
    return {"pk": {"S": PARTITION}, "sk": {"S": import_id}}


def _record(item: Mapping[str, Any]) -> Record:
    record = Record.model_validate_json(item["record"]["S"])
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
