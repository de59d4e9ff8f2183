"""The bound on the write units of all loads."""

import itertools
import math
from collections.abc import Iterator

import pytest

from chalicelib import config
from chalicelib.dynamodb.limiter import Limiter
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.write_budget import KEY, RESERVED_SECONDS, UNITS_PER_WRITE, WriteBudget
from chalicelib.dynamodb.writes import put_new
from chalicelib.errors import Throttled
from chalicelib.services import Services

RATE = 1000.0  # units a second
WRITES = 100


@pytest.fixture
def table(settings: config.Settings) -> Iterator[Table]:
    table = Table(config.dynamodb(), settings.table_name)
    table.delete(KEY)
    yield table
    table.delete(KEY)


class Worker:
    """A worker with a budget of its own, whose clock moves only while it waits."""

    def __init__(self, table: Table) -> None:
        self.now = 1000.0
        self.budget = WriteBudget(table, RATE, lambda: self.now, self.sleep)

    def sleep(self, seconds: float) -> None:
        """Moves the clock."""
        self.now += seconds

    def spend(self) -> None:
        """Does as much as a transaction of 50 new members."""
        self.budget.spend(WRITES, lambda: math.inf)


def test_workers_together_keep_to_the_rate(table: Table) -> None:
    workers = [Worker(table) for _ in range(3)]
    for _ in range(40):
        min(workers, key=lambda worker: worker.now).spend()
    seconds = max(worker.now for worker in workers) - 1000
    used = 40 * WRITES * UNITS_PER_WRITE
    slack = 3 * WRITES * UNITS_PER_WRITE + RATE * RESERVED_SECONDS  # the last transaction of each worker
    assert used - slack <= RATE * seconds <= used


def test_units_that_nobody_used_are_not_saved(table: Table) -> None:
    worker = Worker(table)
    worker.spend()
    worker.now += 3600
    started = worker.now
    for _ in range(10):
        worker.spend()
    assert worker.now - started > 1.5


def test_worker_without_time_is_throttled(table: Table) -> None:
    worker = Worker(table)
    with pytest.raises(Throttled):
        worker.budget.spend(WRITES, lambda: 0)
    assert table.get(KEY) is None


def test_transactions_of_workers_alone_use_the_budget(table: Table, account: str) -> None:
    """A caller of the API does not wait for it."""
    spent: list[int] = []
    key = ({"pk": {"S": account}, "sk": {"S": str(number)}} for number in itertools.count())
    paced = table.paced(
        Limiter(1, lambda: 0.0, lambda _: None), lambda: math.inf, lambda n, _: spent.append(n)
    )
    for one in (table, paced):
        one.write([put_new("id", next(key)), put_new("id", next(key))])
    assert spent == [2]


@pytest.mark.parametrize(("units", "bounded"), [(0, False), (5000, True)])
def test_budget_is_that_of_the_settings(settings: config.Settings, units: int, bounded: bool) -> None:  # noqa: FBT001
    services = Services(settings.model_copy(update={"load_write_units": units}), config.client)
    assert bool(services._write_budget) is bounded  # noqa: SLF001 - it has no public access
