"""One DynamoDB table: strongly consistent reads, pages, and conditional writes.

Every method raises Busy if the table still throttles, or cannot be reached, after the retries.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Busy

from .items import Item
from .retries import backoff, transient_errors_as_busy
from .transactions import TransactionWriter
from .writes import ConditionalWrite

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BATCH_GET_LIMIT = 100  # keys of one BatchGetItem, DynamoDB's limit


class Table:
    """The table of one deployment."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name
        self._writer = TransactionWriter(client, name)

    def get(self, key: Item) -> Item | None:
        """Returns the item under a key, or None. Strongly consistent."""
        with transient_errors_as_busy():
            response = self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True)
        return response.get("Item")

    def batch_get(self, keys: Sequence[Item]) -> list[Item]:
        """Returns the items that exist under these keys, in any order. Strongly consistent."""
        found: list[Item] = []
        for start in range(0, len(keys), BATCH_GET_LIMIT):
            found += self._batch_get(list(keys[start : start + BATCH_GET_LIMIT]))
        return found

    def _batch_get(self, keys: list[Item]) -> list[Item]:
        """Returns the items under up to 100 keys. Requests unprocessed keys again, after a pause."""
        found: list[Item] = []
        attempts = backoff()
        while keys:
            if next(attempts, None) is None:
                raise Busy
            request: Any = {self._name: {"Keys": keys, "ConsistentRead": True}}
            with transient_errors_as_busy():
                response: Any = self._client.batch_get_item(RequestItems=request)
            found += response["Responses"].get(self._name, [])
            unprocessed = response.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            if len(unprocessed) < len(keys):  # progress: restart with short pauses, without skipping one
                attempts = islice(backoff(), 1, None)
            keys = unprocessed
        return found

    def query(self, **arguments: Any) -> Mapping[str, Any]:
        """Returns one page of a Query: its response, with Items and perhaps LastEvaluatedKey."""
        with transient_errors_as_busy():
            return self._client.query(TableName=self._name, **arguments)

    def query_all(self, first: Mapping[str, Any] | None = None, **arguments: Any) -> Iterator[Item]:
        """Yields the items of all pages of a Query, reading each page on demand; `first` is a page already read."""
        page = self.query(**arguments) if first is None else first
        while True:
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            page = self.query(**{**arguments, "ExclusiveStartKey": page["LastEvaluatedKey"]})

    def scan(self, **arguments: Any) -> Mapping[str, Any]:
        """Returns one page of a Scan: its response, with Items and perhaps LastEvaluatedKey."""
        with transient_errors_as_busy():
            return self._client.scan(TableName=self._name, **arguments)

    def add(self, item: Item) -> bool:
        """Adds an item. Returns False if its key exists."""
        condition = "attribute_not_exists(pk)"
        response = self._conditional(self._client.put_item, Item=item, ConditionExpression=condition)
        return response is not None

    def update(self, key: Item, **arguments: Any) -> Item | None:
        """Updates an item and returns what ReturnValues selects, by default the whole new item.

        Returns None if the condition fails.
        """
        return self._attributes(self._client.update_item, key, {"ReturnValues": "ALL_NEW", **arguments})

    def delete(self, key: Item, **arguments: Any) -> Item | None:
        """Deletes an item. Returns the deleted item, {} if it did not exist, None if the condition fails."""
        return self._attributes(self._client.delete_item, key, {"ReturnValues": "ALL_OLD", **arguments})

    def write(self, writes: Sequence[ConditionalWrite]) -> None:
        """Writes all or nothing: one item by itself, several in a transaction. Raises ConditionsFailed."""
        self._writer.write(writes)

    def _attributes(
        self, call: Callable[..., Mapping[str, Any]], key: Item, arguments: Mapping[str, Any]
    ) -> Item | None:
        response = self._conditional(call, Key=key, **arguments)
        return None if response is None else dict(response.get("Attributes", {}))

    def _conditional(
        self, call: Callable[..., Mapping[str, Any]], **arguments: Any
    ) -> Mapping[str, Any] | None:
        """Returns the call's response, or None if its condition fails."""
        try:
            with transient_errors_as_busy():
                return call(TableName=self._name, **arguments)
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
