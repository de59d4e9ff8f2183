"""Imports under seeded schedules of faults: each row has the effect of one handling, and each import ends.

Each seed is a schedule: files with rows of every outcome, S3 events and messages that arrive several times and in any
order, workers that die between any two calls, are throttled, get no response or meet another worker, and now and then
a cancellation. Afterwards the table, claims, counts and reports are those of `tests/support/model.py`.

SCHEDULES=5000 runs more schedules, SCHEDULE_SEED=123 runs one.
"""

import contextlib
import json
import os

import pytest

from chalicelib import config
from chalicelib.errors import Ended, NotFound
from chalicelib.imports.steps import LEASE_SECONDS
from tests.support import PROJECT
from tests.support.audit import audited, removed_by
from tests.support.faults import Fault, Sent, Worker
from tests.support.model import Stored, check
from tests.support.pipeline import HEADER, KilledError, Pipeline
from tests.support.schedules import Schedule
from tests.support.tables import members_of

SCHEDULES = int(os.environ.get("SCHEDULES", "120"))
SEEDS = [int(os.environ["SCHEDULE_SEED"])] if "SCHEDULE_SEED" in os.environ else range(SCHEDULES)
pytestmark = pytest.mark.usefixtures("pauses")


@pytest.mark.parametrize("seed", SEEDS)
def test_import_with_faults_ends_as_if_rows_were_handled_once(
    workers: tuple[Worker, Worker], sent: Sent, seed: int
) -> None:
    schedule = Schedule(seed, workers, sent)
    members = schedule.members()
    files = [schedule.file() for _ in range(2 if schedule.dice.random() < 0.15 else 1)]

    schedule.run(files)
    for file in files:
        schedule.decide(file)
    schedule.run(files)

    after = members_of(schedule.account, schedule.table)  # each with its claim
    for file in files:
        counts, rejected = audited(schedule, file)
        if len(files) > 1:  # the result is that of some order of their rows
            assert counts["rows"] == sum(counts[name] for name in counts if name != "rows")
            assert counts["rows"] in (0, len(file.lines))
            assert counts["rejected"] == len(rejected)
            continue
        stored = dict(members)
        if counts["rows"]:
            target = dict(members) if file.dry_run else stored
            check(target, file.lines, file.mode, counts, rejected, removed_by(schedule, file, members))
        found = {
            who: Stored(m.first_name, m.last_name, m.phone_number, m.version) for who, m in after.items()
        }
        assert found == stored
    config.dynamodb().delete_table(TableName=schedule.table)


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
