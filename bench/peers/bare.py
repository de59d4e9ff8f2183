"""Bare boto3: the least code that answers the three requests.

It does not validate, spell phone numbers in one form, check permissions, log, route by pattern, or send ETags.
"""

import json
from http import HTTPStatus
from typing import Any

from bench.peers import store
from bench.peers.store import client

__all__ = ["client", "handler"]


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answers a request of API Gateway."""
    if event["httpMethod"] == "POST":
        try:
            return _response(HTTPStatus.CREATED, store.create(json.loads(event["body"])))
        except store.TakenError:
            return _response(HTTPStatus.CONFLICT, {"detail": "taken"})
    if event["pathParameters"]:
        member = store.get(**event["pathParameters"])
        if member is None:
            return _response(HTTPStatus.NOT_FOUND, {"detail": "not found"})
        return _response(HTTPStatus.OK, member)
    query = event["queryStringParameters"]
    items, cursor = store.page(query["account_id"], int(query["limit"]), query.get("cursor"))
    return _response(HTTPStatus.OK, {"items": items, "next": cursor})


def _response(status: int, body: object) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body), "isBase64Encoded": False}
