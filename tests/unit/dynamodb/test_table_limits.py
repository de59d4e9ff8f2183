"""Requests to a table that lacks capacity."""

import math
import time
from collections.abc import Callable

import pytest

from chalicelib.dynamodb import retries
from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.limiter import Limiter
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionsFailed, put_new
from chalicelib.errors import Throttled
from tests.support.limited_table import LimitedTable

NEVER, ALWAYS = (lambda: 0.0), (lambda: math.inf)


def items(count: int) -> list[Item]:
    return [{"pk": {"S": f"k{n}"}, "sk": {"S": "x"}} for n in range(count)]


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> LimitedTable:
    """A table of one partition with ten units a second. Each pause of a retry lasts a second."""
    limited = LimitedTable(partitions=1, write_units=10, read_units=10)

    def pass_time(seconds: float) -> None:
        limited.retry_pauses.append(seconds)
        limited.clock.now += 1

    monkeypatch.setattr(time, "sleep", pass_time)
    return limited


@pytest.fixture
def limiter() -> Limiter:
    clock = LimitedTable().clock
    return Limiter(8, clock, lambda _: None)


def test_throttled_transaction_succeeds_later(limited: LimitedTable) -> None:
    table = Table(limited.client, "t")
    table.write([put_new("new", item) for item in items(5)])
    table.write([put_new("new", item) for item in items(10)[5:]])
    assert len(limited.memory.items) == 10
    assert len(limited.retry_pauses) == 1


def test_request_beyond_all_capacity_is_throttled(
    limited: LimitedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 3)
    with pytest.raises(Throttled) as error:
        Table(limited.client, "t").write([put_new("new", item) for item in items(6)])
    assert error.value.headers["Retry-After"]
    assert limited.memory.items == {}
    assert limited.limits.requests["TransactWriteItems"] == 3


@pytest.mark.parametrize("operation", ["get", "add", "update", "delete", "query", "scan", "batch_get"])
def test_each_operation_is_retried_while_throttled(limited: LimitedTable, operation: str) -> None:
    table, [key] = Table(limited.client, "t"), items(1)
    partition = limited.limits.table.of(key["pk"]["S"])
    for budget in (partition.reads, partition.writes):
        budget.take(10)
    calls: dict[str, Callable[[], object]] = {
        "get": lambda: table.get(key),
        "add": lambda: table.add(key),
        "update": lambda: table.update(key, UpdateExpression="REMOVE a"),
        "delete": lambda: table.delete(key),
        "query": lambda: table.query(
            KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": key["pk"]}
        ),
        "scan": table.scan,
        "batch_get": lambda: table.batch_get([key]),
    }
    calls[operation]()
    assert len(limited.retry_pauses) == 1


def test_worker_retries_as_long_as_it_has_time(limited: LimitedTable, limiter: Limiter) -> None:
    left = iter([9.0] * 40)
    paced = Table(limited.client, "t").paced(limiter, lambda: next(left, 0.0))
    with pytest.raises(Throttled):
        paced.write([put_new("new", item) for item in items(6)])
    assert limited.limits.requests["TransactWriteItems"] > retries.MAX_ATTEMPTS


def test_worker_without_time_starts_no_transaction(limited: LimitedTable, limiter: Limiter) -> None:
    paced = Table(limited.client, "t").paced(limiter, NEVER)
    with pytest.raises(Throttled):
        paced.write([put_new("new", item) for item in items(2)])
    with pytest.raises(Throttled):
        paced.batch_get(items(2))
    assert not limited.limits.requests


def test_worker_without_time_may_still_release_its_lease(limited: LimitedTable, limiter: Limiter) -> None:
    paced = Table(limited.client, "t").paced(limiter, NEVER)
    assert paced.update(items(1)[0], UpdateExpression="REMOVE lease_until") == items(1)[0]


def test_throttled_write_lowers_limit_of_worker(limited: LimitedTable, limiter: Limiter) -> None:
    paced = Table(limited.client, "t").paced(limiter, ALWAYS)
    for number in range(3):
        paced.write([put_new("new", item) for item in items(5 * number + 5)[5 * number :]])
    assert limiter.limit < 2
    assert len(limited.memory.items) == 15


def test_unprocessed_keys_lower_limit_of_worker(limited: LimitedTable, limiter: Limiter) -> None:
    paced = Table(limited.client, "t").paced(limiter, ALWAYS)
    limiter.limit = 8
    paced.batch_get(items(15))
    assert limiter.limit == pytest.approx(4, abs=0.1)


def test_failed_condition_is_no_throttle(limited: LimitedTable, limiter: Limiter) -> None:
    paced = Table(limited.client, "t").paced(limiter, ALWAYS)
    assert paced.add(items(1)[0])
    with pytest.raises(ConditionsFailed):
        paced.write([put_new("new", item) for item in items(2)])
    assert limiter.limit == 1
