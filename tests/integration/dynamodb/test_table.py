"""Conditional operations on single items."""

from typing import Any

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
