"""Continues the imports and exports that were under way when `make local` stopped.

A queue hides a message that a worker had received for its whole visibility timeout, half an hour or more. The import
pipeline tolerates messages that come twice.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from chalicelib.config import Settings
from chalicelib.dynamodb.table import Table
from chalicelib.exports.exporter import ExportQueue
from chalicelib.exports.repository import LEASE_SECONDS as EXPORT_LEASE_SECONDS
from chalicelib.exports.repository import ExportLeaseHeld, ExportRepository
from chalicelib.imports.records.messages import Messenger
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.repository import ImportRepository
from chalicelib.imports.records.steps import LEASE_SECONDS, LeaseHeld, Step, StepRepository

PAGE = 500


def resume_imports(client: Callable[[Any], Any], outputs: Mapping[str, str], started: float) -> None:
    """Queues the split of each import whose file is not split, and the current step of each other open import.

    `started` is a time.time() before the emulator started: workers with older leases have ended.
    """
    # At this time all leases from before the start have expired, and none from after it.
    table = Table(client("dynamodb"), outputs["TableName"])
    repository, steps = ImportRepository(table), StepRepository(table, lambda: started + LEASE_SECONDS)
    queues = outputs["SplitQueueUrl"], outputs["LoadQueueUrl"]
    messenger = Messenger(client("sqs"), *queues, client("sns"), outputs.get("NoticeTopicArn"))
    for record in _open_imports(repository):
        if record.status == "splitting":
            messenger.send_split(record)
        for step in _due_steps(steps, record):
            messenger.send_step(record.id, step)


def resume_exports(client: Callable[[Any], Any], outputs: Mapping[str, str], started: float) -> None:
    """Queues each export that has not ended, and ends older leases on it. `started` is as for imports."""
    table = Table(client("dynamodb"), outputs["TableName"])
    days: int = Settings.model_fields["result_days"].default
    repository = ExportRepository(table, days, lambda: started + EXPORT_LEASE_SECONDS)
    queue = ExportQueue(client("sqs"), outputs["ExportQueueUrl"])
    for record in [one for one in repository.newest() if not one.finished_at]:
        with suppress(ExportLeaseHeld):
            if lease := repository.acquire(record.id):
                repository.release(lease)
                queue.send(record)


def _due_steps(steps: StepRepository, record: ImportRecord) -> Iterator[Step]:
    """Yields the next step of each chain that no worker has begun since the start, and ends older leases."""
    concurrency: int = Settings.model_fields["import_concurrency"].default
    for first in range(min(concurrency, record.steps) if record.stage else 0):
        for number in range(first, record.steps, concurrency):
            step = Step(record.stage or "load", number)
            if steps.is_done(record.id, step):
                continue
            with suppress(LeaseHeld):
                steps.release(steps.acquire(record.id, step))
                yield step
            break


def _open_imports(repository: ImportRepository) -> Iterator[ImportRecord]:
    before = None
    while page := repository.newest(PAGE, before):
        yield from (record for record in page if not record.finished_at)
        before = page[-1].id
