"""Answers to AWS requests from botocore's event before-call, in place of the service's.

botocore does not retry them: what the caller does by itself shows.
"""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import orjson

Answer = tuple[Any, dict[str, Any]]  # as botocore expects them: (response with a status_code, parsed body)


def request_body(params: Mapping[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    """Returns the JSON body of a request, parsed once."""
    if "parsed_body" not in context:
        context["parsed_body"] = orjson.loads(params["body"])
    body: dict[str, Any] = context["parsed_body"]
    return body


def success(**fields: Any) -> Answer:
    """Returns a response with these fields."""
    return _answer(200, fields)


def failure(code: str, status: int = 400, **fields: Any) -> Answer:
    """Returns an error, with more fields beside it."""
    return _answer(status, {"Error": {"Code": code, "Message": "the model's"}, **fields})


def cancelled(reasons: Sequence[Mapping[str, Any]]) -> Answer:
    """Returns the cancellation of a transaction, with one reason for each item."""
    return failure("TransactionCanceledException", CancellationReasons=list(reasons))


def _answer(status: int, fields: dict[str, Any]) -> Answer:
    metadata = {"HTTPStatusCode": status, "RetryAttempts": 0, "HTTPHeaders": {}}
    return SimpleNamespace(status_code=status), {**fields, "ResponseMetadata": metadata}
