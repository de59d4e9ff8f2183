"""Keys that BatchGetItem leaves unprocessed are requested again."""

from itertools import cycle, repeat

import pytest

from chalicelib import config
from chalicelib.dynamodb import retries
from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import BATCH_GET_LIMIT, Table
from chalicelib.errors import Busy
from tests.support.metering import metered
from tests.support.request_faults import leave_unprocessed


@pytest.fixture
def table(settings: config.Settings) -> Table:
    """The run's table."""
    return Table(config.dynamodb(), settings.table_name)


@pytest.fixture
def keys(table: Table, account: str) -> list[Item]:
    """The keys of eight items."""
    keys = [{"pk": {"S": f"{account}-{n}"}, "sk": {"S": "item"}} for n in range(8)]
    assert all(table.add(key) for key in keys)
    return keys


def batch_get(table: Table, keys: list[Item]) -> list[Item]:
    """Returns the items under the keys, in the order of their keys."""
    return sorted(table.batch_get(keys), key=lambda item: str(item["pk"]["S"]))


def test_unprocessed_keys_are_requested_again(table: Table, keys: list[Item]) -> None:
    with leave_unprocessed(config.dynamodb(), [3, 0, 0]) as unprocessed:
        assert batch_get(table, keys) == keys
    assert unprocessed == [5, 5, 5, 0]


def test_keys_that_stay_unprocessed_are_busy(
    table: Table, keys: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 3)
    with leave_unprocessed(config.dynamodb(), repeat(0)) as unprocessed, pytest.raises(Busy) as error:
        table.batch_get(keys)
    assert unprocessed == [8] * 3
    assert error.value.headers["Retry-After"]


def test_progress_restarts_count_of_attempts(
    table: Table, keys: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 3)
    with leave_unprocessed(config.dynamodb(), cycle([0, 1])) as unprocessed:
        assert batch_get(table, keys) == keys
    assert unprocessed == [8, 7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0]


def test_pause_precedes_next_request_despite_progress(
    table: Table, keys: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without time for a pause, the second request is not sent."""
    monkeypatch.setattr(retries, "MAX_WAIT_SECONDS", -1.0)
    with leave_unprocessed(config.dynamodb(), repeat(1)) as unprocessed, pytest.raises(Busy):
        table.batch_get(keys)
    assert unprocessed == [7]


def test_keys_over_the_limit_take_several_requests(table: Table, keys: list[Item], account: str) -> None:
    unused = [{"pk": {"S": f"{account}-unused-{n}"}, "sk": {"S": "item"}} for n in range(BATCH_GET_LIMIT)]
    with metered(config.dynamodb()) as meter:
        assert batch_get(table, unused + keys) == keys
    assert meter.calls == {"BatchGetItem": 2}
