"""Exports under seeded schedules of faults: one complete file, or a clear failure.

Each seed is a schedule: messages that arrive several times, workers that die before or after any call took effect,
are throttled, get no response, have no time left or meet another worker.

EXPORT_SCHEDULES=3000 runs more, SCHEDULE_SEED=123 runs one.
"""

import contextlib
import itertools
import math
import os
import random
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import config
from chalicelib.dynamodb.retries import transient_errors_as_busy
from chalicelib.errors import Busy
from chalicelib.exports.exporter import Exporter
from chalicelib.exports.formats import file_start, line_of
from chalicelib.exports.model import ExportRecord
from chalicelib.exports.repository import LEASE_SECONDS
from chalicelib.members.model import Member
from tests.support.exports import Exports, add_members, file_text, new_export
from tests.support.faults import KINDS, Fault, Sent, Worker
from tests.support.people import odd_people
from tests.support.pipeline import KilledError

SCHEDULES = int(os.environ.get("EXPORT_SCHEDULES", "25"))
SEEDS = [int(os.environ["SCHEDULE_SEED"])] if "SCHEDULE_SEED" in os.environ else range(SCHEDULES)
CALM_AFTER = 40  # deliveries; the remaining ones meet no fault
AT_MOST = 200  # deliveries in all: always an end
ACCOUNT = "acc-exported"
pytestmark = pytest.mark.usefixtures("pauses")


@pytest.fixture(scope="module")
def members(settings: object) -> list[Member]:
    """The members that are exported, in the order of their names."""
    return add_members(Exports().services, odd_people(ACCOUNT, 45))


class Schedule:
    """One export, its messages and faults."""

    def __init__(self, seed: int, workers: tuple[Worker, Worker], sent: Sent) -> None:
        self.dice = random.Random(seed)
        self.workers = workers
        self.settings = config.settings()
        sizes = {
            "batch_size": self.dice.choice([7, 15, 100]),
            "part_size": self.dice.choice([1, 900, 10**6]),
        }
        self.sizes: dict[str, Any] = sizes
        self.record = new_export(ACCOUNT, format=self.dice.choice(["csv", "csv.gz", "ndjson"]))
        self.receives = self.dice.choice([2, 4, 10])
        self.time = 0.0
        self.deliveries = 0
        self.given_up = False
        self.waiting: list[list[int]] = []  # the number of deliveries of each message
        sent.to = self.receive

    def receive(self, _kind: str, body: dict[str, Any]) -> None:
        """Takes in the message of the export, sometimes twice."""
        assert ExportRecord.model_validate_json(body["export"]) == self.record
        self.waiting += [[0] for _ in range(self.dice.choice([1, 1, 1, 2]))]

    def run(self) -> None:
        """Starts the export, and delivers its messages until none waits."""
        while not self.waiting:  # a caller who gets an error starts again
            self.attempt(self.workers[0], self.fault(), lambda exporter: exporter.start(self.record))
        while self.waiting:
            assert self.deliveries < AT_MOST, "there is no end"
            self.time += self.dice.choice([0, LEASE_SECONDS / 3, LEASE_SECONDS + 1])
            self.deliver(self.workers[0], self.fault())

    def fault(self) -> Fault | None:
        """Returns the fault that the next worker meets."""
        if self.deliveries > CALM_AFTER or self.dice.random() < 0.3:
            return None
        return Fault(1 + int(self.dice.random() ** 1.5 * 60), self.dice.choice(KINDS))

    def deliver(self, worker: Worker, fault: Fault | None) -> None:
        """Delivers once; what was not finished waits again, and is given up on in the end."""
        self.deliveries += 1
        message = self.dice.choice(self.waiting)
        message[0] += 1
        is_dead = message[0] > self.receives
        self.given_up |= is_dead

        def work(exporter: Exporter) -> ExportRecord:
            return exporter.give_up(self.record) if is_dead else exporter.run(self.record)

        if fault:
            fault = fault._replace(meanwhile=self.deliver_to_other, after=self.fault())
        if self.attempt(worker, fault, work) and message in self.waiting:
            self.waiting.remove(message)

    def deliver_to_other(self) -> None:
        """Lets another worker take a message meanwhile."""
        if self.waiting:
            self.deliver(self.workers[1], None)

    def attempt(self, worker: Worker, fault: Fault | None, work: Any) -> bool:
        """Lets a worker work; returns whether it finished."""
        services = worker.services(fault, self.settings, lambda: self.time)
        looks = itertools.count()
        # Some workers end after a few batches.
        limit = math.inf if self.deliveries > CALM_AFTER else self.dice.choice([1, 2, 3, math.inf, math.inf])

        def time_left() -> float:
            return worker.time_left() if next(looks) < limit else 0.0

        with contextlib.suppress(Busy, KilledError), transient_errors_as_busy():
            work(replace(services.exports_within(time_left), **self.sizes))
            return True
        return False


@pytest.mark.parametrize("seed", SEEDS)
def test_export_with_faults_is_one_complete_file_or_fails(
    workers: tuple[Worker, Worker], sent: Sent, members: list[Member], seed: int
) -> None:
    schedule = Schedule(seed, workers, sent)
    schedule.run()

    record = Exports().repository.get(schedule.record.id)
    shown = record.shown()
    if shown.error:
        assert schedule.given_up
        assert (shown.status, shown.error.code) == ("failed", "export_failed")
        return
    assert (shown.status, shown.rows) == ("completed", len(members))
    text = b"".join([file_start(record.format), *(line_of(record.format, member) for member in members)])
    assert file_text(schedule.settings.bucket_name, record) == text.decode("utf-8-sig")
