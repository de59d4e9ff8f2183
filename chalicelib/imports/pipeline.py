"""The import: cut a file into chunks, load them one after the other, account for every row, report.

One chunk of an import is under way at a time, in the order of the file, with several transactions in flight;
so the outcome is that of writing the rows one by one, however events and messages are repeated or delayed.
A step belongs to one worker for as long as that can live. One that was cut off is done again by another: members
know the import and line that wrote them, and a note keeps what they cannot (see bulk.py). Different imports run
side by side.

Whoever is to end an import, or to send its next message, may be cut off as well. So the ledger decides first, and
whatever is redelivered afterwards, dead letters included, does what it finds undone.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from chalicelib.clock import now
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Busy, Ended, NotFound, Unreadable
from chalicelib.fields.phone import PhoneRule

from .bulk_writer import BulkWriter
from .columns import Header
from .csv_reader import Row, rows
from .drop_key import import_options
from .dry_run import DryRun
from .model import Failure, ImportRecord, Source, is_import_id, is_over, with_status
from .outcomes import MemberRow, Outcome
from .repository import ImportRepository
from .results import ConcatenatedFile, RejectionSummary, rejected_header, rejected_rows, report
from .splitter import split_object
from .storage import UPLOADS, ImportStorage, result_key

Settle = Callable[[list[MemberRow]], Mapping[int, Outcome]]
NOT_PROCESSED = Outcome("rejected", "not_processed", "The row could not be processed; send it again.")
FORBIDDEN = Outcome(
    "rejected", "account_forbidden", "account_id: Who began this import has no access to this account."
)
STOPPED = {
    "cancelled": Outcome("rejected", "cancelled", "The import was cancelled before this row was loaded."),
    "failed": Outcome("rejected", "not_loaded", "The import had stopped before this row was loaded."),
}


class ImportPipeline:
    """The pipeline: every step may be repeated, and be cut off anywhere."""

    def __init__(
        self, table: Table, ledger: ImportRepository, store: ImportStorage, phone_rule: PhoneRule
    ) -> None:
        self._table = table
        self._phone_rule = phone_rule
        self.ledger = ledger
        self.store = store

    # Before the file is there, and to stop

    def announce(self, record: ImportRecord, name: str) -> ImportRecord:
        """Adds an import whose file is still to come; `name` is the file's, for people."""
        key = self.store.upload_key(record.id, name)
        source = Source(bucket=self.store.settings.bucket_name, key=key)
        record = record.model_copy(update={"source": source})
        self.ledger.add(record)
        return record

    def upload(self, record: ImportRecord, body: bytes, name: str) -> ImportRecord:
        """Announces an import and sends its file. What cannot be stored fails it."""
        record = self.announce(record, name)
        try:
            self.store.put(record.source.key, body)
        except Exception:
            failure = Failure(code="upload_failed", detail="The file could not be stored; send it again.")
            self._end(with_status(record, "failed", failure), "awaiting_upload")
            raise
        return record

    def cancel(self, import_id: str) -> ImportRecord:
        """Stops what is not loaded yet; those rows come back as rejected. Raises Ended, NotFound."""
        failure = Failure(code="cancelled", detail="The import was cancelled.")
        while True:
            record = self.ledger.get(import_id)
            stopped = with_status(record, "cancelled", failure)
            if record.status == "loading":  # the steps go on, and load nothing more
                done = self.ledger.move(stopped, "loading")
            elif record.status in ("awaiting_upload", "splitting") and not record.shown().finished_at:
                done = self._end(stopped, record.status).status == "cancelled"
            else:
                if record.finished_at:
                    self._notify_once(record)
                raise Ended(f"The import has ended: it is {record.shown().status}.")
            if done:
                return self.ledger.get(import_id)

    # Step one: split

    def split(self, source: Source, import_id: str) -> ImportRecord:
        """Cuts a dropped object into chunks and sends the import on its way.

        `import_id` is the id that the object gets unless its key names one.
        """
        record = self._claim(source, import_id)
        if record.status != "splitting":
            return self._resumed(record, 0)
        try:
            ready = split_object(self.store, record)
        except Unreadable as error:
            return self.fail(record, error.code, error.detail)
        self.ledger.move(ready, "splitting")
        return self._resumed(self.ledger.get(record.id), 0)

    def give_up_split(self, source: Source, import_id: str) -> ImportRecord:
        """Ends the import of an object whose splitting failed too often."""
        record = self._claim(source, import_id)
        if record.status != "splitting":
            return self._resumed(record, 0)
        return self.fail(record, "split_failed", "The file could not be read; nothing was imported.")

    def _resumed(self, record: ImportRecord, position: int) -> ImportRecord:
        """Sends the message of the step at `position`, or the notice of the end, unless that was done.

        Whose task it was may have been cut off just before.
        """
        if record.finished_at:
            self._notify_once(record)
        elif record.chunks and record.position == position and not record.begun:
            self.store.send(record)
        return record

    def _claim(self, source: Source, import_id: str) -> ImportRecord:
        """The import of this object, made now or by an earlier delivery of the event."""
        announced = source.key.removeprefix(UPLOADS).split("/")[0]
        if source.key.startswith(UPLOADS) and is_import_id(announced):
            with suppress(NotFound):  # whoever put it there has made the id up: a drop like any other
                return self._claim_upload(source, announced)
        record = ImportRecord(
            id=import_id,
            status="splitting",
            source=source,
            created_at=now(),
            started_at=now(),
            **import_options(source.key),
        )
        return record if self.ledger.add(record) else self.ledger.get(record.id)

    def _claim_upload(self, source: Source, announced: str) -> ImportRecord:
        record = self.ledger.get(announced)
        if record.status == "awaiting_upload":
            changes = {"status": "splitting", "source": source, "started_at": now()}
            self.ledger.move(record.model_copy(update=changes), "awaiting_upload")
            record = self.ledger.get(record.id)
        # Another object under the same key is not this import's. One that ended before has had none.
        if record.source.version not in (None, source.version):
            return record.model_copy(update={"status": "cancelled", "noticed": True})
        return record

    # Step two: load

    def step(self, import_id: str, number: int, *, repeated: bool) -> ImportRecord:
        """Loads chunk `number`, or closes the import after the last one. Raises Busy, to be tried again.

        `repeated` says that this message was delivered before: its worker may have stopped after the chunk was
        accounted for and before the next message was sent, so that is sent again.
        """

        def work(record: ImportRecord) -> ImportRecord:
            if number == record.chunks:
                return self._complete(record)
            bulk = self._bulk(record)
            if record.status == "loading":
                return self._load_chunk(record, bulk.write)
            return self._load_chunk(record, _reject_remaining(record, bulk, STOPPED[record.status]))

        return self._with_lease(import_id, number, work, repeated=repeated)

    def give_up(self, import_id: str, number: int) -> ImportRecord:
        """Closes the chunk of a message that failed too often: its rows that were not written are rejected."""

        def work(record: ImportRecord) -> ImportRecord:
            if number == record.chunks:
                detail = "All rows are accounted for; the report could not be written."
                return self.fail(record, "report_failed", detail)
            return self._load_chunk(record, _reject_remaining(record, self._bulk(record), NOT_PROCESSED))

        return self._with_lease(import_id, number, work, repeated=True)

    def _with_lease(
        self, import_id: str, number: int, work: Callable[[ImportRecord], ImportRecord], *, repeated: bool
    ) -> ImportRecord:
        """Does the work of step `number` where it is due and nobody else is at it, and sends the next message."""
        record = self._fail_if_over_limit(self.ledger.get(import_id))
        if record.finished_at or number != record.position or not record.chunks:
            return self._resumed(record, number + 1) if repeated or record.finished_at else record
        held = self.ledger.acquire_lease(record)
        if held is None:
            raise Busy
        try:
            record = work(held)
        except Exception:
            self.ledger.release_lease(held)
            raise
        if record.finished_at:
            return record
        if record.position > number:
            return self._resumed(record, number + 1)
        self.ledger.release_lease(held)  # it was cancelled just then, and has to end in another way
        raise Busy

    def _load_chunk(self, record: ImportRecord, settle: Settle) -> ImportRecord:
        """Settles the rows of the chunk at the record's position, stores the rejected, counts, goes on."""
        header, rule = self.header(record), self._rule(record)
        found = list(rows(self.store.chunk(record.folder, record.position), record.delimiter))
        if record.position == 0:
            del found[0]  # the header
        entries: list[MemberRow] = []
        outcomes: dict[int, Outcome] = {}
        for row in found:
            member = header.member(row, rule)
            if isinstance(member, Row):
                outcomes[row.line] = Outcome("rejected", member.code, member.reason)
            elif not record.scope.includes(member.account_id):
                outcomes[row.line] = FORBIDDEN
            else:
                entries.append(MemberRow(row.line, member))
        outcomes.update(settle(entries))
        self.store.put_rejected(record.folder, record.position, rejected_rows(header, found, outcomes))
        counts = Counter(outcome.outcome for outcome in outcomes.values())
        self.ledger.advance(record, {**counts, "rows": len(found)})
        return self.ledger.get(record.id)

    def _fail_if_over_limit(self, record: ImportRecord) -> ImportRecord:
        """Stops an import that has rejected more rows than its sender allows."""
        if record.status == "loading" and is_over(record.max_rejected, record.counts):
            detail = f"{record.counts.rejected} of {record.counts.rows} rows were rejected."
            failure = Failure(code="too_many_rejected", detail=detail)
            self.ledger.move(with_status(record, "failed", failure), "loading")
            return self.ledger.get(record.id)
        return record

    def header(self, record: ImportRecord) -> Header:
        """The columns of an import's file. Raises NotFound before it was split."""
        return Header(self.ledger.columns(record), record.account_id, blanks_keep=record.mode == "upsert")

    def _rule(self, record: ImportRecord) -> PhoneRule:
        return PhoneRule(record.region or self._phone_rule.region, self._phone_rule.check)

    def _bulk(self, record: ImportRecord) -> BulkWriter:
        in_flight = self.store.settings.writes_in_flight
        kind = DryRun if record.mode == "validate" else BulkWriter
        return kind(
            self._table,
            record.id,
            record.mode,
            in_flight,
            known=self._noted(record),
            note=lambda outcomes: self.store.put_note(record.folder, record.position, json.dumps(outcomes)),
        )

    def _noted(self, record: ImportRecord) -> Mapping[int, Outcome]:
        """What an earlier try, if there was one, has noted of the chunk at the record's position."""
        note = self.store.note(record.folder, record.position) if record.begun else None
        return {int(line): Outcome(*outcome) for line, outcome in json.loads(note or "{}").items()}

    # Step three: report

    def _complete(self, record: ImportRecord) -> ImportRecord:
        """Writes the results and closes the import."""
        header = self.header(record)
        tally = RejectionSummary(header)
        parts = (self.store.rejected(record.folder, number) for number in range(record.chunks))
        file = ConcatenatedFile(rejected_header(header), tally.count(parts))
        self.store.put_large(result_key(record.id, "rejected.csv"), file, "text/csv; charset=utf-8")
        status = "completed" if record.status == "loading" else record.status
        return self._end(with_status(record, status, record.error), record.status, header, tally)

    def fail(self, record: ImportRecord, code: str, detail: str) -> ImportRecord:
        """Ends an import that cannot go on, with the reason, and writes its report."""
        return self._end(with_status(record, "failed", Failure(code=code, detail=detail)), record.status)

    def _end(
        self,
        record: ImportRecord,
        was: Any,
        header: Header | None = None,
        tally: RejectionSummary | None = None,
    ) -> ImportRecord:
        """Closes the import that still is what it `was`, reports, and tells those who wait; what it is now."""
        record = record.model_copy(update={"finished_at": now()})
        if record.chunks:  # else several may try to end it at once, and only who succeeds may write
            self._report(record, header, tally or RejectionSummary())
        self.ledger.move(record, was)
        record = self.ledger.get(record.id)
        if record.finished_at:
            self._notify_once(record)
        return record

    def _notify_once(self, record: ImportRecord) -> None:
        """Sends the notice of an ended import, unless that was done."""
        if record.noticed:
            return
        if not record.chunks:
            self._report(record, None, RejectionSummary())
        self.store.notify(record)
        self.ledger.mark_notified(record.id)

    def _report(self, record: ImportRecord, header: Header | None, tally: RejectionSummary) -> None:
        text = json.dumps(report(record, header, tally), indent=2, ensure_ascii=False)
        self.store.put(result_key(record.id, "report.json"), text.encode(), ContentType="application/json")


def _reject_remaining(record: ImportRecord, bulk: BulkWriter, outcome: Outcome) -> Settle:
    """Gives rows this outcome, but for those that an earlier try had settled."""

    def settle(entries: list[MemberRow]) -> Mapping[int, Outcome]:
        settled = bulk.recall(entries) if record.begun else {}
        return {entry.line: outcome for entry in entries} | settled

    return settle
