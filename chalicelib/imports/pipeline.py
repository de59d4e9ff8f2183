"""Runs imports: starts, splits the file into chunks, loads them one after the other, ends with a report.

One chunk of an import is loaded at a time, in the order of the file, with several transactions in flight. So the
result is that of writing the rows one by one, however events and messages are repeated or delayed. A lease reserves a
step for one worker for as long as a worker can live. If the worker dies, another repeats the step: members store the
import and line that wrote them, a checkpoint stores the other outcomes (see bulk_writer.py). Different imports run
side by side.

A worker that ends an import, or sends its next message, may die too. So the state is stored first, and each
redelivery, of dead letters too, does what is still undone.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chalicelib.clock import now
from chalicelib.errors import Busy, Ended, NotFound, Unreadable

from .chunk_loader import ChunkLoader
from .drop_key import ImportOptions, parse_drop_key
from .finisher import Finisher
from .messages import Messenger
from .model import Failure, ImportRecord, Source, exceeds_limit, with_status
from .outcomes import Outcome
from .repository import ImportRepository
from .splitter import split_object
from .storage import ImportStorage, Link, announced_import_id, upload_key

MAX_SECONDS = 7 * 24 * 3600  # from the split; then the rows for which there was no capacity are rejected
NOT_PROCESSED = Outcome("rejected", "not_processed", "The row could not be processed; send it again.")
STOPPED = {
    "cancelled": Outcome("rejected", "cancelled", "The import was cancelled before this row was loaded."),
    "failed": Outcome("rejected", "not_loaded", "The import had stopped before this row was loaded."),
}


@dataclass(frozen=True, slots=True)
class ImportPipeline:
    """The steps of an import. Each may be repeated, and its worker may die anywhere."""

    repository: ImportRepository
    storage: ImportStorage
    messenger: Messenger
    loader: ChunkLoader
    finisher: Finisher

    def announce(self, record: ImportRecord, filename: str) -> tuple[ImportRecord, Link]:
        """Adds an import whose file is still to be uploaded; returns it and the link for that."""
        record = self._announce(record, filename)
        return record, self.storage.upload_link(record.source.key)

    def upload(self, record: ImportRecord, body: bytes, filename: str) -> ImportRecord:
        """Adds an import and stores its file. If that fails, so does the import."""
        record = self._announce(record, filename)
        try:
            self.storage.put(record.source.key, body)
        except Exception:
            self.fail_upload(record)
            raise
        return record

    def fail_upload(self, record: ImportRecord) -> ImportRecord:
        """Ends an announced import whose file could not be stored."""
        return self.finisher.fail(record, "upload_failed", "The file could not be stored; send it again.")

    def _announce(self, record: ImportRecord, filename: str) -> ImportRecord:
        source = Source(bucket=self.storage.bucket_name, key=upload_key(record.id, filename))
        record = record.model_copy(update={"source": source})
        self.repository.add(record)
        return record

    def cancel(self, import_id: str) -> ImportRecord:
        """Stops an import: rows that are not loaded yet are rejected. Raises Ended, NotFound."""
        failure = Failure(code="cancelled", detail="The import was cancelled.")
        while True:
            record = self.repository.get(import_id)
            stopped = with_status(record, "cancelled", failure)
            if record.status == "loading":  # the remaining steps run, and load no more rows
                cancelled = self.repository.transition(stopped, "loading")
                if cancelled:
                    return cancelled
            elif record.status in ("awaiting_upload", "splitting") and not record.shown().finished_at:
                ended = self.finisher.end(stopped, record.status)
                if ended.status == "cancelled":
                    return ended
            else:
                if record.finished_at:
                    self.finisher.notify_once(record)
                raise Ended(f"The import has ended: it is {record.shown().status}.")

    def start(self, source: Source, import_id: str) -> ImportRecord:
        """Starts the import of an object and queues its split. An upload has its announced id, not `import_id`.

        It takes milliseconds whatever the file: S3 calls for any number of objects at once.
        """
        record = self._import_of(source, import_id)
        if record.status == "splitting":
            self.messenger.send_split(record)
            return record
        return self._send_pending(record, 0)

    def split(self, import_id: str) -> ImportRecord:
        """Splits the file of a started import into chunks and queues the first step. Raises NotFound."""
        record = self.repository.get(import_id)
        if record.status == "splitting":
            try:
                ready = split_object(self.storage, record)
            except Unreadable as error:
                return self.finisher.fail(record, error.code, error.detail)
            record = self.repository.transition(ready, "splitting") or self.repository.get(record.id)
        return self._send_pending(record, 0)

    def give_up_split(self, import_id: str) -> ImportRecord:
        """Ends an import whose split failed too often. Raises NotFound."""
        record = self.repository.get(import_id)
        if record.status == "splitting":
            detail = "The file could not be read; nothing was imported."
            return self.finisher.fail(record, "split_failed", detail)
        return self._send_pending(record, 0)

    def step(self, import_id: str, number: int, *, repeated: bool) -> ImportRecord:
        """Loads chunk `number`, or ends the import after the last one.

        Raises Busy if capacity or time is lacking, or another worker has the step: try again. What is settled is
        noted then. `repeated` says that this message was delivered before, or sent again. Its worker may have died
        after it counted the chunk: then the next message is sent again.
        """

        def work(record: ImportRecord) -> ImportRecord:
            if number == record.chunks:
                return self.finisher.complete(record)
            if record.status == "loading" and record.age < MAX_SECONDS:
                return self.loader.load(record)
            return self.loader.reject(record, STOPPED.get(record.status, NOT_PROCESSED))

        return self._with_lease(import_id, number, work, repeated=repeated)

    def give_up(self, import_id: str, number: int) -> ImportRecord:
        """Settles a step that failed too often: rows of its chunk that were not written are rejected."""

        def work(record: ImportRecord) -> ImportRecord:
            if number == record.chunks:
                detail = "All rows are accounted for; the report could not be written."
                return self.finisher.fail(record, "report_failed", detail)
            return self.loader.reject(record, NOT_PROCESSED)

        return self._with_lease(import_id, number, work, repeated=True)

    def _with_lease(
        self, import_id: str, number: int, work: Callable[[ImportRecord], ImportRecord], *, repeated: bool
    ) -> ImportRecord:
        """Does the work of step `number` if it is due and no other worker has it; then sends the next message."""
        record = self._stop_if_over_limit(self.repository.get(import_id))
        if record.finished_at or number != record.position or not record.chunks:
            return self._send_pending(record, number + 1) if repeated or record.finished_at else record
        leased = self.repository.acquire_lease(record)
        if leased is None:
            raise Busy
        try:
            record = work(leased)
        except Exception:
            with suppress(Busy):  # it expires
                self.repository.release_lease(leased)
            raise
        if record.finished_at:
            return record
        if record.position > number:
            return self._send_pending(record, number + 1)
        self.repository.release_lease(leased)  # it was cancelled meanwhile, and must end as cancelled
        raise Busy

    def _stop_if_over_limit(self, record: ImportRecord) -> ImportRecord:
        """Stops an import that has rejected more rows than its sender allows."""
        if record.status != "loading" or not exceeds_limit(record.max_rejected, record.counts):
            return record
        detail = f"{record.counts.rejected} of {record.counts.rows} rows were rejected."
        failed = with_status(record, "failed", Failure(code="too_many_rejected", detail=detail))
        return self.repository.transition(failed, "loading") or self.repository.get(record.id)

    def _send_pending(self, record: ImportRecord, number: int) -> ImportRecord:
        """Sends the message of step `number`, or the notice of the end, unless its worker did before it died."""
        if record.finished_at:
            self.finisher.notify_once(record)
        elif record.chunks and record.position == number and not record.step_started:
            self.messenger.send_step(record)
        return record

    def _import_of(self, source: Source, import_id: str) -> ImportRecord:
        """Returns the import of this object, which the first delivery of its event adds.

        It has failed from the beginning if the key cannot be parsed: no worker may die between the two and leave an
        import that would be split.
        """
        options, started = ImportOptions(), {"source": source, "started_at": now(), "status": "splitting"}
        try:
            options = parse_drop_key(source.key)
        except Unreadable as error:
            failure = Failure(code=error.code, detail=error.detail)
            started |= {"status": "failed", "error": failure, "finished_at": now()}
        if announced := announced_import_id(source.key):
            with suppress(NotFound):  # nobody announced this id: the object is a drop like any other
                return self._accept_upload(announced, source, started)
        new: dict[str, Any] = {"id": import_id, "created_at": now(), **options._asdict(), **started}
        record = ImportRecord(**new)
        return record if self.repository.add(record) else self.repository.get(record.id)

    def _accept_upload(self, import_id: str, source: Source, started: Mapping[str, object]) -> ImportRecord:
        """Returns the announced import, whose file has arrived. Raises NotFound."""
        record = self.repository.get(import_id)
        if record.status == "awaiting_upload":
            moved = self.repository.transition(record.model_copy(update=started), "awaiting_upload")
            record = moved or self.repository.get(record.id)
        # Another object under the same key is not imported. An import that ended before its upload has no version.
        if record.source.version not in (None, source.version):
            return record.model_copy(update={"status": "cancelled", "notified": True})
        return record
