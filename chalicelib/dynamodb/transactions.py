"""Sends conditional writes, singly or as a transaction, and parses the reasons of their failure."""

import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from chalicelib.errors import Busy

from .retries import backoff, transient_errors_as_busy
from .writes import ConditionalWrite, ConditionsFailed, FailedWrite

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONDITION_FAILED = "ConditionalCheckFailed"


class TransactionWriter:
    """Writes to one table."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name
        self._table_field = orjson.dumps({"TableName": table_name})[:-1] + b","
        _bypass_parameter_validation(client)

    def write(self, writes: Sequence[ConditionalWrite]) -> None:
        """Writes all or nothing, and retries with backoff while other writers use the same items.

        Raises ConditionsFailed, or Busy after the last attempt.
        """
        token = str(uuid.uuid4())  # DynamoDB applies a token once, even if the response was lost
        for attempt in backoff():
            try:
                return self._try(writes, token, repeated=attempt > 0)
            except Busy as error:
                reason = error
        raise reason

    def _try(self, writes: Sequence[ConditionalWrite], token: str, *, repeated: bool) -> None:
        with transient_errors_as_busy():
            if len(writes) == 1:
                self._write_single(writes[0], repeated=repeated)
            else:
                self._write_transaction(writes, token)

    def _write_single(self, write: ConditionalWrite, *, repeated: bool) -> None:
        """Writes one item, at half the cost of a transaction but without its idempotency token."""
        call: Callable[..., Any] = self._client.put_item if write.verb == "Put" else self._client.delete_item
        try:
            call(TableName=self._table_name, **write.body)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            stored: Any = error.response.get("Item", {})
            repeated = repeated or error.response["ResponseMetadata"]["RetryAttempts"] > 0
            # An earlier attempt may have succeeded and lost its response: then our item is stored. On the first
            # attempt, an equal item is another caller's, written in the same millisecond.
            if not (repeated and stored == write.body.get("Item")):
                raise ConditionsFailed([FailedWrite(write, stored)]) from None

    def _write_transaction(self, writes: Sequence[ConditionalWrite], token: str) -> None:
        try:
            self._client.transact_write_items(
                TransactItems=[{write.verb: self._with_table(write)} for write in writes],  # type: ignore[misc]
                ClientRequestToken=token,
            )
        except self._client.exceptions.TransactionCanceledException as error:
            reasons = error.response.get("CancellationReasons", [])
            failed = [
                FailedWrite(write, dict(reason.get("Item", {})))
                for write, reason in zip(writes, reasons, strict=False)  # reasons may be missing
                if reason.get("Code") == CONDITION_FAILED
            ]
            if failed:
                raise ConditionsFailed(failed) from None
            if any(reason.get("Code") == "ValidationError" for reason in reasons):
                raise
            raise Busy from None  # a conflict or a throttle: the same transaction may succeed later

    def _with_table(self, write: ConditionalWrite) -> orjson.Fragment:
        """Returns the write's JSON with the table's name in it."""
        return orjson.Fragment(self._table_field + write.text[1:])


def _bypass_parameter_validation(client: "DynamoDBClient") -> None:
    """Skips botocore's validation and serialization of transactions: 100 writes take 20 ms of CPU there.

    One hook moves the writes from the parameters to the request's context, the other adds them to the body before
    it is signed. botocore still signs, sends, retries and parses.
    """

    def move_to_context(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["writes"], params["TransactItems"] = params["TransactItems"], [{}]

    def add_to_body(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        params["body"] = orjson.dumps(orjson.loads(params["body"]) | {"TransactItems": context.pop("writes")})

    for event, hook in (("before-parameter-build", move_to_context), ("before-call", add_to_body)):
        name = f"{event}.dynamodb.TransactWriteItems"
        client.meta.events.register_first(name, hook, unique_id=f"rollcall-{event}")
