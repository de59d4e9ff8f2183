"""The gate: API Gateway's authorizer, which says who calls, and the one place that says whether they may.

Whom the authorizer does not know it denies: the gateway's own answer to that is the 401 of infra/template.yaml, with
the header WWW-Authenticate, which it lets no function send. Who has tried too often passes, to be told until when.
"""

from collections.abc import Mapping
from typing import Any, cast

from aws_lambda_powertools import Logger
from chalice.app import AuthRequest, AuthResponse, Blueprint

from chalicelib.errors import TooManyAttempts, Unauthorized
from chalicelib.services import services

CACHED_SECONDS = 60  # as long as the gateway may keep an answer: what was revoked works so much longer
READING = {"GET", "HEAD"}  # methods that change nothing
gate = Blueprint(__name__)
log = Logger()


class AuthorizerRequest(AuthRequest):
    """Whose credentials these are: the Authorization header, and the IP address it came from."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        headers = {name.lower(): value for name, value in event["headers"].items()}
        super().__init__(event["type"], headers.get("authorization", ""), event["methodArn"])
        self.source = event["requestContext"]["identity"]["sourceIp"]


@gate.authorizer(ttl_seconds=CACHED_SECONDS, name="authorize")
def authorize(request: AuthorizerRequest) -> AuthResponse:
    """Who sends this Authorization header from this address: the gateway keeps the answer, for all routes."""
    try:
        caller = services().authenticator.authenticate(request.token, request.source)
    except Unauthorized as error:
        log.info("authorize", caller=None, user=error.user)
        return AuthResponse([], "nobody")
    except TooManyAttempts as error:
        log.warning("authorize", caller=None, too_many=True)
        return AuthResponse(["*"], "nobody", {"too_many_until": str(error.until)})
    log.info("authorize", caller=str(caller))
    return AuthResponse(["*"], str(caller), {"caller": caller.model_dump_json()})


# Chalice knows authorizers that are given a header alone; infra/template.yaml makes this one's whole request known.
cast("Any", authorize)._transform_event = AuthorizerRequest  # noqa: SLF001
