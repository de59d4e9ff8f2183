"""Conditional writes, alone or as one transaction, and the reading of DynamoDB's refusals by leg."""

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from .errors import Busy
from .items import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ATTEMPTS = 12  # of one write that meets others on the same items: about 3 s of pauses
PATIENCE = 8.0  # seconds after which no further attempt is made, for a throttled one lasts by itself

# What DynamoDB says, besides any status from 500, when the same request may succeed later. botocore has tried
# again by then.
PASSING = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
}
FAILED = "ConditionalCheckFailed"


class Leg(NamedTuple):
    """One conditional put or delete. `what` names what it means when its condition fails.

    It is kept as JSON. The dicts it is made of take ten times the memory: eight transactions of them under way
    would fill a core's cache, and a load take a quarter more CPU.
    """

    what: str
    verb: str  # Put or Delete
    key: tuple[str, str]  # of the item it is about; a transaction may hold one leg an item
    text: bytes

    @property
    def body(self) -> dict[str, Any]:
        """All that DynamoDB is told but the table's name."""
        body: dict[str, Any] = orjson.loads(self.text)
        return body


def _leg(what: str, verb: str, key: Item, body: dict[str, Any]) -> Leg:
    body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return Leg(what, verb, (key["pk"]["S"], key["sk"]["S"]), orjson.dumps(body))


class Refused(Exception):
    """Conditions failed: `legs` maps the index of each leg at fault to the item that stood there, {} for none."""

    def __init__(self, legs: Mapping[int, Mapping[str, Any]]) -> None:
        super().__init__(f"{len(legs)} conditions failed")
        self.legs = legs


def put_new(what: str, item: Item) -> Leg:
    """A put that fails where the key is taken."""
    return _leg(what, "Put", item, {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"})


def put_over(what: str, item: Item, **still: Item) -> Leg:
    """A put over an item whose attributes still have these values."""
    return _leg(what, "Put", item, {"Item": item, **_still(still)})


def delete(what: str, key: Item, **still: Item) -> Leg:
    """A delete of an item whose attributes still have these values."""
    return _leg(what, "Delete", key, {"Key": key, **_still(still)})


def _still(values: Mapping[str, Item]) -> dict[str, Any]:
    return {
        "ConditionExpression": " AND ".join(f"{name} = :{name}" for name in values),
        "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
    }


@contextmanager
def calm() -> Iterator[None]:
    """Turns what may pass (throttles, timeouts, no connection or a lost one) into Busy."""
    from botocore import exceptions as botocore

    try:
        yield
    except botocore.ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status >= 500 or error.response["Error"]["Code"] in PASSING:
            raise Busy from error
        raise
    except (botocore.HTTPClientError, botocore.ConnectionError) as error:
        raise Busy from error


def attempts() -> Iterator[int]:
    """Counts the attempts at one thing that others keep from happening, a random and growing pause before each."""
    end = time.monotonic() + PATIENCE
    for attempt in range(ATTEMPTS):
        if attempt:
            if time.monotonic() > end:
                return
            time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))  # noqa: S311 - no secret
        yield attempt


def _spare_the_model(client: "DynamoDBClient") -> None:
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


class Writer:
    """Writes legs to one table."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name
        self._start = orjson.dumps({"TableName": table_name})[:-1] + b","
        _spare_the_model(client)

    def write(self, legs: Sequence[Leg]) -> None:
        """Writes all legs or none, waiting out those who write the same items.

        Raises Refused where conditions fail, Busy where the wait is too long.
        """
        token = str(uuid.uuid4())  # an attempt that took effect and lost its answer is not done twice
        for attempt in attempts():
            try:
                return self._try(legs, token, repeated=attempt > 0)
            except Busy as error:
                reason = error
        raise reason

    def _try(self, legs: Sequence[Leg], token: str, *, repeated: bool) -> None:
        with calm():
            if len(legs) == 1:
                self._alone(legs[0], repeated=repeated)
            else:
                self._together(legs, token)

    def _alone(self, leg: Leg, *, repeated: bool) -> None:
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
                raise Refused({0: there}) from None

    def _together(self, legs: Sequence[Leg], token: str) -> None:
        try:
            self._client.transact_write_items(
                TransactItems=[{leg.verb: self._complete(leg)} for leg in legs],  # type: ignore[misc]
                ClientRequestToken=token,
            )
        except self._client.exceptions.TransactionCanceledException as error:
            reasons = error.response.get("CancellationReasons", [])
            failed = {i: r.get("Item", {}) for i, r in enumerate(reasons) if r.get("Code") == FAILED}
            if failed:
                raise Refused(failed) from None
            if any(r.get("Code") == "ValidationError" for r in reasons):
                raise
            raise Busy from None  # conflicts and throttles: the same transaction may pass later

    def _complete(self, leg: Leg) -> orjson.Fragment:
        """The leg's JSON with the table's name in it."""
        return orjson.Fragment(self._start + leg.text[1:])
