"""What writing a chunk has settled so far, noted so that no row counts twice and none is forgotten."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from chalicelib.imports.records.model import Stage
from chalicelib.imports.records.steps import Lease, StepRepository, Stopped
from chalicelib.imports.rows.outcomes import CREATED, DEFERRED, count_outcomes
from chalicelib.imports.writing.batch import SettledRow

from .parts import ImportParts, WrittenRows

NOTE_SECONDS = 0.5  # between two notes, and so between two changes of the counts that callers see


class WriteProgress:
    """The outcomes of a chunk's rows, in their order. `counts` start with what is counted beside these rows."""

    def __init__(
        self,
        steps: StepRepository,
        parts: ImportParts,
        lease: Lease,
        counts: Mapping[str, int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lease = lease
        self.written = parts.written(lease.step.number) if lease.saved else WrittenRows()
        self.written.forget_after(lease.settled_to)  # what was stored, but not noted, is settled again
        self._steps = steps
        self._parts = parts
        self._counts = Counter(counts)
        self._clock = clock
        self._noted_at = clock()

    def add(self, settled: Sequence[SettledRow]) -> None:
        """Takes in settled rows, the next ones in order. Raises Stopped, Busy."""
        for row, outcome in settled:
            if outcome == DEFERRED:
                self.written.deferred.append(row.line)
                self._counts["rows_deferred"] += 1
            elif outcome is not CREATED and outcome != CREATED:
                self.written.outcomes[row.line] = outcome
        self._counts += count_outcomes(outcome for _, outcome in settled if outcome != DEFERRED)
        if settled:
            self.lease.settled_to = max(row.line for row, _ in settled)

    def note_if_due(self) -> None:
        """Notes the progress every NOTE_SECONDS. Raises Stopped, Busy."""
        if self._clock() - self._noted_at >= NOTE_SECONDS:
            self.note()

    def note(self) -> None:
        """Adds what is settled to the counts of the import. Raises Stopped, Busy."""
        if self._counts.total():
            self._store()
            self._steps.note(self.lease, self._counts)
            self._counts.clear()
        self._noted_at = self._clock()

    def stop_before_first_write(self) -> None:
        """Notes the rows that could not be read, and raises Stopped: the runner then fails the import."""
        self.note()
        raise Stopped

    def finish(self, counts: Mapping[str, int]) -> None:
        """Ends the step; `counts` are added to its own. Raises Stopped, Busy."""
        self._store()
        self._steps.finish(self.lease, self._counts + Counter(counts))

    def finish_stage(self, counts: Mapping[str, int], following: Stage) -> None:
        """Ends the only step of a stage, and begins the following stage. Raises Stopped, Busy."""
        self._store()
        self._steps.finish_stage(self.lease, self._counts + Counter(counts), following)

    def _store(self) -> None:
        self._parts.put_written(self.lease.step.number, self.written)
