"""Counts DynamoDB requests and the capacity that they consume."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chalicelib import config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")


class Meter:
    """The requests within `metered`, their capacity units, and the items that they read."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.units = 0.0
        self.write_units = 0.0
        self.items_read = 0

    def request_capacity(self, params: dict[str, Any], **_: Any) -> None:
        """Requests the consumed capacity with the response."""
        params["ReturnConsumedCapacity"] = "TOTAL"

    def count(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        """Adds a response."""
        self.calls[model.name] += 1
        consumed = parsed.get("ConsumedCapacity", [])
        tables = consumed if isinstance(consumed, list) else [consumed]
        units = sum(table["CapacityUnits"] for table in tables)
        self.units += units
        self.write_units += units if model.name in WRITES else 0
        self.items_read += parsed.get("ScannedCount", 0)


@contextmanager
def metered(client: "DynamoDBClient") -> Iterator[Meter]:
    """Yields a meter of the client's requests, through the SDK's event hooks."""
    meter = Meter()
    hooks = {
        "before-parameter-build.dynamodb": meter.request_capacity,
        "after-call.dynamodb": meter.count,
    }
    events: Any = client.meta.events
    for event, hook in hooks.items():
        events.register(event, hook)
    try:
        yield meter
    finally:
        for event, hook in hooks.items():
            events.unregister(event, hook)


def counts_units_as_aws() -> bool:
    """Returns whether the engine counts as AWS does.

    DynamoDB Local counts two items per transaction, whatever their number, and the index twice.
    """
    response = config.dynamodb().list_tables(Limit=1)["ResponseMetadata"]
    return "Jetty" not in response["HTTPHeaders"].get("server", "")
