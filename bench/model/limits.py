"""Limits for a DynamoDB client: its requests take time, use up capacity, and are throttled as AWS throttles them.

They work over any engine, through botocore's own events. Titles in quotation marks are pages of the DynamoDB
Developer Guide or of the API Reference.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from .capacity import Budget, Partition, Partitions, Rules
from .charges import Charge, Find, batch_keys, charges
from .responses import Answer, cancelled, failure, request_body

THROTTLED = "ProvisionedThroughputExceededException"
UNPROCESSED = "unprocessed_keys"


def latency(operation: str, items: int) -> float:
    """Returns the seconds that a request of so many items takes.

    Published measurements of transactions: 25 ms for 5 items, 32 ms for 25; about 60 ms for 100 is extrapolated.
    """
    if operation == "TransactWriteItems":
        return 0.023 + 0.00037 * items
    return 0.005 + 0.0001 * items


class Limits:
    """The capacity of one table and of its index by_account, shared by the clients that it is attached to."""

    def __init__(
        self,
        rules: Rules | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        latency: Callable[[str, int], float] = latency,
        find: Find = lambda _: None,
    ) -> None:
        rules = rules or Rules()
        self._clock, self._sleep, self._latency, self._find = clock, sleep, latency, find
        now = clock()
        self.table = Partitions(rules, rules.partitions, now)
        self.index = Partitions(rules, rules.index_partitions, now)
        self._writes = Budget(rules.table_write_units, rules.burst_seconds, now)
        self._reads = Budget(rules.table_read_units, rules.burst_seconds, now)
        self._lock = threading.Lock()
        self.requests: Counter[str] = Counter()  # by operation
        self.throttled: Counter[str] = Counter()

    def attach(self, client: Any) -> None:
        """Limits all requests of a client."""
        for event, hook in self._hooks().items():
            client.meta.events.register(event, hook)

    @contextmanager
    def attached(self, client: Any) -> Iterator[None]:
        """Limits all requests of a client within a block."""
        self.attach(client)
        try:
            yield
        finally:
            for event, hook in self._hooks().items():
                client.meta.events.unregister(event, hook)

    def _hooks(self) -> dict[str, Callable[..., Any]]:
        return {"before-call.dynamodb": self._meet, "after-call.dynamodb.BatchGetItem": _add_unprocessed}

    def given(self) -> float:
        """Returns the write units that the table's partitions have given so far, used or not."""
        return self.table.given(self._clock())

    def _meet(self, model: Any, params: dict[str, Any], context: dict[str, Any], **_: Any) -> Answer | None:
        """Lets a request pass, perhaps without some of its keys, or throttles it."""
        operation, body = model.name, request_body(params, context)
        asked = charges(operation, body, self._find)
        with self._lock:
            admitted = self._admit(asked, whole=operation == "TransactWriteItems")
            self.requests[operation] += 1
            self.throttled[operation] += not all(admitted)
        self._sleep(self._latency(operation, len(asked)))
        if all(admitted):
            return None
        if operation == "TransactWriteItems":
            # "TransactionCanceledException": reasons in the order of the items, None for one without an error.
            return cancelled([{"Code": "None" if ok else "ThrottlingError"} for ok in admitted])
        if operation == "BatchGetItem" and any(admitted):
            _leave_unprocessed(body, admitted, params, context)
            return None
        return failure(THROTTLED)

    def _admit(self, asked: Sequence[Charge], *, whole: bool) -> list[bool]:
        """Takes the units of each item that has them, and returns for each whether it had.

        A `whole` request that is refused has still prepared its other items: half of their units are used. The guide
        says only that transactions are prepared and committed ("Amazon DynamoDB Transactions: How it works").
        """
        now = self._clock()
        taken = [self._take(charge, now) for charge in asked]
        admitted = [budgets is not None for budgets in taken]
        if whole and not all(admitted):
            for budgets in filter(None, taken):
                _give_back(budgets, 0.5)
        return admitted

    def _take(self, charge: Charge, now: float) -> list[tuple[Budget, float]] | None:
        """Takes the units of an item; None if a partition, or the quota of the table, lacks them.

        "Using Global Secondary Indexes in DynamoDB": a write is throttled if the index lacks capacity for it.
        """
        taken: list[tuple[Budget, float]] = []
        for partitions, partition, budget, units in self._wanted(charge):
            if not budget.has(units, now):
                _give_back(taken, 1)
                return None
            budget.take(units)  # at once: two of them may be of one partition
            taken.append((budget, units))
            if partition and budget is partition.writes:
                partitions.note(partition, units, now)
        return taken

    def _wanted(self, charge: Charge) -> list[tuple[Partitions, Partition | None, Budget, float]]:
        """Returns the budgets that an item needs, each with its units."""
        index_writes = charge.index_units * len(charge.index_keys)
        wanted: list[tuple[Partitions, Partition | None, Budget, float]] = []
        if charge.writes:
            wanted.append((self.table, None, self._writes, charge.writes + index_writes))
            partition = self.table.of(charge.key)
            wanted.append((self.table, partition, partition.writes, charge.writes))
        if charge.reads or charge.index_reads:
            wanted.append((self.table, None, self._reads, charge.reads + charge.index_reads))
            place = self.table if charge.reads else self.index
            partition = place.of(charge.key)
            wanted.append((place, partition, partition.reads, charge.reads + charge.index_reads))
        for key in charge.index_keys:
            partition = self.index.of(key)
            wanted.append((self.index, partition, partition.writes, charge.index_units))
        return wanted


def _give_back(taken: Sequence[tuple[Budget, float]], share: float) -> None:
    for budget, units in taken:
        budget.take(-share * units)


def _leave_unprocessed(
    body: dict[str, Any], admitted: Sequence[bool], params: dict[str, Any], context: dict[str, Any]
) -> None:
    """Takes the keys that were not admitted out of a BatchGetItem: its response returns them as unprocessed.

    "BatchGetItem": it fails as throttled only if none of its keys can be processed.
    """
    left = [key for (key, _), ok in zip(batch_keys(body), admitted, strict=True) if not ok]
    [(name, request)] = body["RequestItems"].items()
    context[UNPROCESSED] = {name: {**request, "Keys": left}}
    request["Keys"] = [key for key in request["Keys"] if key not in left]
    params["body"] = orjson.dumps(body)


def _add_unprocessed(parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    if UNPROCESSED in context:
        parsed["UnprocessedKeys"] = context[UNPROCESSED]
