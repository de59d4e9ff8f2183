"""Requests as API Gateway sends them to a function (REST API, proxy integration, payload version 1.0)."""

import json
from types import SimpleNamespace
from typing import Any

CONTEXT = SimpleNamespace(  # the attributes that the frameworks read
    aws_request_id="00000000-0000-4000-8000-000000000000",
    function_name="bench",
    function_version="1",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:bench",
)
CALLER = {"kind": "token", "name": "bench", "groups": ["editors"]}


def get_one(account_id: str, number: int) -> dict[str, Any]:
    """Returns the request for the member that `post` creates with this number."""
    resource = "/accounts/{account_id}/members/{client_member_id}"
    values = {"account_id": account_id, "client_member_id": _client_member_id(number)}
    return _event("GET", resource, path_parameters=values)


def get_page(account_id: str, limit: int) -> dict[str, Any]:
    """Returns the request for the first page of an account's members."""
    return _event("GET", "/members", query={"account_id": account_id, "limit": str(limit)})


def post(account_id: str, number: int) -> dict[str, Any]:
    """Returns the request that creates a member; a number names one member of the account."""
    member = {
        "account_id": account_id,
        "client_member_id": _client_member_id(number),
        "first_name": "Ralph",
        "last_name": f"Mouse {number * 7919 % 10_000:04}",
        "phone_number": f"(201) {number // 10_000:03}-{number % 10_000:04}",
    }
    return _event("POST", "/members", body=json.dumps(member))


def _client_member_id(number: int) -> str:
    return f"{number:07}"


def _event(
    method: str,
    resource: str,
    *,
    path_parameters: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    body: str | None = None,
) -> dict[str, Any]:
    path = resource.format(**path_parameters or {})
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "Host": "api.example.com",
        "User-Agent": "bench",
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": query and {name: [value] for name, value in query.items()},
        "pathParameters": path_parameters,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "path": f"/api{path}",
            "httpMethod": method,
            "stage": "api",
            "requestId": CONTEXT.aws_request_id,
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "bench"},
            "authorizer": {"principalId": "token:bench", "caller": json.dumps(CALLER)},
        },
        "body": body,
        "isBase64Encoded": False,
    }
