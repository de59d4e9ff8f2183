"""Ends imports: writes rejected.csv and the report, closes the import, sends the notice."""

import json
from dataclasses import dataclass

from chalicelib.clock import now

from .columns import Header
from .messages import Messenger
from .model import Failure, ImportRecord, Status, with_status
from .repository import ImportRepository
from .results import ConcatenatedFile, RejectionSummary, join_chunk_results, rejected_header, report
from .storage import ImportStorage, result_key


@dataclass(frozen=True, slots=True)
class Finisher:
    """Ends imports. Each method may be repeated after its worker died."""

    repository: ImportRepository
    storage: ImportStorage
    messenger: Messenger

    def complete(self, record: ImportRecord) -> ImportRecord:
        """Ends an import whose chunks are loaded: writes the results and returns it as it is then."""
        header = self.repository.header(record)
        summary = RejectionSummary()
        results = (self.storage.chunk_results(record.folder, number) for number in range(record.chunks))
        file = ConcatenatedFile(rejected_header(header), join_chunk_results(results, summary))
        self.storage.put_large(result_key(record.id, "rejected.csv"), file, "text/csv; charset=utf-8")
        status = "completed" if record.status == "loading" else record.status
        return self.end(with_status(record, status, record.error), record.status, header, summary)

    def fail(self, record: ImportRecord, code: str, detail: str) -> ImportRecord:
        """Ends an import that cannot continue, and returns it as it is then."""
        return self.end(with_status(record, "failed", Failure(code=code, detail=detail)), record.status)

    def end(
        self,
        record: ImportRecord,
        from_status: Status,
        header: Header | None = None,
        summary: RejectionSummary | None = None,
    ) -> ImportRecord:
        """Closes an import that still has `from_status`, and returns it as it is then.

        The report comes first, the notice last. If the worker dies between, another does what is missing.
        """
        record = record.model_copy(update={"finished_at": now()})
        # Without chunks several workers may try to end it, and only the one that does reports.
        if record.chunks:
            self._report(record, header, summary or RejectionSummary())
        record = self.repository.transition(record, from_status) or self.repository.get(record.id)
        if record.finished_at:
            self.notify_once(record)
        return record

    def notify_once(self, record: ImportRecord) -> None:
        """Sends the notice of an ended import, unless it was sent."""
        if record.notified:
            return
        if not record.chunks:
            self._report(record, None, RejectionSummary())
        self.messenger.send_notice(record)
        self.repository.mark_notified(record.id)

    def _report(self, record: ImportRecord, header: Header | None, summary: RejectionSummary) -> None:
        text = json.dumps(report(record, header, summary), indent=2, ensure_ascii=False)
        self.storage.put(result_key(record.id, "report.json"), text.encode(), ContentType="application/json")
