"""A deployment in model time: the real imports over a table with limits, a bucket and a queue that are models.

Each worker stands for one function, with clients and a limiter of its own. The CPU time of the code counts for
nothing here: what bounds the imports is the table, its latency, and how they wait.
"""

import io
import os
import time
from typing import Any, cast

import boto3

from bench.stub import ENVIRONMENT
from chalicelib.config import Settings
from chalicelib.dynamodb.retries import transient_errors_as_busy
from chalicelib.errors import Busy
from chalicelib.imports.records.import_ids import event_import_id
from chalicelib.imports.records.model import ImportRecord, Source
from chalicelib.imports.records.steps import Step
from chalicelib.services import Services
from chalicelib.workers import AGAIN_SECONDS, RESERVED_SECONDS
from tools.roster import Roster

from .capacity import Rules
from .limits import Limits
from .memory_bucket import MemoryBucket
from .memory_queue import Handle, MemoryQueue
from .memory_table import MemoryTable
from .model_time import ModelTime

# Of a worker, by default as in .chalice/config.json.
LIFETIME = float(os.environ.get("WORKER_SECONDS", "300"))


class World:
    """A table with limits, a bucket, a queue, and the workers that take its messages."""

    def __init__(self, model: ModelTime, rules: Rules, **settings: Any) -> None:
        self._model = model
        self.table = MemoryTable()
        self.limits = Limits(rules, clock=model.clock, sleep=model.sleep, find=self.table.find)
        self.bucket = MemoryBucket(model.sleep)
        self.queue = MemoryQueue(model.clock, model.sleep)
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

    def record(self, import_id: str) -> ImportRecord:
        """Returns an import."""
        return self.services.import_repository.get(import_id)

    def load(self, workers: int) -> float:
        """Lets workers take messages until there are none; returns the seconds that this takes."""
        started = self._model.now
        self.queue.work([self._worker() for _ in range(workers)])
        return self._model.now - started

    def _worker(self) -> Handle:
        """Returns what handles messages in one process, as chalicelib/workers.py does."""
        services = self.process()

        def handle(body: dict[str, Any], _: int) -> None:
            end = self._model.now + LIFETIME - RESERVED_SECONDS
            imports = services.imports_within(lambda: end - self._model.now)
            try:
                with transient_errors_as_busy():
                    if "stage" in body:
                        imports.step(body["import"], Step(body["stage"], body["number"]))
                    else:
                        imports.split(body["import"])
            except Busy:
                self.queue.send(body, AGAIN_SECONDS)

        return handle
