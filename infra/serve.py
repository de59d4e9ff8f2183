"""`chalice local` with the gateway responses of the deployed API: GatewayResponses in template.yaml.

Chalice's own have another shape. It responds 403 to unknown paths and closes the connection when an authorizer fails.
"""

import base64
import gzip
import traceback
import uuid
from functools import cache
from typing import Any

from chalice import local
from chalice.cli import main as chalice_cli

from infra.package import source_template


class UnknownPathError(Exception):
    """No route has this path."""


class Gateway(local.LocalGateway):
    """Chalice's local gateway, with the template's gateway responses."""

    def handle_request(self, method: str, path: str, headers: Any, body: bytes | None) -> dict[str, Any]:
        """Returns the response to a request; responses to HEAD have no body."""
        response = self._respond(method, path, headers, body)
        if method != "HEAD" or not response["body"]:
            return response
        length = str(len(response["body"].encode()))
        return {**response, "headers": {**response["headers"], "Content-Length": length}, "body": ""}

    def _respond(self, method: str, path: str, headers: Any, body: bytes | None) -> dict[str, Any]:
        start, mark, query = path.partition("?")
        path = start.replace(";", "%3B") + mark + query  # chalice drops what follows a semicolon in a path
        try:
            response: dict[str, Any] = super().handle_request(method, path, headers, body)
            return _compressed(response, headers)
        except local.NotAuthorizedError:
            return _gateway_response("UNAUTHORIZED")
        except local.ForbiddenError:
            return _gateway_response("ACCESS_DENIED")
        except UnknownPathError:
            return _gateway_response("MISSING_AUTHENTICATION_TOKEN")
        except Exception:
            traceback.print_exc()
            return _gateway_response("AUTHORIZER_FAILURE")

    def _generate_lambda_event(self, method: str, path: str, headers: Any, body: bytes | None) -> Any:
        try:
            return super()._generate_lambda_event(method, path, headers, body)
        except ValueError:  # chalice raises it for unknown paths
            raise UnknownPathError from None


@cache
def _api() -> dict[str, Any]:
    """Returns the API's properties in the template."""
    properties: dict[str, Any] = source_template()["Resources"]["RestAPI"]["Properties"]
    return properties


def _compressed(response: dict[str, Any], headers: Any) -> dict[str, Any]:
    """Returns the response, compressed as API Gateway does it for clients that accept gzip."""
    accepted = {name.lower(): value for name, value in headers.items()}.get("accept-encoding", "")
    body = response["body"]
    minimum = _api()["MinimumCompressionSize"]
    if not isinstance(body, str) or len(body) < minimum or "gzip" not in accepted:
        return response
    compressed = base64.b64encode(gzip.compress(body.encode())).decode()
    return {
        **response,
        "headers": {**response["headers"], "Content-Encoding": "gzip"},
        "body": compressed,
        "isBase64Encoded": True,
    }


def _gateway_response(kind: str) -> dict[str, Any]:
    """Returns the gateway response of a type such as UNAUTHORIZED."""
    response = _api()["GatewayResponses"][kind]
    request_id = str(uuid.uuid4())
    mapped = response["ResponseParameters"]["Headers"]
    headers = {
        name: request_id if value == "context.requestId" else value.strip("'")
        for name, value in mapped.items()
    }
    text = response["ResponseTemplates"]["application/json"].replace("$context.requestId", request_id)
    return {
        "statusCode": response["StatusCode"],
        "headers": headers,
        "multiValueHeaders": {},
        "body": text,
    }


def _send(handler: Any, status: int, headers: dict[str, Any], body: str | bytes) -> None:
    """Sends a response. Chalice's own method adds a second Content-Length to responses to HEAD."""
    content = body if isinstance(body, bytes) else body.encode()
    defaults = {"Content-Length": str(len(content)), "Content-Type": "application/json"}
    handler.send_response(status)
    handler._send_headers({**defaults, **headers})  # noqa: SLF001 - chalice local has no other way
    handler.wfile.write(content)


def main() -> None:
    """Runs Chalice's command line."""
    local.LocalGateway = Gateway  # type: ignore[misc]
    # Its log lines hold paths and queries, with members' ids and phone numbers.
    local.ChaliceRequestHandler.log_message = lambda *_: None
    local.ChaliceRequestHandler._send_http_response_with_body = _send  # type: ignore[assignment,method-assign]  # noqa: SLF001
    chalice_cli()
