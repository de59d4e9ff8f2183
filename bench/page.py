"""The CPU time of `GET /members?account_id=1&limit=100`, against one bare boto3 `query` of 100 members.

The request passes through the whole application, as API Gateway sends it. DynamoDB's responses are stubbed below
boto3; each is built once, so their making does not count.
"""

import io
import json
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cache
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from bench.stub import Raw, attach_stub, round_count
from chalicelib import config
from chalicelib.dynamodb.items import Item
from chalicelib.members.items import INDEX, account_shard, to_item
from chalicelib.members.model import NewMember, new_member

MEMBERS = 2_000
LIMIT = 100
ROUNDS = 100
TRIES = 7  # the best one counts: other processes share the cores
CALLER = {"kind": "user", "name": "bench", "groups": ["viewers"]}


def main() -> None:
    """Measure and print."""
    attach_stub()
    with redirect_stdout(io.StringIO()):  # takes the log lines, which cost their CPU time
        from app import app

    plain = boto3.client("dynamodb")
    for client in (config.dynamodb(), plain):
        events: Any = client.meta.events
        events.register_first("before-send", respond)
    event = page_event()

    def page() -> None:
        response = app(event, None)
        assert len(json.loads(response["body"])["items"]) == LIMIT, response

    def query() -> None:
        assert plain.query(**bare_query())["Count"] == LIMIT

    times = [(_milliseconds(page), _milliseconds(query)) for _ in range(round_count(TRIES))]
    ours, bare = (min(column) for column in zip(*times, strict=True))
    print(f"page: {ours:.1f} ms of CPU for {LIMIT} members, one bare query {bare:.1f} ms: {ours / bare:.2f}x")


def respond(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    """Return the response to a Query; a handler of boto3's event before-send. Of groups none are stored."""
    sent: Any = request.body
    body = _result(bytes(sent)) if b"IndexName" in sent else b'{"Responses": {}}'
    return AWSResponse(request.url, 200, HTTPHeaders(), Raw(io.BytesIO(body)))


@cache
def _result(query: bytes) -> bytes:
    """Return the body of the response to a Query of the index."""
    sent = json.loads(query)
    values = {name: value["S"] for name, value in sent["ExpressionAttributeValues"].items()}
    found = [item for item in _members() if item["account_shard"]["S"] == values[":shard"]] or _members()
    low, high = values.get(":low", values.get(":after", "") + "\0"), values.get(":high", "\U0010ffff")
    found = [item for item in found if low <= item["name_order"]["S"] <= high]
    items = found[: sent["Limit"]]
    result = {"Count": len(items), "ScannedCount": len(items), "Items": items}
    if len(items) < len(found):
        last = items[-1]
        keys = ("pk", "sk", "account_shard", "name_order")
        result["LastEvaluatedKey"] = {name: last[name] for name in keys}
    return json.dumps(result).encode()


@cache
def _members() -> list[Item]:
    """Return the items of an account in name order."""
    people = (
        NewMember(
            account_id="1",
            client_member_id=str(number),
            first_name=f"Maximilian{number % 37}",
            last_name=f"Mustermann{number % 911}",
            phone_number=f"+1323555{number:04}",
        )
        for number in range(MEMBERS)
    )
    items = [to_item(new_member(person, "import:bench"), "bench#1:created") for person in people]
    return sorted(items, key=lambda item: str(item["name_order"]["S"]))


def bare_query() -> dict[str, Any]:
    """Return the parameters of a query for the first 100 members of one partition, which `respond` does not shard."""
    return {
        "TableName": "bench",
        "IndexName": INDEX,
        "KeyConditionExpression": "account_shard = :shard AND name_order BETWEEN :low AND :high",
        "ExpressionAttributeValues": {
            ":shard": {"S": account_shard("1", -1)},
            ":low": {"S": "\0"},
            ":high": {"S": "\U0010ffff"},
        },
        "Limit": LIMIT,
    }


def page_event() -> dict[str, Any]:
    """Return the event that API Gateway sends for a page."""
    return {
        "resource": "/members",
        "path": "/members",
        "httpMethod": "GET",
        "headers": {"Host": "bench"},
        "multiValueHeaders": {"Host": ["bench"]},
        "multiValueQueryStringParameters": {"account_id": ["1"], "limit": [str(LIMIT)]},
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": "/members",
            "httpMethod": "GET",
            "path": "/api/members",
            "requestId": "bench",
            "authorizer": {"caller": json.dumps(CALLER)},
        },
        "body": None,
        "isBase64Encoded": False,
    }


def _milliseconds(work: Callable[[], None]) -> float:
    """Return the CPU time of one round of work, in all threads of this process."""
    started = time.process_time()
    for _ in range(ROUNDS):
        work()
    return (time.process_time() - started) * 1000 / ROUNDS


if __name__ == "__main__":
    main()
