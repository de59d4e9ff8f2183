"""Conditional writes, and the error that lists those that failed."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from .items import Item, key_pair

# The end of the body of a put that creates an item: most writes of an import have it.
_IF_NEW = (
    b',"ConditionExpression":"attribute_not_exists(pk)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}'
)


class ConditionalWrite(NamedTuple):
    """One conditional put or delete. `constraint` names the rule that a failed condition violates.

    `text` is the body as JSON without its first brace, to be joined to a table's name. As dicts, the bodies of eight
    concurrent transactions would overflow a core's cache, and a load would take a quarter more CPU.
    """

    constraint: str
    verb: str  # Put, Delete, or in a transaction Update or ConditionCheck
    key: tuple[str, str]  # partition and sort key; a transaction may write an item only once
    text: bytes

    @property
    def body(self) -> dict[str, Any]:
        """Returns the request's parameters, without the table's name."""
        body: dict[str, Any] = orjson.loads(b"{" + self.text)
        return body

    def is_possible(self, stored_item: Mapping[str, Any] | None) -> bool:
        """Returns whether the condition of a put or delete holds for the item under its key, None without one."""
        if self.text.endswith(_IF_NEW):
            return stored_item is None
        expected: dict[str, Any] = self.body["ExpressionAttributeValues"]
        return stored_item is not None and all(
            stored_item.get(name[1:]) == value for name, value in expected.items()
        )


class FailedWrite(NamedTuple):
    """A write whose condition failed, and the item stored under its key, {} if the key is unused."""

    write: ConditionalWrite
    stored_item: Item


class ConditionsFailed(Exception):
    """Some conditions failed, so nothing was written. `failed_writes` keep the order of the writes."""

    def __init__(self, failed_writes: Sequence[FailedWrite]) -> None:
        super().__init__(f"{len(failed_writes)} conditions failed")
        self.failed_writes = tuple(failed_writes)

    def breaks(self, constraint: str) -> bool:
        """Returns whether a write with this constraint failed."""
        return any(failed.write.constraint == constraint for failed in self.failed_writes)


def put_new(constraint: str, item: Item) -> ConditionalWrite:
    """Returns a put that fails if the key exists."""
    return ConditionalWrite(constraint, "Put", key_pair(item), b'"Item":' + orjson.dumps(item) + _IF_NEW)


def unused(constraint: str, key: Item) -> ConditionalWrite:
    """Returns what `put_new` does for an item with this key, to be checked and not written: without the item."""
    return ConditionalWrite(constraint, "Put", key_pair(key), _IF_NEW)


def put_if(constraint: str, item: Item, expected: Mapping[str, Item]) -> ConditionalWrite:
    """Returns a put that replaces an item if its attributes still have the expected values."""
    return _write(constraint, "Put", item, {"Item": item, **_condition(expected)})


def delete_if(constraint: str, key: Item, expected: Mapping[str, Item]) -> ConditionalWrite:
    """Returns a delete of an item if its attributes still have the expected values."""
    return _write(constraint, "Delete", key, {"Key": key, **_condition(expected)})


def update_if(constraint: str, key: Item, **arguments: Any) -> ConditionalWrite:
    """Returns an update for a transaction; the arguments are those of an Update there."""
    return _write(constraint, "Update", key, {"Key": key, **arguments})


def check_if(constraint: str, key: Item, expected: Mapping[str, Item]) -> ConditionalWrite:
    """Returns a check for a transaction, which writes nothing: that attributes still have the expected values."""
    return check_that(constraint, key, **_condition(expected))


def check_that(constraint: str, key: Item, **arguments: Any) -> ConditionalWrite:
    """Returns a check for a transaction; the arguments are those of a ConditionCheck there."""
    return _write(constraint, "ConditionCheck", key, {"Key": key, **arguments})


def _write(constraint: str, verb: str, key: Item, body: dict[str, Any]) -> ConditionalWrite:
    body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return ConditionalWrite(constraint, verb, key_pair(key), orjson.dumps(body)[1:])


def _condition(expected: Mapping[str, Item]) -> dict[str, Any]:
    return {
        "ConditionExpression": " AND ".join(f"{name} = :{name}" for name in expected),
        "ExpressionAttributeValues": {f":{name}": value for name, value in expected.items()},
    }
