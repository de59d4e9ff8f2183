"""Puts the import pipeline together from the settings and clients of a deployment."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.config import Settings
from chalicelib.dynamodb.limiter import TimeLeft
from chalicelib.dynamodb.table import Table
from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.records.estimate import Estimator
from chalicelib.imports.records.messages import Messenger
from chalicelib.imports.records.repository import ImportRepository
from chalicelib.imports.records.steps import StepRepository
from chalicelib.imports.records.storage import ImportStorage
from chalicelib.imports.rows.removal import RemovalLimits
from chalicelib.imports.syncs.account_syncs import AccountSyncsRepository
from chalicelib.imports.syncs.approvals import Approvals
from chalicelib.imports.syncs.newer_imports import NewerImports

from .finisher import Finisher
from .pipeline import ImportPipeline
from .read_ahead import ReadAhead
from .read_steps import ReadSteps
from .removal_steps import RemovalSteps
from .stage_handlers import stage_handlers
from .step_runner import StepRunner
from .sync_steps import SyncSteps
from .write_steps import WriteSteps


@dataclass(frozen=True, slots=True)
class Assembly:
    """What all pipelines of a process have in common.

    A worker's pipeline has a table of its own, which waits for capacity while the worker has time. Steps and the
    order of syncs are noted in `table`, which does not: a worker without time still notes what it has settled.
    """

    settings: Settings
    client: Callable[[Any], Any]
    table: Table
    storage: ImportStorage
    phone_rule: PhoneRule
    ahead: ReadAhead
    clock: Callable[[], float]

    def pipeline(self, table: Table, time_left: TimeLeft) -> ImportPipeline:
        """Returns the pipeline of a worker that has a table and so much time."""
        repository, messenger = ImportRepository(table, self.settings.result_days), self._messenger()
        steps = StepRepository(self.table, self.clock)
        reads = ReadSteps(repository, steps, self.storage, self.phone_rule)
        finisher = Finisher(repository, self.storage, messenger, self._estimator(table))
        account_syncs = AccountSyncsRepository(self.table)
        approvals = Approvals(repository, messenger, account_syncs, self.settings.approver_must_differ)
        writes = self._writes(table, steps, reads)
        syncs = self._syncs(table, steps, repository, account_syncs, approvals)
        runner = StepRunner(
            repository=repository,
            messenger=messenger,
            steps=steps,
            read_steps=reads,
            load=writes.load,
            handlers=stage_handlers(writes, syncs, self._removals(table, steps)),
            approvals=approvals,
            finisher=finisher,
            concurrency=self.settings.import_concurrency,
            time_left=time_left,
        )
        return ImportPipeline(repository, self.storage, messenger, finisher, runner, approvals)

    def _messenger(self) -> Messenger:
        return Messenger(
            self.client("sqs"),
            self.settings.split_queue_url,
            self.settings.load_queue_url,
            self.client("sns"),
            self.settings.notice_topic_arn,
        )

    def _estimator(self, table: Table) -> Estimator:
        return Estimator(
            table.accepted_write_units,
            self.settings.write_price,
            self.settings.writes_in_flight,
            self.settings.import_concurrency,
            self.settings.load_write_units,
        )

    def _writes(self, table: Table, steps: StepRepository, reads: ReadSteps) -> WriteSteps:
        return WriteSteps(
            table=table,
            steps=steps,
            storage=self.storage,
            read_steps=reads,
            ahead=self.ahead,
            in_flight=self.settings.writes_in_flight,
            concurrency=self.settings.import_concurrency,
            history_days=self.settings.history_days,
        )

    def _syncs(
        self,
        table: Table,
        steps: StepRepository,
        repository: ImportRepository,
        account_syncs: AccountSyncsRepository,
        approvals: Approvals,
    ) -> SyncSteps:
        return SyncSteps(
            table=table,
            steps=steps,
            storage=self.storage,
            repository=repository,
            account_syncs=account_syncs,
            approvals=approvals,
            newer_imports=NewerImports(repository, self.storage),
            limits=RemovalLimits(self.settings.max_removed, self.settings.max_removed_percent),
        )

    def _removals(self, table: Table, steps: StepRepository) -> RemovalSteps:
        return RemovalSteps(
            table=table,
            steps=steps,
            storage=self.storage,
            in_flight=self.settings.writes_in_flight,
            history_days=self.settings.history_days,
        )
