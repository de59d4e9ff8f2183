"""Writes and reads that fail for a while are retried, and end as Busy if they keep failing."""

from typing import TYPE_CHECKING

import pytest

from chalicelib import config
from chalicelib.dynamodb import retries
from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionsFailed, delete_if, put_if, put_new
from chalicelib.errors import Busy
from tests.support.request_faults import (
    Fault,
    client_without_retries,
    error_response,
    inject_faults,
    lose_request,
    refuse_connection,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CANCELED = "TransactionCanceledException"
TRANSIENT = {
    "transaction conflict": error_response(CANCELED, reasons=["None", "TransactionConflict"]),
    "throttled transaction": error_response(CANCELED, reasons=["ThrottlingError", "None"]),
    "throttled request": error_response("ThrottlingException"),
    "throttled table": error_response("ProvisionedThroughputExceededException"),
    "same transaction in progress": error_response("TransactionInProgressException"),
    "server error": error_response("InternalServerError", 500),
    "empty gateway error": error_response("", 503),
    "lost request": lose_request,
}


@pytest.fixture
def client(settings: object) -> "DynamoDBClient":
    """A client without the SDK's retries."""
    return client_without_retries()


@pytest.fixture
def table(client: "DynamoDBClient") -> Table:
    """The run's table over that client."""
    return Table(client, config.settings().table_name)


@pytest.fixture
def items(account: str) -> list[Item]:
    """Two new items."""
    return [{"pk": {"S": f"{account}-{n}"}, "sk": {"S": "item"}, "size": {"N": str(n)}} for n in (1, 2)]


def key(item: Item) -> Item:
    return {"pk": item["pk"], "sk": item["sk"]}


@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT.keys())
def test_transaction_is_retried_after_transient_faults(
    client: "DynamoDBClient", table: Table, items: list[Item], fault: Fault
) -> None:
    with inject_faults(client, "TransactWriteItems", fault, fault, fault) as requests:
        table.write([put_new("new", item) for item in items])
    assert len(requests) == 4
    assert [table.get(key(item)) for item in items] == items


@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT.keys())
def test_transaction_that_keeps_failing_is_busy(
    client: "DynamoDBClient",
    table: Table,
    items: list[Item],
    fault: Fault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 3)
    with (
        inject_faults(client, "TransactWriteItems", *[fault] * 9) as requests,
        pytest.raises(Busy) as error,
    ):
        table.write([put_new("new", item) for item in items])
    assert len(requests) == 3
    assert error.value.headers["Retry-After"]
    assert [table.get(key(item)) for item in items] == [None, None]


def test_single_write_is_retried_after_transaction_conflict(
    client: "DynamoDBClient", table: Table, items: list[Item]
) -> None:
    old, new = items[0], items[0] | {"size": {"N": "9"}}
    table.add(old)
    conflict = error_response("TransactionConflictException")
    with inject_faults(client, "PutItem", conflict) as requests:
        table.write([put_if("size", new, {"size": old["size"]})])
    assert len(requests) == 2
    assert table.get(key(old)) == new


READ_FAULTS = (
    error_response("ThrottlingException"),
    error_response("", 503),
    lose_request,
    refuse_connection,
)


def test_read_is_retried_after_transient_faults(
    client: "DynamoDBClient", table: Table, items: list[Item]
) -> None:
    table.add(items[0])
    with inject_faults(client, "GetItem", *READ_FAULTS) as requests:
        assert table.get(key(items[0])) == items[0]
    assert len(requests) == 5


def test_read_that_keeps_failing_is_busy(
    client: "DynamoDBClient", table: Table, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 3)
    for fault in READ_FAULTS:
        with inject_faults(client, "GetItem", *[fault] * 9) as requests, pytest.raises(Busy):
            table.get(key(items[0]))
        assert len(requests) == 3


def test_conflict_on_one_write_keeps_failed_condition_of_another(
    client: "DynamoDBClient", table: Table, items: list[Item]
) -> None:
    reasons = ["ConditionalCheckFailed", "TransactionConflict"]
    fault = error_response(CANCELED, reasons=reasons, item=items[0])
    writes = [put_new("one", items[0]), put_new("other", items[1])]
    with (
        inject_faults(client, "TransactWriteItems", fault) as requests,
        pytest.raises(ConditionsFailed) as error,
    ):
        table.write(writes)
    assert len(requests) == 1
    assert error.value.failed_writes == ((writes[0], items[0]),)


def test_failed_conditions_return_stored_items_in_order(table: Table, items: list[Item]) -> None:
    one, two = items
    table.add(one)
    writes = [put_new("new", one), put_if("size", two, {"size": two["size"]})]
    with pytest.raises(ConditionsFailed) as error:
        table.write(writes)
    assert error.value.failed_writes == ((writes[0], one), (writes[1], {}))
    assert error.value.breaks("size")
    assert not error.value.breaks("other")


def test_failed_single_write_returns_stored_item(table: Table, items: list[Item]) -> None:
    table.add(items[0])
    for write in (put_new("new", items[0]), delete_if("size", key(items[0]), {"size": {"N": "9"}})):
        with pytest.raises(ConditionsFailed) as error:
            table.write([write])
        assert error.value.failed_writes == ((write, items[0]),)
    assert table.get(key(items[0])) == items[0]
