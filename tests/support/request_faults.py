"""Faults of DynamoDB requests, injected through the SDK's event hooks."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from chalicelib.dynamodb.items import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Fault = Callable[[AWSPreparedRequest], AWSResponse | None]


def client_without_retries() -> "DynamoDBClient":
    """Returns a client without the SDK's retries, so that our code sees each fault."""
    return boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))


@contextmanager
def inject_faults(client: "DynamoDBClient", operation: str, *faults: Fault | None) -> Iterator[list[str]]:
    """Injects one fault into each of an operation's first requests; None lets a request pass.

    Yields a list that grows by the operation's name with each request.
    """
    requests: list[str] = []
    lock = threading.Lock()

    def inject(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        with lock:
            requests.append(operation)
            fault = faults[len(requests) - 1] if len(requests) <= len(faults) else None
        return fault(request) if fault else None

    with _hook(client, f"before-send.dynamodb.{operation}", inject):
        yield requests


@contextmanager
def leave_unprocessed(client: "DynamoDBClient", sizes: Iterable[int | None]) -> Iterator[list[int]]:
    """Cuts each BatchGetItem response to this many items, and returns the other keys as UnprocessedKeys.

    None, and any response after the last size, stays whole. Yields a list that grows by the number of unprocessed
    keys.
    """
    remaining_sizes, unprocessed = iter(sizes), list[int]()
    lock = threading.Lock()

    def cut(parsed: dict[str, Any], **_: Any) -> None:
        with lock:
            size = next(remaining_sizes, None)
            rest = {name: items[size:] for name, items in parsed["Responses"].items() if size is not None}
            unprocessed.append(sum(map(len, rest.values())))
        for name, items in rest.items():
            del parsed["Responses"][name][size:]
            keys = [{"pk": item["pk"], "sk": item["sk"]} for item in items]
            parsed["UnprocessedKeys"] |= {name: {"Keys": keys, "ConsistentRead": True}} if keys else {}

    with _hook(client, "after-call.dynamodb.BatchGetItem", cut):
        yield unprocessed


@contextmanager
def _hook(client: "DynamoDBClient", event: str, hook: Callable[..., Any]) -> Iterator[None]:
    events: Any = client.meta.events
    events.register(event, hook)
    try:
        yield
    finally:
        events.unregister(event, hook)


def lose_response(request: AWSPreparedRequest) -> AWSResponse | None:
    """Sends the request, which takes effect, and times out instead of returning the response."""
    session = URLLib3Session()
    session.send(request).raw.close()
    session.close()
    raise ReadTimeoutError(endpoint_url=request.url)


def lose_request(request: AWSPreparedRequest) -> AWSResponse | None:
    """Times out without sending the request."""
    raise ReadTimeoutError(endpoint_url=request.url)


def refuse_connection(request: AWSPreparedRequest) -> AWSResponse | None:
    """Fails to connect."""
    raise EndpointConnectionError(endpoint_url=request.url)


def error_response(
    code: str, status: int = 400, reasons: Sequence[str] = (), item: Item | None = None
) -> Fault:
    """Returns a fault that responds with a DynamoDB error; without a code, with a proxy's empty body.

    `reasons` are the cancellation reasons of a transaction, one per write; `item` is the stored item where a
    condition failed.
    """
    body: dict[str, Any] = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "Message": "injected"}
    if reasons:
        failed = {"Item": item} if item else {}
        body["CancellationReasons"] = [{"Code": r, **(failed if "Failed" in r else {})} for r in reasons]

    def fault(request: AWSPreparedRequest) -> AWSResponse:
        raw = _Raw(json.dumps(body).encode() if code else b"")
        return AWSResponse(request.url, status, HTTPHeaders(), raw)

    return fault


class _Raw:
    """A response body with the part of urllib3's interface that botocore uses."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        """Yields the body."""
        yield self._body
