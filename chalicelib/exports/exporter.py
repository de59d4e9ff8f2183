"""Writes the members of an account to a file, in any number of steps.

A worker may die anywhere, and a message may arrive twice. The export notes how far its file has come each time S3 has
a part of it; a worker continues there. Only the worker that has the lease writes.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.clock import now
from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.limiter import TimeLeft
from chalicelib.dynamodb.retries import transient_errors_as_busy
from chalicelib.errors import Busy
from chalicelib.fields.text import SEPARATOR
from chalicelib.members.items import from_item
from chalicelib.members.name_index import NameIndex

from .formats import FileBuffer
from .model import ExportRecord, Failure
from .repository import ExportRepository, Lease
from .storage import ExportStorage, UploadLost

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

PAGE_SIZE = 10_000  # members that are read at once
# At least 5 MiB, and at most 10,000 parts ("Amazon S3 multipart upload limits" in the User Guide).
PART_SIZE = 8 * 1024**2
MAX_SECONDS = 20 * 3600  # less than the day after which S3 removes the parts of an unfinished file
TOO_SLOW = Failure(code="not_finished", detail="The export did not end within 20 hours. Export again.")
LOST = Failure(code="upload_lost", detail="S3 has lost a part of the file. Export again.")
GIVEN_UP = Failure(code="export_failed", detail="The file could not be written. Export again.")


class OutOfTime(Busy):
    """The worker ends before the export does. How far it has come is noted."""


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
    page_size: int = PAGE_SIZE
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

    def _acquire(self, record: ExportRecord) -> Lease | None:
        """Returns the lease on an export, None if it has ended. Raises LeaseHeld."""
        self.repository.add(record)  # the caller may have died before
        return self.repository.acquire(record.id)

    def _write(self, lease: Lease) -> None:
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

    def _end(self, lease: Lease, **changes: object) -> None:
        self.repository.note(lease, finished_at=now(), **changes)

    def _read(self, lease: Lease) -> None:
        """Reads the members that are left, and stores them in parts, or as a file if one part would do."""
        record = lease.record
        file = FileBuffer(record.format, self.storage.pending(record.pending) if record.pending else b"")
        if record.after is None:
            file.start()
        rows, after, page = record.settled_rows, record.after, [Item()] * self.page_size
        while len(page) == self.page_size:
            self.repository.note(lease, started=True, rows=rows)
            page = self._page(lease, file, rows, after)
            file.add(map(from_item, page))
            rows += len(page)
            after = page[-1]["name_order"]["S"].split(SEPARATOR) if page else after
            if len(page) == self.page_size and file.size >= self.part_size:
                self._settle(lease, file.take(), rows=rows, after=after)
        last = file.take()
        if lease.record.parts:
            self._settle(lease, last, rows=rows, after=after, is_read=True)
        else:
            self.storage.put(lease.record, last)
            lease.record = lease.record.model_copy(update={"rows": rows, "size": len(last)})

    def _page(self, lease: Lease, file: FileBuffer, rows: int, after: list[str] | None) -> list[Item]:
        """Returns the next members. Without time or capacity stores what is read, and raises Busy."""
        record = lease.record
        try:
            if self.time_left() <= 0:
                raise OutOfTime
            return self.names.list_account(record.account_id, record.last_name_prefix, after, self.page_size)
        except Busy:
            if after != record.after:
                key = self.storage.put_pending(record, rows, file.take())
                self.repository.note(lease, rows=rows, settled_rows=rows, after=after, pending=key)
            raise

    def _settle(self, lease: Lease, body: bytes, *, rows: int, **changes: object) -> None:
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
            rows=rows,
            settled_rows=rows,
            **changes,
        )
