"""Imports on a table that lacks capacity: how much of the capacity becomes rows, and that none is lost.

It runs in model time: the table with its limits, the bucket and the queue are models (bench/model), the imports are
the real ones. Each worker stands for one function, with clients and a limiter of its own. The CPU time of the code
counts for nothing here: what bounds the imports is the table, its latency, and how they wait.
"""

# ruff: noqa: E402 - model time starts before anything is imported that makes threads or sleeps
from bench.model.model_time import start

MODEL = start()

import io
import os
import time
from typing import Any, cast

import boto3

from bench.model.capacity import Rules
from bench.model.limits import Limits
from bench.model.memory_bucket import MemoryBucket
from bench.model.memory_queue import Handle, MemoryQueue
from bench.model.memory_table import MemoryTable
from bench.stub import ENVIRONMENT, row_count
from chalicelib.config import Settings
from chalicelib.dynamodb.retries import transient_errors_as_busy
from chalicelib.errors import Busy
from chalicelib.imports.model import Source, event_import_id
from chalicelib.imports.steps import Step
from chalicelib.services import Services
from chalicelib.workers import AGAIN_SECONDS, RESERVED_SECONDS
from tools.roster import Roster

ROWS = 50_000  # of each file
FILES = 10
WORKERS = 10  # LoadConcurrency's default
LIFETIME = float(
    os.environ.get("WORKER_SECONDS", "300")
)  # of a worker, by default as in .chalice/config.json
UNITS_A_ROW = 4  # of the table, for a new member: two items, each of them written in a transaction
GOODPUT = 0.8  # of what the table gives, at least


class World:
    """A table with limits, a bucket, a queue, and the workers that take its messages."""

    def __init__(self, rules: Rules, **settings: Any) -> None:
        self.table = MemoryTable()
        self.limits = Limits(rules, clock=MODEL.clock, sleep=MODEL.sleep, find=self.table.find)
        self.bucket = MemoryBucket(MODEL.sleep)
        self.queue = MemoryQueue(MODEL.clock, MODEL.sleep)
        given = {name.lower(): value for name, value in ENVIRONMENT.items()}
        self._settings = Settings.model_validate({**given, **settings})
        self.services = self.process()

    def process(self) -> Services:
        """Returns the services of one more process, with clients of its own."""
        clients: dict[str, Any] = {}
        for name in ("dynamodb", "s3", "sqs", "sns"):
            clients[name] = boto3.client(cast("Any", name))
        self.limits.attach(clients["dynamodb"])
        self.table.attach(clients["dynamodb"])
        self.bucket.attach(clients["s3"])
        self.queue.attach(clients["sqs"])
        return Services(self._settings, clients.__getitem__, time.time)

    def drop(self, name: str, roster: Roster) -> str:
        """Stores a roster and starts its import, whose id is returned."""
        text = io.StringIO()
        roster.write(text)
        key = f"drops/{name}.csv"
        self.services.import_storage.put(key, text.getvalue().encode())
        source = Source(bucket=self._settings.bucket_name, key=key)
        import_id = event_import_id(source, "2026-01-01T00:00:00.000Z", key)
        return self.services.imports.start(source, import_id).id

    def load(self, workers: int) -> float:
        """Lets workers take messages until there are none; returns the seconds that this takes."""
        started = MODEL.now
        self.queue.work([self._worker() for _ in range(workers)])
        return MODEL.now - started

    def _worker(self) -> Handle:
        """Returns what handles messages in one process, as chalicelib/workers.py does."""
        services = self.process()

        def handle(body: dict[str, Any], _: int) -> None:
            end = MODEL.now + LIFETIME - RESERVED_SECONDS
            imports = services.imports_within(lambda: end - MODEL.now)
            try:
                with transient_errors_as_busy():
                    if "stage" in body:
                        imports.step(body["import"], Step(body["stage"], body["number"]))
                    else:
                        imports.split(body["import"])
            except Busy:
                self.queue.send(body, AGAIN_SECONDS)

        return handle


def cold_table(rows: int) -> None:
    """Loads ten files of several accounts at once into a new table, which grows meanwhile."""
    world = World(Rules(split_seconds=300.0))
    rosters = [Roster(rows, bad=0.002, accounts=3, seed=n) for n in range(FILES)]
    ids = [world.drop(f"{n}", roster) for n, roster in enumerate(rosters)]
    given = world.limits.given()

    seconds = world.load(WORKERS)

    for import_id, roster in zip(ids, rosters, strict=True):
        record = world.services.import_repository.get(import_id)
        found = {"status": record.status, "counts": record.counts.model_dump()}
        assert found == {"status": "completed", "counts": roster.expected["counts"]}, found
    assert not world.queue.dead, "a message failed too often"
    assert not world.queue.errors, world.queue.errors
    created = sum(item["pk"]["S"].startswith("CLIENT#") for item in world.table.items.values())
    share = UNITS_A_ROW * created / (world.limits.given() - given)
    throttled = world.limits.throttled["TransactWriteItems"] / world.limits.requests["TransactWriteItems"]
    print(
        f"cold table, {FILES} imports of {rows:,} rows at once, {WORKERS} workers: every good row created, none "
        f"rejected for lack of capacity; {created:,} rows in {seconds:,.0f} s of the model, "
        f"{created / seconds:,.0f} a second, {share:.0%} of what the table gave; {throttled:.0%} of the "
        f"transactions throttled; {len(world.limits.table)} partitions at the end"
    )
    assert rows < ROWS or share >= GOODPUT, "too little of what the table gave"


def main() -> None:
    """Run all cases and print their figures."""
    os.environ.update(ENVIRONMENT)
    MODEL.run(lambda: cold_table(row_count(ROWS)))


if __name__ == "__main__":
    main()
