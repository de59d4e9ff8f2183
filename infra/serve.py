"""`chalice local`, with the gateway's own answers as API Gateway gives them: GatewayResponses in template.yaml.

Chalice's are of another shape, an unknown path is forbidden there, and an authorizer that fails ends the connection.
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
    """Chalice's gateway, with our answers."""

    def handle_request(self, method: str, path: str, headers: Any, body: bytes | None) -> dict[str, Any]:
        """The answer to a request; to HEAD it has no body, whoever gives it."""
        answer = self._answer(method, path, headers, body)
        if method != "HEAD" or not answer["body"]:
            return answer
        length = str(len(answer["body"].encode()))
        return {**answer, "headers": {**answer["headers"], "Content-Length": length}, "body": ""}

    def _answer(self, method: str, path: str, headers: Any, body: bytes | None) -> dict[str, Any]:
        start, mark, query = path.partition("?")
        path = (
            start.replace(";", "%3B") + mark + query
        )  # chalice would take what follows it for no part of the path
        try:
            answer: dict[str, Any] = super().handle_request(method, path, headers, body)
            return _compressed(answer, headers)
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
        except ValueError:  # chalice would refuse the credentials, as API Gateway does without our responses
            raise UnknownPathError from None


@cache
def _api() -> dict[str, Any]:
    """What the template says of the API."""
    properties: dict[str, Any] = source_template()["Resources"]["RestAPI"]["Properties"]
    return properties


def _compressed(answer: dict[str, Any], headers: Any) -> dict[str, Any]:
    """The answer, compressed as the gateway does it for who accepts that."""
    accepted = {name.lower(): value for name, value in headers.items()}.get("accept-encoding", "")
    body = answer["body"]
    least = _api()["MinimumCompressionSize"]
    if not isinstance(body, str) or len(body) < least or "gzip" not in accepted:
        return answer
    packed = base64.b64encode(gzip.compress(body.encode())).decode()
    return {
        **answer,
        "headers": {**answer["headers"], "Content-Encoding": "gzip"},
        "body": packed,
        "isBase64Encoded": True,
    }


def _gateway_response(kind: str) -> dict[str, Any]:
    response = _api()["GatewayResponses"][kind]
    headers = {name: value.strip("'") for name, value in response["ResponseParameters"]["Headers"].items()}
    text = response["ResponseTemplates"]["application/json"].replace("$context.requestId", str(uuid.uuid4()))
    return {
        "statusCode": response["StatusCode"],
        "headers": headers,
        "multiValueHeaders": {},
        "body": text,
    }


def _send(handler: Any, status: int, headers: dict[str, Any], body: str | bytes) -> None:
    """Sends an answer. Chalice would add a second Content-Length to the answer to HEAD."""
    content = body if isinstance(body, bytes) else body.encode()
    defaults = {"Content-Length": str(len(content)), "Content-Type": "application/json"}
    handler.send_response(status)
    handler._send_headers({**defaults, **headers})  # noqa: SLF001
    handler.wfile.write(content)


def main() -> None:
    """Runs chalice's command line."""
    local.LocalGateway = Gateway  # type: ignore[misc]
    # Its lines hold paths and queries, and those members' ids and phone numbers. Ours say what happened.
    local.ChaliceRequestHandler.log_message = lambda *_: None
    local.ChaliceRequestHandler._send_http_response_with_body = _send  # type: ignore[assignment,method-assign]  # noqa: SLF001
    chalice_cli()
