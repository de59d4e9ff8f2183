"""Ends imports: writes rejected.csv, changes.csv and the report, closes the import, sends the notice."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import NamedTuple

from chalicelib.clock import now
from chalicelib.imports.records.estimate import Estimator
from chalicelib.imports.records.messages import Messenger
from chalicelib.imports.records.model import Failure, ImportRecord, Status, with_status
from chalicelib.imports.records.repository import ImportRepository
from chalicelib.imports.records.storage import CHANGES, ImportStorage, result_key
from chalicelib.imports.records.write_units import import_units, row_units
from chalicelib.imports.reports.changes import HEADER as CHANGES_HEADER
from chalicelib.imports.reports.changes import chunk_lines
from chalicelib.imports.reports.results import ConcatenatedFile, RowSummary, rejected_file, report
from chalicelib.imports.rows.columns import Header
from chalicelib.imports.rows.member_row import encode_row
from chalicelib.imports.rows.outcomes import Outcome
from chalicelib.imports.rows.warnings import RowWarning
from chalicelib.imports.syncs.sync_parts import SyncParts
from chalicelib.imports.text.csv_reader import RejectedRow, Row

from .parts import ImportParts, LoadedFile, ResolvedRows
from .read_steps import PARTS_AHEAD, chunk_rows, in_order


class ChunkResults(NamedTuple):
    """The results of a chunk: its rejected rows, and what RowSummary has of the others."""

    rejected: list[RejectedRow]
    warnings: list[RowWarning]
    changed_by: Counter[str]
    write_units: int


@dataclass(frozen=True, slots=True)
class Finisher:
    """Ends imports. Each method may be repeated after its worker died."""

    repository: ImportRepository
    storage: ImportStorage
    messenger: Messenger
    estimator: Estimator

    def complete(self, record: ImportRecord, loaded: LoadedFile | None = None) -> ImportRecord:
        """Ends an import whose rows are settled: writes the results and returns it as it is then.

        The worker that has `loaded` the file need not read it again.
        """
        header, summary = self._write_results(record, loaded)
        status = "completed" if record.status == "loading" else record.status
        ended = with_status(record, status, record.error)
        if record.dry_run and status == "completed":
            units = import_units(record, summary.write_units)
            estimate = self.estimator.estimate(units, record.counts.rows, record.chunks)
            ended = ended.model_copy(update={"estimate": estimate})
        return self.end(ended, record.status, header, summary)

    def hold(self, record: ImportRecord) -> ImportRecord:
        """Lets an import wait for approval: writes the results so far, and returns it as it is then."""
        waiting = with_status(record, "awaiting_approval", None)
        self._report(waiting, *self._write_results(waiting))
        return self.repository.transition(waiting, "loading") or self.repository.get(record.id)

    def _write_results(
        self, record: ImportRecord, loaded: LoadedFile | None = None
    ) -> tuple[Header, RowSummary]:
        """Writes rejected.csv and changes.csv; returns the columns of the file, and a summary of its rows."""
        header = loaded.header if loaded else self.repository.header(record)
        summary = RowSummary()
        parts = ImportParts(self.storage, record)
        resolved = parts.resolved() if record.rows_deferred and not record.in_one_step else ResolvedRows()
        with ThreadPoolExecutor(PARTS_AHEAD) as pool:
            results = _loaded_results(loaded) if loaded else self._chunk_results(record, parts, resolved)
            found = in_order(pool, results, record.chunks)
            self._put(record, "rejected.csv", rejected_file(header, _rejected_rows(found, summary), summary))
            changes = _loaded_changes(loaded) if loaded else partial(parts.changes, resolved=resolved)
            lines = in_order(pool, changes, record.chunks)
            removals = SyncParts(self.storage, record).changes()
            self._put(record, CHANGES, chain([CHANGES_HEADER], removals, lines))
        return header, summary

    def _put(self, record: ImportRecord, name: str, texts: Iterator[str]) -> None:
        """Stores a result of any size."""
        file = ConcatenatedFile(texts)
        self.storage.put_large(result_key(record.id, name), file, "text/csv; charset=utf-8")

    def _chunk_results(
        self, record: ImportRecord, parts: ImportParts, resolved: ResolvedRows
    ) -> Callable[[int], ChunkResults]:
        """Returns a function that returns the results of a chunk, in the order of the file."""

        def results(number: int) -> ChunkResults:
            outcomes, warnings = parts.found(number, resolved)
            rejected = _rejected(outcomes)
            rows = chunk_rows(self.storage, record, number) if rejected else []
            return _results_of(_with_cells(rejected, rows), warnings, outcomes)

        return results

    def fail(self, record: ImportRecord, code: str, detail: str) -> ImportRecord:
        """Ends an import that cannot continue, and returns it as it is then."""
        return self.end(with_status(record, "failed", Failure(code=code, detail=detail)), record.status)

    def end(
        self,
        record: ImportRecord,
        from_status: Status,
        header: Header | None = None,
        summary: RowSummary | None = None,
    ) -> ImportRecord:
        """Closes an import that still has `from_status`, and returns it as it is then.

        The report comes first, the notice last. If the worker dies between, another does what is missing.
        """
        record = record.model_copy(update={"finished_at": now()})
        # Without chunks several workers may try to end it, and only the one that does reports.
        if record.chunks:
            self._report(record, header, summary or RowSummary())
        record = self.repository.transition(record, from_status) or self.repository.get(record.id)
        if record.finished_at:
            self.notify_once(record)
        return record

    def notify_once(self, record: ImportRecord) -> None:
        """Sends the notice of an import that has ended or waits for approval, unless it was sent."""
        if record.notified:
            return
        if not record.chunks:
            self._report(record, None, RowSummary())
        self.messenger.send_notice(record)
        self.repository.mark_notified(record)

    def _report(self, record: ImportRecord, header: Header | None, summary: RowSummary) -> None:
        text = json.dumps(report(record, header, summary), indent=2, ensure_ascii=False)
        self.storage.put(result_key(record.id, "report.json"), text.encode(), ContentType="application/json")


def _loaded_results(loaded: LoadedFile) -> Callable[[int], ChunkResults]:
    """Returns a function that returns the results of a file's only chunk."""
    rejected = _rejected(loaded.written.outcomes)
    rows, written = _with_cells(rejected, loaded.rows), loaded.written
    return lambda _: _results_of(rows, written.warnings, written.outcomes)


