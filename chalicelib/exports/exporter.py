"""Writes the members of an account to a file, in any number of steps.

A worker may die anywhere, and a message may arrive twice. The export notes how far its file has come each time S3 has
a part of it; a worker continues there. Only the worker that has the lease writes.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.clock import now
from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.limiter import TimeLeft
from chalicelib.dynamodb.retries import transient_errors_as_busy
from chalicelib.errors import Busy
from chalicelib.members.items import from_item
from chalicelib.members.name_index import NameIndex

from .formats import FileBuffer, file_start, line_of
from .model import ExportFailure, ExportRecord
from .repository import ExportLease, ExportRepository
from .storage import ExportStorage, UploadLost

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH_SIZE = 10_000  # members after which the progress is noted
# At least 5 MiB, and at most 10,000 parts ("Amazon S3 multipart upload limits" in the User Guide).
PART_SIZE = 8 * 1024**2
MAX_SECONDS = 20 * 3600  # less than the day after which S3 removes the parts of an unfinished file
TOO_SLOW = ExportFailure(code="not_finished", detail="The export did not end within 20 hours. Export again.")
LOST = ExportFailure(code="upload_lost", detail="S3 has lost a part of the file. Export again.")
GIVEN_UP = ExportFailure(code="export_failed", detail="The file could not be written. Export again.")


class ExportOutOfTime(Busy):
    """The worker ends before the export does. How far it has come is noted."""


class BatchEnd(NamedTuple):
    """Where a file ends after a batch of members: their number so far, and the place of the last one."""

    rows: int
    after: str | None
    is_last: bool


@dataclass(frozen=True, slots=True)
class ExportQueue:
    """The queue from which a worker takes one export at a time."""

    sqs: "SQSClient"
    url: str

    def send(self, record: ExportRecord) -> None:
        """Queues an export. Raises Busy."""
        with transient_errors_as_busy():
            body = json.dumps({"export": record.model_dump_json()})
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)


@dataclass(frozen=True, slots=True)
class Exporter:
    """Runs exports. Each method may be repeated."""

    repository: ExportRepository
    storage: ExportStorage
    names: NameIndex
    queue: ExportQueue
    time_left: TimeLeft
    batch_size: int = BATCH_SIZE
    part_size: int = PART_SIZE

    def start(self, record: ExportRecord) -> ExportRecord:
        """Starts an export, and returns it. Raises Busy.

        The message has the whole record, and comes first: so no export is stored that nobody writes.
        """
        self.queue.send(record)
        return self.repository.add(record)

    def run(self, record: ExportRecord) -> ExportRecord:
        """Writes the rest of an export's file, and returns the export. Raises Busy: try again."""
        lease = self._acquire(record)
        if lease is None:
            return self.repository.get(record.id)
        try:
            self._write(lease)
        except Exception:
            with suppress(Busy):
                self.repository.release(lease)
            raise
        return lease.record

    def give_up(self, record: ExportRecord) -> ExportRecord:
        """Ends an export that failed too often. Raises Busy if a worker has it: it may still succeed."""
        lease = self._acquire(record)
        if lease is None:
            return self.repository.get(record.id)
        self._end(lease, error=GIVEN_UP)
        return lease.record

    def _acquire(self, record: ExportRecord) -> ExportLease | None:
        """Returns the lease on an export, None if it has ended. Raises ExportLeaseHeld."""
        self.repository.add(record)  # the caller may have died before
        return self.repository.acquire(record.id)

    def _write(self, lease: ExportLease) -> None:
        """Writes the file from where the export stands, and ends the export."""
        if lease.record.age > MAX_SECONDS:
            self._end(lease, error=TOO_SLOW)
            return
        try:
            if not lease.record.is_read:
                self._read(lease)
            if lease.record.parts:
                self.storage.complete(lease.record)
        except UploadLost:
            self._end(lease, error=LOST)
            return
        self._end(lease)

    def _end(self, lease: ExportLease, **changes: object) -> None:
        self.repository.note(lease, finished_at=now(), **changes)

    def _read(self, lease: ExportLease) -> None:
        """Reads the members that are left, and stores them in parts, or as a file if one part would do."""
        record = lease.record
        file = FileBuffer(record.format, self.storage.pending(record.pending) if record.pending else b"")
        if record.after is None:
            file.add(file_start(record.format))
        batch = BatchEnd(record.settled_rows, record.after, is_last=False)
        found = self._lines(record)
        while not batch.is_last:
            self.repository.note(lease, started=True, rows=batch.rows)
            batch = self._add_batch(lease, file, found, batch)
            if not batch.is_last and file.size >= self.part_size:
                self._settle(lease, file.take(), batch)
        last = file.take()
        if lease.record.parts:
            self._settle(lease, last, batch)
        else:
            self.storage.put(lease.record, last)
            lease.record = lease.record.model_copy(update={"rows": batch.rows, "size": len(last)})

    def _lines(self, record: ExportRecord) -> Iterator[tuple[str, bytes]]:
        """Yields the place and the line of each member that is left."""

        def line(item: Item) -> bytes:
            return line_of(record.format, from_item(item))

        return self.names.in_order(record.account_id, record.last_name_prefix, record.after or "", line)

    def _add_batch(
        self, lease: ExportLease, file: FileBuffer, found: Iterator[tuple[str, bytes]], before: BatchEnd
    ) -> BatchEnd:
        """Adds the next members to the file. Without time or capacity stores what is read, and raises Busy."""
        reason: Busy | None = None if self.time_left() > 0 else ExportOutOfTime()
        lines = []
        try:
            for line in islice(found, self.batch_size if reason is None else 0):
                lines.append(line)  # noqa: PERF402 - those before an error count
        except Busy as error:
            reason = error
        file.add(b"".join(text for _, text in lines))
        after = lines[-1][0] if lines else before.after
        batch = BatchEnd(before.rows + len(lines), after, is_last=len(lines) < self.batch_size)
        if reason is None:
            return batch
        if after != lease.record.after:
            key = self.storage.put_pending(lease.record, batch.rows, file.take())
            self.repository.note(lease, rows=batch.rows, settled_rows=batch.rows, after=after, pending=key)
        raise reason

    def _settle(self, lease: ExportLease, body: bytes, batch: BatchEnd) -> None:
        """Stores a part, if there is anything in it, and notes that the file has come so far."""
        record = lease.record
        if record.upload_id is None:
            record = record.model_copy(update={"upload_id": self.storage.start_upload(record)})
        parts = [*record.parts, self.storage.put_part(record, body)] if body else record.parts
        self.repository.note(
            lease,
            upload_id=record.upload_id,
            parts=parts,
            size=sum(part.size for part in parts),
            pending=None,
            rows=batch.rows,
            settled_rows=batch.rows,
            after=batch.after,
            is_read=batch.is_last,
        )
