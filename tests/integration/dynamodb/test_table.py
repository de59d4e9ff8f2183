"""Conditional operations on single items."""

from collections.abc import Mapping
from typing import Any

import boto3
import pytest

from chalicelib import config
from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table

SIZE_IS_ONE = {"ConditionExpression": "size_ = :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}


@pytest.fixture
def table(settings: config.Settings) -> Table:
    """The run's table."""
    return Table(config.dynamodb(), settings.table_name)


@pytest.fixture
def key(account: str) -> Item:
    """The key of a new item."""
    return {"pk": {"S": account}, "sk": {"S": "item"}}


def test_add_returns_false_for_existing_key(table: Table, key: Item) -> None:
    assert table.get(key) is None
    assert table.add(key | {"size_": {"N": "1"}})
    assert not table.add(key)
    assert table.get(key) == key | {"size_": {"N": "1"}}


def test_reads_return_what_bare_boto3_returns(table: Table, key: Item, account: str) -> None:
    """The table parses responses itself: every type but binary, other scripts, and no result."""
    name = config.settings().table_name
    values: Item = {
        "text": {"S": "Ångström \u2028 🦊"},
        "number": {"N": "3.14"},
        "nothing": {"NULL": True},
        "flag": {"BOOL": False},
        "names": {"SS": ["a"]},
        "numbers": {"NS": ["1"]},
        "list": {"L": [{"S": "a"}, {"M": {"deep": {"N": "1"}}}]},
    }
    table.add(key | values)
    query: dict[str, Any] = {
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": account}},
    }
    bare = boto3.client("dynamodb")
    assert table.get(key) == bare.get_item(TableName=name, Key=key)["Item"] == key | values
    assert table.batch_get([key]) == [key | values]
    assert bare.batch_get_item(RequestItems={name: {"Keys": [key]}})["Responses"] == {name: [key | values]}
    assert _result(table.query(**query)) == _result(bare.query(TableName=name, **query))
    assert _result(table.scan(Limit=1)) == _result(bare.scan(TableName=name, Limit=1))
    missing = key | {"sk": {"S": "missing"}}
    assert table.get(missing) is None
    assert table.batch_get([missing]) == []


def _result(response: Mapping[str, Any]) -> Item:
    return {name: value for name, value in response.items() if name != "ResponseMetadata"}


def test_update_returns_new_item_or_none(table: Table, key: Item) -> None:
    change = SIZE_IS_ONE | {"UpdateExpression": "SET size_ = size_ + :one"}
    assert table.update(key, **change) is None
    table.add(key | {"size_": {"N": "1"}})
    assert table.update(key, **change) == key | {"size_": {"N": "2"}}
    assert table.update(key, **change) is None


def test_delete_returns_old_item_or_none(table: Table, key: Item) -> None:
    assert table.delete(key) == {}
    item = key | {"size_": {"N": "1"}}
    table.add(item)
    assert table.delete(key, **SIZE_IS_ONE) == item
    table.add(key)
    assert table.delete(key, **SIZE_IS_ONE) is None


def test_query_all_yields_items_of_all_pages(table: Table, account: str) -> None:
    keys = [{"pk": {"S": account}, "sk": {"S": f"item{n}"}} for n in range(5)]
    for one in keys:
        table.add(one)
    query: dict[str, Any] = {
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": account}},
        "Limit": 2,
    }
    assert list(table.query_all(**query)) == keys
    assert list(table.query_all(table.query(**query), **query)) == keys
