"""API Gateway's authorizer: authenticates the caller of a request.

Unknown callers are denied: the gateway then sends the 401 of infra/template.yaml, because it renames
the header WWW-Authenticate of a function's response. Callers with too many attempts pass, so that the route can
answer 429 with Retry-After; in a flood of them they are denied too, which spares the call of the API function.
"""

from collections.abc import Mapping
from typing import Any, cast

from aws_lambda_powertools import Logger
from chalice.app import AuthRequest, AuthResponse, Blueprint

from chalicelib.errors import TooManyAttempts, Unauthorized, without_values
from chalicelib.services import services

CACHED_SECONDS = 60  # the gateway caches each result this long, so a revoked caller keeps access this long
authorizer = Blueprint(__name__)
log = Logger()


class AuthorizerRequest(AuthRequest):
    """The Authorization header of a request (`token`), its headers, and the IP address that sent it (`source`)."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        headers = {name.lower(): value for name, value in event["headers"].items()}
        super().__init__(event["type"], headers.get("authorization", ""), event["methodArn"])
        self.headers = headers
        self.source = event["requestContext"]["identity"]["sourceIp"]


@authorizer.authorizer(ttl_seconds=CACHED_SECONDS, name="authorize")
def authorize(request: AuthorizerRequest) -> AuthResponse:
    """Returns the caller in the response's context, for all routes: the gateway caches it for all of them."""
    from chalicelib.access.networks import (
        client_address,  # the API function imports this module, and needs no address
    )

    try:
        source = client_address(request.headers, request.source, services().settings.proxy_digest)
        caller = services().authenticator.authenticate(request.token, source)
    except Unauthorized as error:
        refusal = {"sso": error.reason} if error.reason else {"user": error.user}
        if error.to_log:  # in a flood not each: its lines would cost more than the calls
            log.info("authorize", caller=None, refusals=error.to_log, **refusal)
        return AuthResponse([], "nobody")
    except TooManyAttempts as error:
        if error.to_log:
            log.warning("authorize", caller=None, refusals=error.to_log, too_many=True)
        if error.flood:
            return AuthResponse([], "nobody")
        return AuthResponse(["*"], "nobody", {"too_many_until": str(error.until)})
    except Exception as error:
        raise without_values(error) from None
    log.info("authorize", caller=str(caller))
    return AuthResponse(["*"], str(caller), {"caller": caller.model_dump_json()})


# Chalice supports TOKEN authorizers only; template.yaml makes this a REQUEST authorizer.
cast("Any", authorize)._transform_event = AuthorizerRequest  # noqa: SLF001 - Chalice has no option for it
