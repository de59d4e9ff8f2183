"""Undos under seeded schedules of faults: whatever happens, each ends, and gives back what was before.

Each seed is a schedule as in test_faults.py, of an import and of its undo. UNDO_SCHEDULES=1000 runs more of them,
SCHEDULE_SEED=123 runs one.
"""

import os

import pytest

from chalicelib import config
from chalicelib.errors import NotFound, NotUndoable
from chalicelib.imports.model import ImportRecord
from chalicelib.imports.pipeline import ImportPipeline
from tests.support.faults import Sent, Worker
from tests.support.model import NOT_LOADED
from tests.support.pipeline import counts
from tests.support.schedules import File, Schedule
from tests.support.tables import members_of

SCHEDULES = int(os.environ.get("UNDO_SCHEDULES", "30"))
SEEDS = [int(os.environ["SCHEDULE_SEED"])] if "SCHEDULE_SEED" in os.environ else range(SCHEDULES)
# Codes of rows that depend on a row which was not processed.
DEPENDENT = {"phone_number_taken", "client_member_id_taken", "later_row_kept"}
Values = dict[str, tuple[object, ...]]
pytestmark = pytest.mark.usefixtures("pauses")


@pytest.mark.parametrize("seed", SEEDS)
def test_undo_with_faults_gives_back_the_members(
    workers: tuple[Worker, Worker], sent: Sent, seed: int
) -> None:
    schedule = Schedule(seed, workers, sent)
    schedule.members()
    before = values(schedule)
    file = schedule.file()
    schedule.run([file])
    schedule.decide(file)
    schedule.run([file])
    done = schedule.pipeline.repository.get(file.import_id)

    imported = values(schedule)

    for dry_run in schedule.dice.choice([[False], [True, False]]):
        undo = undone(schedule, done, dry_run=dry_run)
        if undo is None:
            break
        found, codes = counts(undo), {row["code"] for row in schedule.pipeline.rejected(undo.id)}
        assert found["rejected"] == 0 or codes & NOT_LOADED
        assert codes <= NOT_LOADED | DEPENDENT
        if dry_run:
            assert values(schedule) == imported
        elif not codes:
            assert values(schedule) == before
            assert found["rows"] == found["created"] + found["updated"] + found["deleted"]
    config.dynamodb().delete_table(TableName=schedule.table)


def undone(schedule: Schedule, done: ImportRecord, *, dry_run: bool) -> ImportRecord | None:
    """Takes an import back under faults. Returns the undo, which has ended; None if it has no results."""
    started: list[ImportRecord] = []

    def start(imports: ImportPipeline) -> None:
        started.append(imports.undo(done, None, dry_run=dry_run))

    try:
        schedule.attempt(start, schedule.workers[0], None)
    except NotUndoable:
        counted = done.counts
        assert done.dry_run or not counted.created + counted.updated + counted.deleted + counted.removed
        return None
    except NotFound:  # the report of the import could not be written
        return None
    [record] = started
    schedule.deliveries = 0
    schedule.run([File("upsert", {}, record.source, record.id)])
    record = schedule.pipeline.repository.get(record.id)
    assert record.finished_at
    without_rows = record.error is not None and record.error.code == "report_failed"
    return record if record.chunks and not without_rows else None


def values(schedule: Schedule) -> Values:
    """Returns what an undo gives back of each member, after a check of all items."""
    members = members_of(schedule.account, schedule.table)
    return {
        name: (*member.writable().values(), member.created_at, member.created_by)
        for name, member in members.items()
    }
