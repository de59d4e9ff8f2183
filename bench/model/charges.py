"""What a request to DynamoDB costs. Titles in quotation marks are pages of the DynamoDB Developer Guide."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from chalicelib.dynamodb.items import Item, key_pair

Find = Callable[
    [tuple[str, str]], Item | None
]  # the item stored under a key, for the charges that depend on it
INDEX_KEY = "account_shard"  # the partition key of the index by_account
ITEM_BYTES = 400  # of a member, where a query's items are not known before it runs


class Charge(NamedTuple):
    """The units of one item of a request: in the partition of its key, and in those of its index keys."""

    key: str
    writes: float = 0
    reads: float = 0
    index_keys: tuple[str, ...] = ()  # one write each
    index_units: float = 0
    index_reads: float = 0


def charges(operation: str, body: Mapping[str, Any], find: Find) -> list[Charge]:
    """Returns the charges of a request, one for each of its items."""
    if operation == "TransactWriteItems":
        # "Amazon DynamoDB Transactions: How it works": two writes of each item, to prepare and to commit.
        return [
            _write(write, find, copies=2) for action in body["TransactItems"] for write in action.values()
        ]
    if operation == "BatchGetItem":
        return [_read(key, request) for key, request in batch_keys(body)]
    if operation == "GetItem":
        return [_read(body["Key"], body)]
    if operation in {"Query", "Scan"}:
        return [_page(body)]
    return [_write(body, find, copies=1)]


def batch_keys(body: Mapping[str, Any]) -> Iterator[tuple[Item, Mapping[str, Any]]]:
    """Yields each key of a BatchGetItem with the request about its table."""
    for request in body["RequestItems"].values():
        for key in request["Keys"]:
            yield key, request


def _write(write: Mapping[str, Any], find: Find, copies: int) -> Charge:
    """Returns the charge of one write: a unit for each KB of the larger of the old and the new item.

    "DynamoDB read and write operations". A failed condition costs the same.
    """
    new = write.get("Item")
    key = key_pair(new or write["Key"])
    old = find(key)
    if new is None and "UpdateExpression" in write:
        new = old  # an update here changes no index key, and hardly the size
    units = max(_units(new), _units(old), 1)
    index = _index_keys(old, new) if "UpdateExpression" not in write else ()
    return Charge(key[0], writes=copies * units, index_keys=index, index_units=units)


def _index_keys(old: Item | None, new: Item | None) -> tuple[str, ...]:
    """Returns the index partitions that a write of an item changes, one unit a KB each.

    "Using Global Secondary Indexes in DynamoDB": a new, deleted or projected entry is one write, an entry whose key
    changes two. They are asynchronous, so a transaction does not double them.
    """
    before, after = (_entry(item) for item in (old, new))
    if before and after and before == after:
        return (after[0],)
    return tuple(entry[0] for entry in (before, after) if entry)


def _entry(item: Item | None) -> tuple[str, str] | None:
    if item is None or INDEX_KEY not in item:
        return None
    return item[INDEX_KEY]["S"], item["name_order"]["S"]


def _read(key: Item, request: Mapping[str, Any]) -> Charge:
    """Returns the charge of a read of one item of up to 4 KB, half if it is eventually consistent."""
    return Charge(key["pk"]["S"], reads=1 if request.get("ConsistentRead") else 0.5)


def _page(body: Mapping[str, Any]) -> Charge:
    """Returns the charge of a page: one read for each 4 KB of what it may return."""
    units = max(1, math.ceil(body.get("Limit", 1) * ITEM_BYTES / 4096))
    values = body.get("ExpressionAttributeValues", {})
    key = next(iter(values.values()))["S"] if values else ""
    if not body.get("ConsistentRead"):
        units /= 2
    return Charge(key, index_reads=units) if "IndexName" in body else Charge(key, reads=units)


def _units(item: Item | None) -> int:
    """Returns the write units of an item: one for each KB of its names and values, rounded up."""
    if item is None:
        return 0
    size = sum(len(name) + sum(map(_size, value.values())) for name, value in item.items())
    return -(-size // 1024)


def _size(value: object) -> int:
    return len(value.encode()) if isinstance(value, str) else len(str(value))
