"""Writes and deletes many items of the module's table in batches: a request for each would take seconds."""

from collections.abc import Iterable, Sequence
from typing import Any

from chalicelib import config
from chalicelib.dynamodb.items import Item, key_of, key_pair

BATCH = 25  # writes in a request


class AddedItems:
    """What repositories use of a table to add records; it keeps their items."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def add(self, item: Item) -> bool:
        """Keeps an item."""
        self.items.append(item)
        return True


def put_items(items: Iterable[Item]) -> None:
    """Stores items, past all conditions."""
    _write([{"PutRequest": {"Item": item}} for item in items])


def delete_items(items: Iterable[Item]) -> None:
    """Deletes items; only their keys are read."""
    _write([{"DeleteRequest": {"Key": key_of(*key_pair(item))}} for item in items])


def _write(requests: Sequence[Any]) -> None:
    table = config.settings().table_name
    for start in range(0, len(requests), BATCH):
        response = config.dynamodb().batch_write_item(RequestItems={table: requests[start : start + BATCH]})
        assert not response["UnprocessedItems"]
