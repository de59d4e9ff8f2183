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


class Gateway(local.LocalGateway):
    """Chalice's gateway, with our answers."""

    def handle_request(self, method: str, path: str, headers: Any, body: bytes | None) -> dict[str, Any]:
        """The answer to a request."""
        start, mark, query = path.partition("?")
        path = (
            start.replace(";", "%3B") + mark + query
        )  # chalice would take what follows it for no part of the path
        try:
            answer: dict[str, Any] = super().handle_request(method, path, headers, body)
            return _compressed(answer, headers)
        except local.NotAuthorizedError:
            return _gateway_response("UNAUTHORIZED")
        except local.ForbiddenError as error:
            unknown = b"Missing Authentication Token" in (error.body or b"")
            return _gateway_response("MISSING_AUTHENTICATION_TOKEN" if unknown else "ACCESS_DENIED")
        except Exception:
            traceback.print_exc()
            return _gateway_response("AUTHORIZER_FAILURE")


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


def main() -> None:
    """Runs chalice's command line."""
    local.LocalGateway = Gateway  # type: ignore[misc]
    # Its lines hold paths and queries, and those members' ids and phone numbers. Ours say what happened.
    local.ChaliceRequestHandler.log_message = lambda *_: None
    chalice_cli()
