"""`chalice local`, with the gateway's own answers as API Gateway gives them: GatewayResponses in template.yaml.

Chalice's are of another shape, an unknown path is forbidden there, and an authorizer that fails ends the connection.
"""

import traceback
import uuid
from typing import Any

from chalice import local
from chalice.cli import main as chalice_cli

from infra.package import source_template


class Gateway(local.LocalGateway):
    """Chalice's gateway, with our answers."""

    def handle_request(self, method: str, path: str, headers: Any, body: bytes | None) -> dict[str, Any]:
        """The answer to a request."""
        try:
            answer: dict[str, Any] = super().handle_request(method, path, headers, body)
        except local.NotAuthorizedError:
            return _gateway_response("UNAUTHORIZED")
        except local.ForbiddenError:  # the authorizer lets everybody pass, so it is a path that nobody knows
            return _gateway_response("MISSING_AUTHENTICATION_TOKEN")
        except Exception:
            traceback.print_exc()
            return _gateway_response("AUTHORIZER_FAILURE")
        return answer


def _gateway_response(kind: str) -> dict[str, Any]:
    response = source_template()["Resources"]["RestAPI"]["Properties"]["GatewayResponses"][kind]
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
    chalice_cli()
