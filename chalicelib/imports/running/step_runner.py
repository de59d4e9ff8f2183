"""Runs the steps of imports: does the work of one, then sends the steps that follow from it.

A file of one chunk goes through all stages in one step. Otherwise the chunks are read side by side, a single step
decides which rows may concern each other, the independent rows are written side by side, and a single step resolves
the others. A sync goes on: steps side by side compare the account with the file, a single one judges whether the
difference is removed, perhaps after an approval, steps side by side remove, and a single one settles the rows that
waited for that. stages.py has the order. Each message is one step. A step that is done sends the next step of its
chain, so an import never has more than `concurrency` of them. See docs/architecture.md.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from chalicelib.dynamodb.limiter import TimeLeft
from chalicelib.errors import Busy
from chalicelib.imports.records.limits import broken_limit
from chalicelib.imports.records.messages import Messenger
from chalicelib.imports.records.model import ImportRecord, Stage, with_status
from chalicelib.imports.records.repository import ImportRepository
from chalicelib.imports.records.stages import next_stage
from chalicelib.imports.records.steps import Lease, Step, StepDone, StepRepository, Stopped
from chalicelib.imports.rows.outcomes import Outcome
from chalicelib.imports.rows.removal import REASONS
from chalicelib.imports.syncs.approvals import Approvals

from .finisher import Finisher
from .parts import LoadedFile
from .read_steps import ReadSteps
from .stage_handlers import StageHandler
from .write_steps import Work

WAIT_SECONDS = 900  # the longest delay of a message ("SendMessage" in the Amazon SQS API Reference)
MAX_SECONDS = 7 * 24 * 3600  # after the split; then the rows of an import that found no capacity are rejected
NOT_PROCESSED = Outcome("rejected", "not_processed", "The row could not be processed; send it again.")
STOPPED = {
    "cancelled": Outcome("rejected", "cancelled", "The import was cancelled before this row was loaded."),
    "failed": Outcome("rejected", "not_loaded", "The import had stopped before this row was loaded."),
}


@dataclass(frozen=True, slots=True)
class StepRunner:
    """The steps of an import whose file is split. Each may be repeated, and its worker may die anywhere."""

    repository: ImportRepository
    messenger: Messenger
    steps: StepRepository
    read_steps: ReadSteps
    load: Callable[[ImportRecord, Lease, Work], LoadedFile]
    handlers: Mapping[Stage, StageHandler]  # of the other stages
    approvals: Approvals
    finisher: Finisher
    concurrency: int  # steps of one import that wait or run at once
    time_left: TimeLeft

    def step(self, import_id: str, step: Step) -> ImportRecord:
        """Does a step, then what follows from it.

        Raises Busy if capacity or time is lacking, or another worker has the step: try again. What is settled is
        noted then.
        """
        record = self._fail_if_limits_broken(self.repository.get(import_id))
        rejection = STOPPED.get(record.status) or (NOT_PROCESSED if record.age > MAX_SECONDS else None)
        try:
            return self._run(record, step, Work(self.time_left, rejection))
        except Stopped:
            return self.step(import_id, step)

    def give_up(self, import_id: str, step: Step) -> ImportRecord:
        """Settles a step that failed too often: its rows that were not written are rejected.

        Raises Busy if a worker has the step: it may still succeed.
        """
        work = Work(lambda: math.inf, NOT_PROCESSED, gives_up=True)
        try:
            return self._run(self.repository.get(import_id), step, work)
        except Stopped:
            return self.give_up(import_id, step)

    def _run(self, record: ImportRecord, step: Step, work: Work) -> ImportRecord:
        """Does the work of a step if it is due and no other worker has it."""
        if record.status == "awaiting_approval":
            return self._wait(record)
        if record.finished_at or record.stage != step.stage:
            return self._continue(record, step)
        try:
            lease = self.steps.acquire(record.id, step)
        except StepDone:
            return self._continue(record, step)
        lease.rejects = work.rejection is not None
        try:
            ended = self._work(record, lease, work)
        except Exception:
            with suppress(Busy):
                self.steps.release(lease)
            raise
        return ended or self._continue(self.repository.get(record.id), step)

    def _work(self, record: ImportRecord, lease: Lease, work: Work) -> ImportRecord | None:
        """Does the work of a step. Returns the import if it has ended."""
        if do := self.handlers.get(lease.step.stage):
            do(record, lease, work)
            return None
        match lease.step.stage:
            case "read":
                self.read_steps.read(record, lease)
            case "decide":
                self.read_steps.decide(record, lease)
            case "load":
                loaded = self.load(record, lease, work)
                return self._complete(self._fail_if_limits_broken(self.repository.get(record.id)), loaded)
            case "hold":
                return self._hold(record, lease, work)
            case "finish" if work.gives_up:
                detail = "All rows are accounted for; the report could not be written."
                return self.finisher.fail(record, "report_failed", detail)
            case "finish":
                return self._complete(record)
        return None

    def _complete(self, record: ImportRecord, loaded: LoadedFile | None = None) -> ImportRecord:
        """Ends an import whose rows are settled. Raises Stopped."""
        ended = self.finisher.complete(record, loaded)
        if not ended.finished_at:
            raise Stopped  # it was cancelled meanwhile, and must end as cancelled
        return ended

    def _hold(self, record: ImportRecord, lease: Lease, work: Work) -> ImportRecord | None:
        """Lets an import wait for approval, unless it was stopped: then nothing will be removed."""
        if work.rejection is None:
            held = self.finisher.hold(record)
            if held.status != "awaiting_approval":
                raise Stopped
            self.steps.release(lease)
            return self._wait(held)
        if record.removal:
            code = work.rejection.code if work.rejection.code in REASONS else "failed"
            self.repository.put_removal(record, record.removal.not_done(code))
        self.steps.finish(lease, {})
        return None

    def _wait(self, record: ImportRecord) -> ImportRecord:
        """Sends the notice of an import that waits for approval, and looks again later, until its time is over."""
        record = self.approvals.expire_if_due(record)
        if record.status == "awaiting_approval":
            self.finisher.notify_once(record)
            self.messenger.send_step(record.id, Step("hold"), WAIT_SECONDS)
        return record

    def start(self, record: ImportRecord) -> ImportRecord:
        """Sends what follows a split, unless its worker did before it died."""
        if record.finished_at:
            self.finisher.notify_once(record)
        elif record.stage:
            self._send_first(record)
        return record

    def _continue(self, record: ImportRecord, done: Step) -> ImportRecord:
        """Sends what follows a step that is done, unless its worker did before it died."""
        if record.finished_at:
            self.finisher.notify_once(record)
        elif record.stage == done.stage and record.steps_done == record.steps:
            moved = self.repository.start_stage(record, next_stage(record))
            if moved:
                self._send_first(moved)
        elif record.stage == done.stage:
            self._send_unstarted(record, [done.number + self.concurrency])
        elif record.stage:
            self._send_first(record)
        return record

    def _send_first(self, record: ImportRecord) -> None:
        """Queues the first steps of a stage; each sends the step that follows it."""
        self._send_unstarted(record, range(self.concurrency))

    def _send_unstarted(self, record: ImportRecord, numbers: Iterable[int]) -> None:
        for number in numbers:
            step = Step(record.stage or "load", number)
            # That a worker has begun a step means that it was sent, except for the end of a small file.
            if number < record.steps and (record.in_one_step or not self.steps.started(record.id, step)):
                self.messenger.send_step(record.id, step)

    def _fail_if_limits_broken(self, record: ImportRecord) -> ImportRecord:
        """Fails an import whose limits are exceeded, once all rows are read."""
        # A file of one chunk is read and written in one step, which notes the rows it has read.
        read = record.rows_found > 0 if record.stage == "load" else record.stage != "read"
        if record.status != "loading" or not read:
            return record
        failure = broken_limit(record, record.counts.rejected, record.rows_found, record.other_headers)
        if failure is None:
            return record
        failed = with_status(record, "failed", failure)
        return self.repository.transition(failed, "loading") or self.repository.get(record.id)
