"""Ends imports: writes rejected.csv and the report, closes the import, sends the notice."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from chalicelib.clock import now

from .chunk_reader import data_rows
from .columns import Header
from .csv_reader import RejectedRow
from .messages import Messenger
from .model import Failure, ImportRecord, Status, with_status
from .parts import ImportParts
from .read_steps import PARTS_AHEAD, in_order
from .repository import ImportRepository
from .results import ConcatenatedFile, RejectionSummary, rejected_file, report
from .storage import ImportStorage, result_key


@dataclass(frozen=True, slots=True)
class Finisher:
    """Ends imports. Each method may be repeated after its worker died."""

    repository: ImportRepository
    storage: ImportStorage
    messenger: Messenger

    def complete(self, record: ImportRecord) -> ImportRecord:
        """Ends an import whose rows are settled: writes the results and returns it as it is then."""
        header = self.repository.header(record)
        summary = RejectionSummary()
        with ThreadPoolExecutor(PARTS_AHEAD) as pool:
            chunks = in_order(pool, self._rejected_rows(record), record.chunks)
            file = ConcatenatedFile(rejected_file(header, chunks, summary))
            self.storage.put_large(result_key(record.id, "rejected.csv"), file, "text/csv; charset=utf-8")
        status = "completed" if record.status == "loading" else record.status
        return self.end(with_status(record, status, record.error), record.status, header, summary)

    def _rejected_rows(self, record: ImportRecord) -> Callable[[int], list[RejectedRow]]:
        """Returns a function that returns the rejected rows of a chunk, in the order of the file."""
        parts = ImportParts(self.storage, record)
        resolved = parts.resolved() if record.rows_deferred and record.chunks > 1 else {}

        def rejected_rows(number: int) -> list[RejectedRow]:
            outcomes = parts.rejected(number, resolved)
            if not outcomes:
                return []
            chunk = self.storage.chunk(record.folder, number)
            rows = data_rows(chunk, record.dialect, record.header_line, number=number)
            cells = {row.line: row.cells for row in rows}
            return [
                RejectedRow(line, cells[line], outcome.code, outcome.reason)
                for line, outcome in sorted(outcomes.items())
            ]

        return rejected_rows

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
