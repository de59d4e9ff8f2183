"""The limits of a table: each rule of AWS that the model knows."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.limited_table import LimitedTable

NAME = "t"


def item(pk: str, size: int = 10, **more: Any) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": "x"}, "text": {"S": "x" * size}, **more}


def put(table: LimitedTable, new: dict[str, Any]) -> str:
    """Returns the code of a put: "" for success."""
    return code_of(lambda: table.client.put_item(TableName=NAME, Item=new))


def code_of(call: Any) -> str:
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def transact(table: LimitedTable, *items: dict[str, Any]) -> list[str]:
    """Returns the reasons of a cancelled transaction, [] for success."""
    writes = [{"Put": {"TableName": NAME, "Item": one}} for one in items]
    try:
        table.client.transact_write_items(TransactItems=writes)
    except table.client.exceptions.TransactionCanceledException as error:
        return [reason["Code"] for reason in error.response["CancellationReasons"]]
    return []


def puts_until_throttled(table: LimitedTable, names: Iterator[str], size: int = 10) -> int:
    """Returns how many puts the table takes at this moment."""
    for count, name in enumerate(names):
        if put(table, item(name, size)):
            return count
    raise AssertionError


def names(prefix: str = "k", count: int = 100_000) -> Iterator[str]:
    return (f"{prefix}{n}" for n in range(count))


def test_partition_takes_its_units_each_second() -> None:
    table = LimitedTable(partitions=1, write_units=20)
    assert puts_until_throttled(table, names()) == 20
    table.clock.now += 0.5
    assert puts_until_throttled(table, names()) == 10
    table.clock.now += 100
    assert puts_until_throttled(table, names()) == 20  # a second of unused units, no more


def test_burst_capacity_holds_unused_seconds() -> None:
    table = LimitedTable(partitions=1, write_units=20, burst_seconds=3)
    assert puts_until_throttled(table, names()) == 60


def test_hot_key_is_throttled_while_others_are_not() -> None:
    table = LimitedTable(partitions=4, write_units=20)
    assert [put(table, item("hot")) for _ in range(21)].count("ProvisionedThroughputExceededException") == 1
    assert "" in [put(table, item(name)) for name in names(count=4)]


def test_write_costs_one_unit_each_kilobyte() -> None:
    table = LimitedTable(partitions=1, write_units=20)
    assert puts_until_throttled(table, names(), size=4_500) == 4
    assert put(table, item("small", 1_500)) == "ProvisionedThroughputExceededException"


def test_transaction_costs_two_units_an_item() -> None:
    table = LimitedTable(partitions=1, write_units=20)
    assert transact(table, *(item(name) for name in names(count=10))) == []
    assert put(table, item("one more")) == "ProvisionedThroughputExceededException"


def test_throttled_item_cancels_whole_transaction() -> None:
    table = LimitedTable(partitions=1, write_units=5)
    reasons = transact(table, item("a"), item("b"), item("c"))
    assert reasons == ["None", "None", "ThrottlingError"]
    assert table.memory.items == {}


def test_cancelled_transaction_has_used_its_preparation() -> None:
    table = LimitedTable(partitions=1, write_units=5)
    transact(table, item("a"), item("b"), item("c"))
    assert puts_until_throttled(table, names()) == 3  # 5, less one for each of the two that were prepared


def test_failed_condition_uses_capacity_too() -> None:
    table = LimitedTable(partitions=1, write_units=2)
    put(table, item("a"))
    condition = {"TableName": NAME, "Item": item("a"), "ConditionExpression": "attribute_not_exists(pk)"}
    assert code_of(lambda: table.client.put_item(**condition)) == "ConditionalCheckFailedException"
    assert put(table, item("b"))


def test_index_has_budget_of_its_own() -> None:
    table = LimitedTable(write_units=10)
    listed = [item(name, account_shard={"S": "1#0"}, name_order={"S": name}) for name in names(count=20)]
    results = [put(table, one) for one in listed]
    assert results.count("") == 10  # one index partition
    assert put(table, item("unlisted")) == ""


def test_changed_index_key_is_two_writes_of_the_index() -> None:
    table = LimitedTable(write_units=10)
    listed = item("a", account_shard={"S": "1#0"}, name_order={"S": "ann"})
    put(table, listed)
    results = [put(table, {**listed, "name_order": {"S": f"ben{n}"}}) for n in range(6)]
    assert results.count("") == 4  # one and four times two, of ten units


def test_get_is_throttled_by_read_units() -> None:
    table = LimitedTable(partitions=1, read_units=2)
    get = {"TableName": NAME, "Key": {"pk": {"S": "a"}, "sk": {"S": "x"}}}
    strong = [code_of(lambda: table.client.get_item(**get, ConsistentRead=True)) for _ in range(3)]
    assert strong == ["", "", "ProvisionedThroughputExceededException"]
    table.clock.now += 1
    weak = [code_of(lambda: table.client.get_item(**get)) for _ in range(5)]
    assert weak.count("") == 4


def test_batch_get_returns_throttled_keys_as_unprocessed() -> None:
    table = LimitedTable(partitions=1, read_units=2)
    stored = [item(name) for name in names(count=3)]
    for one in stored:
        put(table, one)
    keys = [{"pk": one["pk"], "sk": one["sk"]} for one in stored]
    request = {"RequestItems": {NAME: {"Keys": keys, "ConsistentRead": True}}}
    response = table.client.batch_get_item(**request)
    assert response["Responses"][NAME] == stored[:2]
    assert response["UnprocessedKeys"] == {NAME: {"Keys": keys[2:], "ConsistentRead": True}}
    assert code_of(lambda: table.client.batch_get_item(**request)) == "ProvisionedThroughputExceededException"


def test_table_quota_counts_index_writes() -> None:
    table = LimitedTable(table_write_units=20)
    listed = (item(name, account_shard={"S": name}, name_order={"S": name}) for name in names())
    assert [put(table, next(listed)) for _ in range(12)].count("") == 10


def test_partition_at_its_limit_splits_after_minutes() -> None:
    table = LimitedTable(partitions=1, write_units=10, split_seconds=60)
    for _ in range(62):
        puts_until_throttled(table, names())
        table.clock.now += 1
    assert len(table.limits.table) == 2
    assert [put(table, item(name)) for name in names(count=40)].count("") > 10


def test_partition_that_rests_does_not_split() -> None:
    table = LimitedTable(partitions=1, write_units=10, split_seconds=60)
    for _ in range(100):
        puts_until_throttled(table, names())
        table.clock.now += 2
    assert len(table.limits.table) == 1


@pytest.mark.parametrize(("items", "seconds"), [(2, 0.024), (100, 0.060)])
def test_transaction_takes_longer_with_more_items(items: int, seconds: float) -> None:
    table = LimitedTable()
    transact(table, *(item(name) for name in names(count=items)))
    assert table.slept == [pytest.approx(seconds, abs=0.001)]
