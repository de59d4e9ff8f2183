"""The steps that write: the independent rows of each chunk, then the rows that were deferred."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

from chalicelib.dynamodb.table import Table
from chalicelib.errors import Busy
from chalicelib.imports.records.limits import broken_limit
from chalicelib.imports.records.model import ImportRecord, Stage
from chalicelib.imports.records.steps import Lease, OutOfTime, StepRepository
from chalicelib.imports.records.storage import ImportStorage, result_key
from chalicelib.imports.reports.applied_order import ORDER, AppliedOrder
from chalicelib.imports.rows.member_row import MemberRow, decode_row, encode_row
from chalicelib.imports.rows.outcomes import (
    APPLIED,
    HELD,
    Outcome,
    count_outcomes,
    freed_numbers,
    not_created,
)
from chalicelib.imports.rows.row_context import RowContext
from chalicelib.imports.rows.row_hashes import INDEPENDENT, Dependencies, find_dependencies, hash_rows
from chalicelib.imports.syncs.sync_parts import SyncParts
from chalicelib.imports.writing.chunk_writer import ChunkWriter, DryRunWriter
from chalicelib.imports.writing.resolver import Resolver
from chalicelib.members.model import PhoneKey

from .parts import ImportParts, LoadedFile, ResolvedRows
from .read_ahead import ReadAhead
from .read_steps import PARTS_AHEAD, ReadSteps, chunk_rows, in_order
from .write_progress import WriteProgress

MAX_DEFERRED = 1_000_000  # rows that resolve settles: each takes about 1 kB of its memory
TOO_MANY_DEFERRED = Outcome(
    "rejected",
    "too_many_dependent_rows",
    f"Over {MAX_DEFERRED:,} rows repeat members, or ask for numbers of members in the file. Check that the columns "
    "are not shifted.",
)


@dataclass(frozen=True, slots=True)
class Work:
    """How a worker settles rows.

    `time_left` returns the seconds it has. `rejection`, if any, is the outcome of the rows that are not written yet.
    `gives_up` says whether the step failed too often.
    """

    time_left: Callable[[], float]
    rejection: Outcome | None = None
    gives_up: bool = False

    def check_time(self) -> None:
        """Raises OutOfTime."""
        if self.time_left() <= 0:
            raise OutOfTime


@dataclass(frozen=True, slots=True)
class WriteSteps:
    """Writes the members of an import. Each step raises OutOfTime, Stopped, Busy."""

    table: Table
    steps: StepRepository
    storage: ImportStorage
    read_steps: ReadSteps
    ahead: ReadAhead
    in_flight: int
    concurrency: int  # steps of one import at once
    history_days: int

    def write(self, record: ImportRecord, lease: Lease, work: Work) -> None:
        """Writes the independent rows of a chunk."""
        parts = ImportParts(self.storage, record)
        progress = WriteProgress(self.steps, parts, lease, {})
        dependencies = INDEPENDENT if work.rejection else self.ahead.dependencies(record)
        rows = self.ahead.rows(record, lease.step.number)
        self.ahead.start(record, lease.step.number + self.concurrency)
        self._settle(record, progress, rows, dependencies, work)
        progress.finish({})

    def resolve(self, record: ImportRecord, lease: Lease, work: Work) -> None:
        """Settles the deferred rows of all chunks.

        In a sync some wait until members are removed. They are settled by a second step, of the stage settle.
        """
        parts = ImportParts(self.storage, record)
        resolver = self._resolver(record)
        settled = resolver.settled() if lease.repeated or lease.step.stage == "settle" else {}
        record = self.read_steps.repository.get(record.id)  # the last worker may have counted rows since
        left = record.rows_found - record.counts.rows
        if rejection := work.rejection or (TOO_MANY_DEFERRED if left > MAX_DEFERRED else None):
            self._put_order(record, settled, resolver)
            parts.put_resolved(ResolvedRows(settled, rejection))
            return self.steps.finish(lease, {"rows": left, rejection.outcome: left})
        with ThreadPoolExecutor(PARTS_AHEAD) as pool:
            rows = chain.from_iterable(in_order(pool, parts.deferred_rows, record.chunks))
            texts = {line: text for line, text in rows if line not in settled}
            chunks = in_order(pool, parts.freed, record.chunks) if record.dry_run else ()
            freed = self._freed(record, lease.step.stage)
            phones = _asked_for(texts.values(), chain(chain.from_iterable(chunks), freed))
        outcomes, counts = self._resolve(resolver, texts, phones, work)
        self._put_order(record, settled | outcomes, resolver)
        held = dict.fromkeys(texts.keys() - outcomes.keys(), HELD)
        parts.put_resolved(ResolvedRows(not_created(settled | outcomes | held)))
        return self.steps.finish(lease, {**counts, "rows_held": len(held)})

    def _freed(self, record: ImportRecord, stage: Stage) -> Iterable[PhoneKey]:
        """Returns the phone numbers of the members that a sync is about to remove."""
        removal = record.removal
        if removal is None or removal.state == "not_done" or stage == "settle":
            return ()
        return SyncParts(self.storage, record).phones()

    def load(self, record: ImportRecord, lease: Lease, work: Work) -> LoadedFile:
        """Does all of this for a file of one chunk, without the detours over the bucket. Then its end is due."""
        all_rows, header = chunk_rows(self.storage, record, 0), self.read_steps.repository.header(record)
        read = self.read_steps.member_rows(record, 0, all_rows, header)
        first = {} if lease.saved else read.counts()
        parts = ImportParts(self.storage, record)
        progress = WriteProgress(self.steps, parts, lease, first)
        if not work.rejection and broken_limit(record, len(read.rejected), read.size, read.other_headers):
            progress.stop_before_first_write()
        resolver = self._resolver(record)
        settled = resolver.settled() if lease.repeated else {}
        rows = [row for row in read.rows if row.line not in settled]
        hashes = hash_rows(rows, dry_run=record.dry_run)
        dependencies = INDEPENDENT if work.rejection else find_dependencies(lambda: [hashes], len(rows))
        self._settle(record, progress, rows, dependencies, work)
        outcomes, counts = self._resolve_file(record, progress, resolver, rows, work)
        progress.written.outcomes |= read.rejected | not_created(settled | outcomes)
        progress.written.warnings = sorted({*progress.written.warnings, *read.warnings})
        parts.put_rows(0, read.rows)
        self._put_order(record, settled | outcomes, resolver)
        progress.finish_stage(counts, "finish")
        return LoadedFile(header, all_rows, read.rows, progress.written)

    def _resolve_file(
        self,
        record: ImportRecord,
        progress: WriteProgress,
        resolver: Resolver,
        rows: Sequence[MemberRow],
        work: Work,
    ) -> tuple[dict[int, Outcome], Mapping[str, int]]:
        """Does what `_resolve` does, for those of the rows of a file of one chunk that were deferred."""
        deferred = set(progress.written.deferred)
        texts = {row.line: encode_row(row) for row in rows if row.line in deferred}
        if texts:
            progress.note()
        freed = freed_numbers(rows, progress.written.outcomes) if record.dry_run else ()
        return self._resolve(resolver, texts, frozenset(freed), work)

    def _settle(
        self,
        record: ImportRecord,
        progress: WriteProgress,
        rows: Sequence[MemberRow],
        dependencies: Dependencies,
        work: Work,
    ) -> None:
        """Settles the rows of a chunk that are not settled yet."""
        rows = [row for row in rows if row.line > progress.lease.settled_to]
        kind = DryRunWriter if record.dry_run else ChunkWriter
        repeated = progress.lease.repeated
        writer = kind(self.table, self._context(record), self.in_flight, dependencies, repeated=repeated)
        if work.rejection:
            written = writer.written_outcomes(rows) if repeated else {}
            return progress.add([(row, written.get(row.line, work.rejection)) for row in rows])
        try:
            with writer.writing(rows) as parts:
                for settled in parts:
                    progress.add(settled)
                    progress.written.warnings += writer.warnings(settled)
                    progress.note_if_due()
                    work.check_time()
        except Busy:
            progress.note()
            raise

    def _put_order(self, record: ImportRecord, settled: Mapping[int, Outcome], resolver: Resolver) -> None:
        """Stores the order in which deferred rows were applied, for an undo."""
        applied = [line for line, outcome in settled.items() if outcome.outcome in APPLIED]
        if applied and not record.dry_run:
            key = result_key(record.id, ORDER)
            self.storage.put(key, AppliedOrder(applied, resolver.rings).to_bytes())

    def _resolver(self, record: ImportRecord) -> Resolver:
        return Resolver(self.table, self._context(record), self.in_flight)

    def _context(self, record: ImportRecord) -> RowContext:
        return record.row_context._replace(history_days=self.history_days)

    def _resolve(
        self, resolver: Resolver, texts: Mapping[int, bytes], phones: frozenset[PhoneKey], work: Work
    ) -> tuple[dict[int, Outcome], Mapping[str, int]]:
        """Settles deferred rows. Returns their outcomes by line, and the counts that are still to be added.

        `phones` are free for a dry run. Otherwise they will be, and rows that ask for them are left.
        """
        if work.rejection:
            outcomes = dict.fromkeys(texts, work.rejection)
        else:
            outcomes = {}
            for settled in resolver.resolve(texts.values(), phones):
                outcomes.update(settled)
                work.check_time()
            if resolver.adds_counts:
                return outcomes, {}
        return outcomes, count_outcomes(outcomes.values())


def _asked_for(texts: Iterable[bytes], freed: Iterable[PhoneKey]) -> frozenset[PhoneKey]:
    """Returns those of the freed numbers that rows ask for: only they are kept in memory."""
    asked: set[PhoneKey] | None = None
    kept = set()
    for phone in freed:
        if asked is None:
            asked = {decode_row(text).phone for text in texts}
        if phone in asked:
            kept.add(phone)
    return frozenset(kept)
