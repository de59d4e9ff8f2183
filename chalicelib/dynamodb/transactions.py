"""Conditional writes, alone or as one transaction, and the reading of DynamoDB's refusals by leg."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from chalicelib.errors import Busy

from .items import Item
from .retries import backoff, transient_errors_as_busy

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


CONDITION_FAILED = "ConditionalCheckFailed"


class ConditionalWrite(NamedTuple):
    """One conditional put or delete. `what` names what it means when its condition fails.

    It is kept as JSON. The dicts it is made of take ten times the memory: eight transactions of them under way
    would fill a core's cache, and a load take a quarter more CPU.
    """

    constraint: str
    verb: str  # Put or Delete
    key: tuple[str, str]  # of the item it is about; a transaction may hold one leg an item
    text: bytes

    @property
    def body(self) -> dict[str, Any]:
        """All that DynamoDB is told but the table's name."""
        body: dict[str, Any] = orjson.loads(self.text)
        return body


def _write(what: str, verb: str, key: Item, body: dict[str, Any]) -> ConditionalWrite:
    body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return ConditionalWrite(what, verb, (key["pk"]["S"], key["sk"]["S"]), orjson.dumps(body))


class ConditionsFailed(Exception):
    """Conditions failed: `legs` maps the index of each leg at fault to the item that stood there, {} for none."""

    def __init__(self, legs: Mapping[int, Mapping[str, Any]]) -> None:
        super().__init__(f"{len(legs)} conditions failed")
        self.legs = legs


def put_new(what: str, item: Item) -> ConditionalWrite:
    """A put that fails where the key is taken."""
    return _write(what, "Put", item, {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"})


def put_if(what: str, item: Item, **still: Item) -> ConditionalWrite:
    """A put over an item whose attributes still have these values."""
    return _write(what, "Put", item, {"Item": item, **_still(still)})


def delete_if(what: str, key: Item, **still: Item) -> ConditionalWrite:
    """A delete of an item whose attributes still have these values."""
    return _write(what, "Delete", key, {"Key": key, **_still(still)})


def _still(values: Mapping[str, Item]) -> dict[str, Any]:
    return {
        "ConditionExpression": " AND ".join(f"{name} = :{name}" for name in values),
        "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
    }


def _bypass_parameter_validation(client: "DynamoDBClient") -> None:
    """Lets the legs of a client's transactions pass botocore by, which takes 20 ms of CPU to check and write 100.

    They leave with the request's context, so that each call has its own, and join the body that botocore made of
    the rest just before it is signed. Signing, sending, trying again and reading the answer stay botocore's.
    """

    def leave(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["legs"], params["TransactItems"] = params["TransactItems"], [{}]

    def join(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        params["body"] = orjson.dumps(orjson.loads(params["body"]) | {"TransactItems": context.pop("legs")})

    for event, hook in (("before-parameter-build", leave), ("before-call", join)):
        name = f"{event}.dynamodb.TransactWriteItems"
        client.meta.events.register_first(name, hook, unique_id=f"rollcall-{event}")


class TransactionWriter:
    """Writes legs to one table."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name
        self._start = orjson.dumps({"TableName": table_name})[:-1] + b","
        _bypass_parameter_validation(client)

    def write(self, legs: Sequence[ConditionalWrite]) -> None:
        """Writes all legs or none, waiting out those who write the same items.

        Raises Refused where conditions fail, Busy where the wait is too long.
        """
        token = str(uuid.uuid4())  # an attempt that took effect and lost its answer is not done twice
        for attempt in backoff():
            try:
                return self._try(legs, token, repeated=attempt > 0)
            except Busy as error:
                reason = error
        raise reason

    def _try(self, legs: Sequence[ConditionalWrite], token: str, *, repeated: bool) -> None:
        with transient_errors_as_busy():
            if len(legs) == 1:
                self._alone(legs[0], repeated=repeated)
            else:
                self._together(legs, token)

    def _alone(self, leg: ConditionalWrite, *, repeated: bool) -> None:
        """One leg costs half of a transaction of one, and has no token."""
        call: Callable[..., Any] = self._client.put_item if leg.verb == "Put" else self._client.delete_item
        try:
            call(TableName=self._table_name, **leg.body)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            there: Any = error.response.get("Item", {})
            repeated = repeated or error.response["ResponseMetadata"]["RetryAttempts"] > 0
            # What we meant to put may stand there already: an earlier attempt took effect and lost its answer.
            # On the first one it is someone else's, who has put the same within the same millisecond.
            if not (repeated and there == leg.body.get("Item")):
                raise ConditionsFailed({0: there}) from None

    def _together(self, legs: Sequence[ConditionalWrite], token: str) -> None:
        try:
            self._client.transact_write_items(
                TransactItems=[{leg.verb: self._complete(leg)} for leg in legs],  # type: ignore[misc]
                ClientRequestToken=token,
            )
        except self._client.exceptions.TransactionCanceledException as error:
            reasons = error.response.get("CancellationReasons", [])
            failed = {
                i: r.get("Item", {}) for i, r in enumerate(reasons) if r.get("Code") == CONDITION_FAILED
            }
            if failed:
                raise ConditionsFailed(failed) from None
            if any(r.get("Code") == "ValidationError" for r in reasons):
                raise
            raise Busy from None  # conflicts and throttles: the same transaction may pass later

    def _complete(self, leg: ConditionalWrite) -> orjson.Fragment:
        """The leg's JSON with the table's name in it."""
        return orjson.Fragment(self._start + leg.text[1:])
