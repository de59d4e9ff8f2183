"""One DynamoDB table: reads and single writes."""

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Busy

from .items import Item
from .retries import backoff, transient_errors_as_busy

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


KEYS_A_READ = 100  # DynamoDB's limit for one BatchGetItem


def batch_get(client: "DynamoDBClient", table_name: str, keys: list[Item]) -> Iterable[Item]:
    """The items under up to 100 keys, those that exist, in any order; strongly consistent.

    Keys that DynamoDB leaves unprocessed are asked for again, each time after a pause. Raises Busy where none of
    them is processed within the attempts and the time of `attempts()`.
    """
    tries = backoff()
    while keys:
        if next(tries, None) is None:
            raise Busy
        asked: Any = {table_name: {"Keys": keys, "ConsistentRead": True}}
        with transient_errors_as_busy():
            answer: Any = client.batch_get_item(RequestItems=asked)
        yield from answer["Responses"].get(table_name, [])
        left = answer.get("UnprocessedKeys", {}).get(table_name, {}).get("Keys", [])
        if len(left) < len(keys):  # progress: the pauses start small again, but none is left out
            tries = islice(backoff(), 1, None)
        keys = left
