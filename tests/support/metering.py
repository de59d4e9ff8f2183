"""Counts the requests to AWS, and the capacity that those to DynamoDB consume."""

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
        self.member_units = 0.0  # those of transactions that write members
        self.items_read = 0

    def request_capacity(self, params: dict[str, Any], **_: Any) -> None:
        """Requests the consumed capacity with the response."""
        params["ReturnConsumedCapacity"] = "TOTAL"

    def find_members(self, model: Any, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        """Notes whether a request is a transaction that writes members."""
        context["writes_members"] = model.name == "TransactWriteItems" and b"CLIENT#" in params["body"]

    def count(self, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        """Adds a response."""
        self.calls[model.name] += 1
        consumed = parsed.get("ConsumedCapacity", [])
        tables = consumed if isinstance(consumed, list) else [consumed]
        units = sum(table["CapacityUnits"] for table in tables)
        self.units += units
        self.write_units += units if model.name in WRITES else 0
        self.member_units += units if context["writes_members"] else 0
        self.items_read += parsed.get("ScannedCount", 0)


@contextmanager
def metered(client: "DynamoDBClient") -> Iterator[Meter]:
    """Yields a meter of the client's requests, through the SDK's event hooks."""
    meter = Meter()
    hooks = {
        "before-parameter-build.dynamodb": meter.request_capacity,
        "before-call.dynamodb": meter.find_members,
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


@contextmanager
def calls() -> Iterator[list[str]]:
    """Yields the list of calls to DynamoDB, S3 and SQS that this process makes, such as dynamodb.PutItem."""
    made: list[str] = []

    def note(model: Any, **_: Any) -> None:
        made.append(f"{model.service_model.service_name}.{model.name}")

    clients = config.dynamodb(), config.s3(), config.sqs()
    for client in clients:
        client.meta.events.register("before-call", note, unique_id="calls")
    try:
        yield made
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", note, unique_id="calls")


def counts_units_as_aws() -> bool:
    """Returns whether the engine counts as AWS does.

    DynamoDB Local counts two items per transaction, whatever their number, and the index twice.
    """
    response = config.dynamodb().list_tables(Limit=1)["ResponseMetadata"]
    return "Jetty" not in response["HTTPHeaders"].get("server", "")
