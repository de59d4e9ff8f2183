"""Helpers for tests of the HTTP API: unique values, member bodies, imports, and replaced calls of DynamoDB."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSResponse, HTTPHeaders

from app import app
from chalicelib import config
from chalicelib.imports.records.model import Source
from chalicelib.preconditions import entity_tag

from .client import Http, Response
from .pipeline import Pipeline

PASSWORD = "correct horse battery"
HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"
ROUTES = sorted((method, path) for path, entries in app.routes.items() for method in entries)
RALPH = {
    "account_id": "nobody",
    "client_member_id": "nobody",
    "first_name": "Ralph",
    "last_name": "Mouse",
    "phone_number": "+13235551234",
}


def unique_name() -> str:
    """Returns a name that no other test uses."""
    return f"n-{uuid.uuid4().hex[:8]}"


def phone_of(account: str, number: int = 0) -> str:
    """Returns a phone number that no other test uses: a search by phone number covers all accounts."""
    return f"+1323{(int(account[4:16], 16) + number) % 10_000_000:07}"


def member_body(account: str, **changes: object) -> dict[str, object]:
    """Returns the body of a new member, with a client member id that no other test uses."""
    ids = {"account_id": account, "client_member_id": f"{account}-42"}
    return RALPH | ids | {"phone_number": phone_of(account)} | changes


def etag_of(member: dict[str, Any]) -> str:
    """Returns the ETag of a member that the API returned."""
    return entity_tag(member["version"], member["last_modified"])


def is_405(path: str, method: str) -> bool:
    """Returns whether a route only answers 405."""
    return bool(app.routes[path][method].view_name == "method_not_allowed")


def post_csv(http: Http, body: str | bytes, query: str = "", kind: str = "text/csv") -> Response:
    """Starts an import of the body."""
    return http.request("POST", f"/imports{query}", body, {"Content-Type": kind})


def finish_import(pipeline: Pipeline, shown: dict[str, Any]) -> dict[str, Any]:
    """Runs an uploaded import to its end, as the bucket's event and the queue would; returns it."""
    source = shown["source"]
    version = pipeline.latest_version(source["key"])
    stored = Source(bucket=source["bucket"], key=source["key"], version=version, size=source["size"])
    pipeline.split_object(stored, "unused")
    return pipeline.drain(shown["id"]).shown().model_dump()


@contextmanager
def replaced_calls(operation: str, replacement: Callable[..., Any]) -> Iterator[None]:
    """Calls `replacement` instead of an operation of DynamoDB, through botocore's own event."""
    events, name = config.dynamodb().meta.events, f"before-call.dynamodb.{operation}"
    events.register_first(name, replacement)
    try:
        yield
    finally:
        events.unregister(name, replacement)


def throttle(**_: object) -> Any:
    """Returns DynamoDB's response to a throttled request, for `replaced_calls`."""
    error = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return AWSResponse("", 400, HTTPHeaders(), None), error