def _loaded_changes(loaded: LoadedFile) -> Callable[[int], str]:
    """Returns a function that returns the lines of a file's only chunk in changes.csv."""
    return lambda _: chunk_lines(b"\n".join(map(encode_row, loaded.member_rows)), loaded.written.outcomes)


def _rejected(outcomes: Mapping[int, Outcome]) -> dict[int, Outcome]:
    return {line: one for line, one in outcomes.items() if one.outcome == "rejected"}


def _results_of(
    rejected: list[RejectedRow], warnings: list[RowWarning], outcomes: Mapping[int, Outcome]
) -> ChunkResults:
    changed_by = Counter(one.by for one in outcomes.values() if one.by)
    return ChunkResults(rejected, warnings, changed_by, sum(map(row_units, outcomes.values())))


def _with_cells(outcomes: Mapping[int, Outcome], rows: Iterable[Row | RejectedRow]) -> list[RejectedRow]:
    """Returns the rejected ones of a chunk's rows, in the order of the file."""
    cells = {row.line: row.cells for row in rows if row.line in outcomes}
    return [
        RejectedRow(line, cells[line], outcome.code, outcome.reason)
        for line, outcome in sorted(outcomes.items())
    ]


def _rejected_rows(found: Iterable[ChunkResults], summary: RowSummary) -> Iterator[list[RejectedRow]]:
    """Yields the rejected rows of each chunk, and adds its other results to `summary`."""
    for results in found:
        summary.warnings.add(results.warnings)
        summary.changed_by += results.changed_by
        summary.write_units += results.write_units
        yield results.rejected
