"""One DynamoDB table: strongly consistent reads, pages, conditional writes and transactions.

Every method raises Busy if the table still throttles, or cannot be reached, after the retries.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from chalicelib.errors import Busy

from .items import Item
from .retries import backoff, transient_errors_as_busy
from .writes import ConditionalWrite, ConditionsFailed, FailedWrite

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BATCH_GET_LIMIT = 100  # keys of one BatchGetItem, DynamoDB's limit


class Table:
    """The table of one deployment."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name
        self._name_field = (
            orjson.dumps({"TableName": name})[:-1] + b","
        )  # the start of each write in a transaction
        _bypass_parameter_validation(client)
        _bypass_response_parsing(client)

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
        """Returns one page of a Scan, in the form of a Query's."""
        with transient_errors_as_busy():
            return self._client.scan(TableName=self._name, **arguments)

    def add(self, item: Item) -> bool:
        """Adds an item. Returns False if its key exists."""
        condition = "attribute_not_exists(pk)"
        return self._conditional(self._client.put_item, Item=item, ConditionExpression=condition) is not None

    def update(self, key: Item, **arguments: Any) -> Item | None:
        """Updates an item and returns what ReturnValues selects, by default the whole new item.

        Returns None if the condition fails.
        """
        return self._conditional(
            self._client.update_item, Key=key, **{"ReturnValues": "ALL_NEW", **arguments}
        )

    def delete(self, key: Item, **arguments: Any) -> Item | None:
        """Deletes an item. Returns the deleted item, {} if it did not exist, None if the condition fails."""
        return self._conditional(self._client.delete_item, Key=key, ReturnValues="ALL_OLD", **arguments)

    def _conditional(self, call: Callable[..., Any], **arguments: Any) -> Item | None:
        """Returns the attributes in the call's response, {} without any, None if its condition fails."""
        try:
            with transient_errors_as_busy():
                found: Item = call(TableName=self._name, **arguments).get("Attributes", {})
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return found

    def write(self, writes: Sequence[ConditionalWrite]) -> None:
        """Writes all or nothing: one item by itself, several in a transaction. Raises ConditionsFailed.

        Retries with backoff while other writers use the same items.
        """
        token = str(uuid.uuid4())  # DynamoDB applies a token once, even if the response was lost
        for attempt in backoff():
            try:
                with transient_errors_as_busy():
                    if len(writes) == 1:
                        return self._write_single(writes[0], repeated=attempt > 0)
                    return self._write_transaction(writes, token)
            except Busy as error:
                reason = error
        raise reason

    def _write_single(self, write: ConditionalWrite, *, repeated: bool) -> None:
        """Writes one item, at half the cost of a transaction but without its idempotency token."""
        call: Callable[..., Any] = self._client.put_item if write.verb == "Put" else self._client.delete_item
        try:
            call(TableName=self._name, **write.body)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            stored: Any = error.response.get("Item", {})
            repeated = repeated or error.response["ResponseMetadata"]["RetryAttempts"] > 0
            # An earlier attempt may have succeeded and lost its response: then our item is stored. On the first
            # attempt, an equal item is another caller's, written in the same millisecond.
            if not (repeated and stored == write.body.get("Item")):
                raise ConditionsFailed([FailedWrite(write, stored)]) from None

    def _write_transaction(self, writes: Sequence[ConditionalWrite], token: str) -> None:
        items: Any = [{write.verb: orjson.Fragment(self._name_field + write.text[1:])} for write in writes]
        try:
            self._client.transact_write_items(TransactItems=items, ClientRequestToken=token)
        except self._client.exceptions.TransactionCanceledException as error:
            reasons = error.response.get("CancellationReasons", [])
            failed = [
                FailedWrite(write, dict(reason.get("Item", {})))
                for write, reason in zip(writes, reasons, strict=False)  # reasons may be missing
                if reason.get("Code") == "ConditionalCheckFailed"
            ]
            if failed:
                raise ConditionsFailed(failed) from None
            if any(reason.get("Code") == "ValidationError" for reason in reasons):
                raise
            raise Busy from None  # a conflict or a throttle: the same transaction may succeed later


def _bypass_parameter_validation(client: "DynamoDBClient") -> None:
    """Skips botocore's validation and serialization of what a request of many items holds.

    They take 20 ms of CPU for 100 writes, 3 ms for 100 keys. One hook moves the writes or keys from the parameters to
    the request's context, the other adds them to the body before it is signed. botocore still signs, sends, retries
    and parses.
    """

    def bypass(operation: str, parameter: str, placeholder: Callable[[Any], Any]) -> None:
        def move_to_context(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
            context["bypassed"] = params[parameter]
            params[parameter] = placeholder(params[parameter])

        def add_to_body(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
            params["body"] = orjson.dumps(orjson.loads(params["body"]) | {parameter: context.pop("bypassed")})

        for event, hook in (("before-parameter-build", move_to_context), ("before-call", add_to_body)):
            name = f"{event}.dynamodb.{operation}"
            client.meta.events.register_first(name, hook, unique_id=f"rollcall-{name}")

    bypass("TransactWriteItems", "TransactItems", lambda _: [{}])
    bypass("BatchGetItem", "RequestItems", lambda tables: {name: {"Keys": [{}]} for name in tables})


def _bypass_response_parsing(client: "DynamoDBClient") -> None:
    """Parses the items of reads with orjson: botocore visits each value, and takes 13 times as long.

    DynamoDB's JSON has the form that botocore returns, but for binary values, which no item has. The hook leaves
    botocore an empty body to parse. Errors stay botocore's.
    """

    def parse(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
        if response_dict["status_code"] == HTTPStatus.OK:
            customized_response_dict.update(orjson.loads(response_dict["body"]))
            response_dict["body"] = b"{}"

    for operation in ("BatchGetItem", "GetItem", "Query", "Scan"):
        name = f"before-parse.dynamodb.{operation}"
        client.meta.events.register_first(name, parse, unique_id=f"rollcall-{name}")
