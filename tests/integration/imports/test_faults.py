"""Imports under seeded schedules of faults: each row has the effect of one handling, and each import ends.

Each seed is a schedule: files with rows of every outcome, S3 events and messages that arrive several times and in any
order, workers that die between any two calls, are throttled, get no response or meet another worker, and now and then
a cancellation. What a sync would remove is approved or declined. Many schedules go on: the import is taken back, the
undo too, and callers change, delete and restore single members.

After each of these the members, their claims, their history, the outcome of each row, counts and reports are those of
`tests/support/account_model.py`. Of two files at once, the outcomes and invariants are checked alone.

SCHEDULES=5000 runs more schedules, SCHEDULE_SEED=123 runs one, both together the 5,000 from that one on.
"""

import contextlib
import json
import os

import pytest

from chalicelib import config
from chalicelib.errors import Ended, NotFound, NotUndoable
from chalicelib.imports.records.steps import LEASE_SECONDS
from tests.support import PROJECT
from tests.support.account_model import AccountModel, Verb
from tests.support.audit import ACCEPTED, Audit, outcomes
from tests.support.faults import Fault, Sent, Worker
from tests.support.pipeline import HEADER, KilledError, Pipeline
from tests.support.schedules import File, Schedule
from tests.support.tables import members_of

FIRST = int(os.environ.get("SCHEDULE_SEED", "0"))
SCHEDULES = int(os.environ.get("SCHEDULES", "1" if "SCHEDULE_SEED" in os.environ else "60"))
VERBS: tuple[Verb, ...] = ("change", "delete", "restore", "restore", "restore")
# The answer to a call that an earlier attempt has made.
REPEATED = {"change": "", "delete": "member_not_found", "restore": "client_member_id_taken"}
pytestmark = pytest.mark.usefixtures("pauses")


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SCHEDULES))
def test_schedule_with_faults_ends_as_the_model_says(
    workers: tuple[Worker, Worker], sent: Sent, seed: int
) -> None:
    schedule = Schedule(seed, workers, sent)
    schedule.add_members()
    audit = Audit(schedule)
    before = kept(audit.model)
    files = [schedule.file() for _ in range(2 if schedule.dice.random() < 0.15 else 1)]

    schedule.run(files)
    for file in files:
        schedule.decide(file)
    schedule.run(files)

    if len(files) > 1:  # the result is that of some order of their rows
        members_of(schedule.account, schedule.table)
        for file in files:
            outcomes(schedule, file)
    else:
        audit.check_import(files[0])
        go_on(schedule, audit, files[0], before)
        audit.check_pages()
    config.dynamodb().delete_table(TableName=schedule.table)


def go_on(schedule: Schedule, audit: Audit, imported: File, before: object) -> None:
    """Undoes an import, or not, with calls before and after that, and undoes that undo."""
    done, untouched = [imported], True
    for act in schedule.dice.choice([(), (), ("undo", "undo"), ("calls", "undo", "calls", "undo", "undo")]):
        if act == "calls":
            call(schedule, audit)
            untouched = False
            continue
        taken_back = done[-1] if schedule.dice.random() < 0.8 else schedule.dice.choice(done)
        for dry_run in schedule.dice.choice([[False], [False], [True, False]]):
            undo = undone(schedule, taken_back, dry_run=dry_run)
            if undo is None:
                return
            codes = audit.check_import(undo)
            done += [] if dry_run else [undo]
        if taken_back is imported and untouched and codes and set(codes.values()) <= ACCEPTED:
            assert kept(audit.model) == before
        untouched = False


def call(schedule: Schedule, audit: Audit) -> None:
    """Changes, deletes and restores single members, as callers do."""
    names = {change.old_name for change in audit.model.log} | audit.model.members.keys()
    for name in schedule.dice.sample(sorted(names), min(3, len(names))):
        verb = schedule.dice.choice(VERBS)
        answers = schedule.call(verb, name)
        expected = audit.model.call(verb, name)
        assert set(answers) <= {expected} | ({REPEATED[verb]} if not expected else set()), (verb, name)
    audit.check_account()


def undone(schedule: Schedule, done: File, *, dry_run: bool) -> File | None:
    """Returns the undo of an import, which has ended; None if the import has no results, or has changed nothing."""
    record = schedule.pipeline.repository.get(done.import_id)
    try:
        return schedule.undo(record, dry_run=dry_run)
    except NotUndoable:
        counts = record.counts
        assert done.dry_run or not counts.created + counts.updated + counts.deleted + counts.removed
    except NotFound:
        assert record.error
        assert record.error.code == "report_failed"
    return None


def kept(model: AccountModel) -> dict[str, object]:
    """Returns what an undo gives back of each member: all but its version."""
    return {name: member._replace(version=0) for name, member in model.members.items()}


@pytest.mark.parametrize("call", range(1, 15))
def test_split_survives_overtaking_messages(
    workers: tuple[Worker, Worker], sent: Sent, account: str, call: int
) -> None:
    """A copy of its message, where the file is split twice because it is not UTF-8; and a cancellation."""
    sent.to = lambda *_: None
    pipeline = Pipeline(chunk_size=256)
    rows = [f"Ann,Lee,{3235550000 + i},{i},{account}\n" for i in range(20)]
    rows += [f"Zo\u00eb,Lee,3235559999,x,{account}\n"]  # after some chunks are stored
    twice = pipeline.drop("drops/a.csv", (HEADER + "".join(rows)).encode("windows-1252"))
    unreadable = pipeline.drop("drops/b.csv", HEADER.encode())

    overtakers = (lambda: pipeline.imports.split(twice[1]), lambda: pipeline.imports.cancel(unreadable[1]))
    for dropped, overtakes in zip((twice, unreadable), overtakers, strict=True):
        pipeline.imports.start(*dropped)
        fault = Fault(call, "meets", overtakes, Fault(1, "killed"))
        with (
            workers[0].meeting(fault, pipeline.settings, lambda: 0.0) as imports,
            contextlib.suppress(KilledError, Ended, NotFound),
        ):
            imports.split(dropped[1])
        pipeline.imports.split(dropped[1])

    assert pipeline.drain(twice[1]).counts.created == 21
    record = pipeline.repository.get(unreadable[1])
    assert record.finished_at
    assert pipeline.report(record.id)["status"] == record.status


def test_lease_lasts_longer_than_a_worker_can_live() -> None:
    """And a message of a dead worker becomes a dead letter only after others may take its step."""
    chalice = json.loads((PROJECT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    slack = 30  # seconds in which its last request may still take effect
    for name in ("load", "settle_dead_letters"):
        assert chalice["lambda_functions"][name]["lambda_timeout"] + slack <= LEASE_SECONDS
    assert sum(min(2**times, 300) for times in range(1, 10)) > LEASE_SECONDS  # see workers.py
