"""One DynamoDB table: strongly consistent reads, pages, conditional writes and transactions.

Every method raises Busy if the table cannot be reached after the retries, or other writers use the same items, and
Throttled if it lacks capacity. Retries take about 2.5 s, so that a caller gets a response; those of a worker take as
long as it has time (see `paced`).
"""

import copy
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from chalicelib.errors import Busy, Throttled

from .items import Item, key_of, key_pair
from .limiter import Limiter, Slot, TimeLeft
from .retries import backoff, transient_errors_as_busy
from .writes import ConditionalWrite, ConditionsFailed, FailedWrite

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BATCH_GET_LIMIT = 100  # keys of one BatchGetItem, DynamoDB's limit
# Codes of cancellation reasons ("TransactionCanceledException" in the API Reference).
CANCELLED_FOR_CAPACITY = {"ThrottlingError", "ProvisionedThroughputExceeded"}
# Waits until so many items may be written (WriteBudget.spend).
Spend = Callable[[int, TimeLeft], None]


class Table:
    """The table of one deployment."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name
        self._name_field = (
            orjson.dumps({"TableName": name})[:-1] + b","
        )  # the start of each write in a transaction
        self._limiter: Limiter | None = None
        self._time_left: TimeLeft | None = None
        self._spend: Spend | None = None
        _bypass_parameter_validation(client)
        _bypass_response_parsing(client)

    def paced(self, limiter: Limiter, time_left: TimeLeft, spend: Spend | None = None) -> "Table":
        """Returns the table for a worker, whose requests are retried while it has time.

        Those for many items wait for the limiter, and transactions for `spend`, if it is given. Those for one item
        cost little, and are sent once even without time: a worker ends with them.
        """
        paced = copy.copy(self)
        paced._limiter, paced._time_left, paced._spend = limiter, time_left, spend  # noqa: SLF001 - its own class
        return paced

    def _send(self, call: Callable[..., Any], **arguments: Any) -> Any:
        """Returns the response to one call of the client. Raises Busy."""
        return self._repeat(lambda _: call(**arguments))

    def _repeat(self, request: Callable[[int], Any], *, limited: bool = False) -> Any:
        """Returns the response to `request`, which gets the number of the attempt, from 0. Raises Busy.

        A `limited` one waits for the limiter.
        """
        reason: Busy = Throttled()
        for attempt in backoff(self._time_left):
            try:
                with self._slot(limited=limited) as slot, transient_errors_as_busy():
                    response = request(attempt)
                    slot.throttled = bool(response.get("UnprocessedKeys"))
                    return response
            except Busy as error:
                reason = error
        raise reason

    def _slot(self, *, limited: bool) -> AbstractContextManager[Slot]:
        if limited and self._limiter and self._time_left:
            return self._limiter.slot(self._time_left)
        return nullcontext(Slot(0))

    def probe(self) -> None:
        """Reads an item, whether it exists or not: this raises what a request to the table would."""
        self.get({"pk": {"S": "HEALTH"}, "sk": {"S": "HEALTH"}})

    def get(self, key: Item) -> Item | None:
        """Returns the item under a key, or None. Strongly consistent."""
        response = self._send(self._client.get_item, TableName=self._name, Key=key, ConsistentRead=True)
        item: Item | None = response.get("Item")
        return item

    def batch_get(self, keys: Sequence[Item], *, consistent: bool = True) -> list[Item]:
        """Returns the items that exist under these keys, in any order.

        Strongly consistent by default. Otherwise at half the price, perhaps as they were a moment ago.
        """
        found: list[Item] = []
        for start in range(0, len(keys), BATCH_GET_LIMIT):
            found += self._batch_get(list(keys[start : start + BATCH_GET_LIMIT]), consistent=consistent)
        return found

    def get_together(self, keys: Sequence[Item]) -> list[Item | None]:
        """Returns the items under up to 100 keys as they are at one moment, None for each unused key.

        No transaction is seen in part.
        """
        gets: Any = [{"Get": {"TableName": self._name, "Key": key}} for key in keys]

        def request(_: int) -> Any:
            try:
                return self._client.transact_get_items(TransactItems=gets)
            except self._client.exceptions.TransactionCanceledException as error:
                reasons: Any = error.response.get("CancellationReasons", [])
                _raise_cancellation((), reasons)
                raise

        return [one.get("Item") for one in self._repeat(request, limited=True)["Responses"]]

    def _batch_get(self, keys: list[Item], *, consistent: bool) -> list[Item]:
        """Returns the items under up to 100 keys. Requests unprocessed keys again, after a pause."""
        found: list[Item] = []
        attempts = backoff(self._time_left)
        while keys:
            if next(attempts, None) is None:
                raise Throttled
            request: Any = {self._name: {"Keys": keys, "ConsistentRead": consistent}}
            read = partial(self._client.batch_get_item, RequestItems=request)
            response = self._repeat(lambda _, read=read: read(), limited=True)  # type: ignore[misc]
            found += response["Responses"].get(self._name, [])
            unprocessed = response.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            if len(unprocessed) < len(keys):  # progress: restart with short pauses, without skipping one
                attempts = islice(backoff(self._time_left), 1, None)
            keys = unprocessed
        return found

    def query(self, **arguments: Any) -> Mapping[str, Any]:
        """Returns one page of a Query: its response, with Items and perhaps LastEvaluatedKey."""
        page: Mapping[str, Any] = self._send(self._client.query, TableName=self._name, **arguments)
        return page

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
        page: Mapping[str, Any] = self._send(self._client.scan, TableName=self._name, **arguments)
        return page

    def accepted_write_units(self) -> int | None:
        """Returns the write units a second that the table and its indexes accept at present, the least of them.

        "Understanding DynamoDB warm throughput". Returns None where the engine does not say, as emulators do.
        """
        table: Any = self._send(self._client.describe_table, TableName=self._name)["Table"]
        warm = [one.get("WarmThroughput", {}) for one in (table, *table.get("GlobalSecondaryIndexes", []))]
        return min(one.get("WriteUnitsPerSecond", 0) for one in warm) or None

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
            response = self._send(call, TableName=self._name, **arguments)
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        found: Item = response.get("Attributes", {})
        return found

    def write(self, writes: Sequence[ConditionalWrite]) -> None:
        """Writes all or nothing: one item by itself, several in a transaction. Raises ConditionsFailed.

        Retries with backoff while other writers use the same items.
        """
        if self._spend and self._time_left:
            self._spend(len(writes), self._time_left)
        token = str(uuid.uuid4())  # DynamoDB applies a token once, even if the response was lost

        def request(attempt: int) -> Any:
            if len(writes) == 1:
                return self._write_single(writes[0], repeated=attempt > 0)
            return self._write_transaction(writes, token)

        self._repeat(request, limited=len(writes) > 1)

    def check(self, writes: Sequence[ConditionalWrite]) -> None:
        """Reads the items that `write` would write, and raises ConditionsFailed as it would. Writes nothing."""
        found = {key_pair(item): item for item in self.batch_get([key_of(*write.key) for write in writes])}
        failed = [
            FailedWrite(write, found.get(write.key, {}))
            for write in writes
            if not write.is_possible(found.get(write.key))
        ]
        if failed:
            raise ConditionsFailed(failed)

    def _write_single(self, write: ConditionalWrite, *, repeated: bool) -> Any:
        """Writes one item, at half the cost of a transaction but without its idempotency token."""
        call: Callable[..., Any] = self._client.put_item if write.verb == "Put" else self._client.delete_item
        try:
            return call(TableName=self._name, **write.body)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            stored: Any = error.response.get("Item", {})
            repeated = repeated or error.response["ResponseMetadata"]["RetryAttempts"] > 0
            # An earlier attempt may have succeeded and lost its response: then our item is stored. On the first
            # attempt, an equal item is another caller's, written in the same millisecond.
            if repeated and stored == write.body.get("Item"):
                return {}
            raise ConditionsFailed([FailedWrite(write, stored)]) from None

    def _write_transaction(self, writes: Sequence[ConditionalWrite], token: str) -> Any:
        items: Any = [{write.verb: orjson.Fragment(self._name_field + write.text)} for write in writes]
        try:
            return self._client.transact_write_items(TransactItems=items, ClientRequestToken=token)
        except self._client.exceptions.TransactionCanceledException as error:
            reasons: Any = error.response.get("CancellationReasons", [])
            _raise_cancellation(writes, reasons)
            raise


def _raise_cancellation(writes: Sequence[ConditionalWrite], reasons: Sequence[Mapping[str, Any]]) -> None:
    """Raises what a cancellation means: ConditionsFailed, Throttled or Busy. Returns if it is another error."""
    failed = [
        FailedWrite(write, dict(reason.get("Item", {})))
        for write, reason in zip(writes, reasons, strict=False)  # reasons may be missing
        if reason.get("Code") == "ConditionalCheckFailed"
    ]
    codes = {reason.get("Code") for reason in reasons}
    if failed:
        raise ConditionsFailed(failed) from None
    if codes & CANCELLED_FOR_CAPACITY:
        raise Throttled from None
    if "ValidationError" not in codes:
        raise Busy from None  # a conflict: the same transaction may succeed later


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

    DynamoDB's JSON has the form that botocore returns, except for binary values, which no item has. The hook leaves
    botocore an empty body to parse. Errors stay botocore's.
    """

    def parse(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
        if response_dict["status_code"] == HTTPStatus.OK:
            customized_response_dict.update(orjson.loads(response_dict["body"]))
            response_dict["body"] = b"{}"

    for operation in ("BatchGetItem", "GetItem", "Query", "Scan"):
        name = f"before-parse.dynamodb.{operation}"
        client.meta.events.register_first(name, parse, unique_id=f"rollcall-{name}")
