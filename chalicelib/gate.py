"""The gate: API Gateway's authorizer, which says who calls, and the one place that says whether they may.

Whom the authorizer does not know it denies: the gateway's own answer to that is the 401 of infra/template.yaml, with
the header WWW-Authenticate, which it lets no function send. Who has tried too often passes, to be told until when.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from aws_lambda_powertools import Logger
from chalice.app import AuthRequest, AuthResponse, Blueprint, Request

from .access import PUBLIC, Caller, Need, Scope
from .config import dynamodb, settings
from .errors import Forbidden, TooManyAttempts, Unauthorized
from .login import Login

CACHED_SECONDS = 60  # as long as the gateway may keep an answer: what was revoked works so much longer
ELSEWHERE = {"cross-site", "same-site"}  # where a browser says that another page made it send a request
READING = {"GET", "HEAD"}  # methods that change nothing

gate = Blueprint(__name__)
log = Logger()


@cache
def login() -> Login:
    """The credentials, read with the first request that needs them."""
    return Login(dynamodb(), settings().table_name)


class Asked(AuthRequest):
    """Whose credentials these are: the Authorization header, and the IP address it came from."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        headers = {name.lower(): value for name, value in event["headers"].items()}
        super().__init__(event["type"], headers.get("authorization", ""), event["methodArn"])
        self.source = event["requestContext"]["identity"]["sourceIp"]


@gate.authorizer(ttl_seconds=CACHED_SECONDS, name="authorize")
def authorize(request: Asked) -> AuthResponse:
    """Who sends this Authorization header from this address: the gateway keeps the answer, for all routes."""
    try:
        caller = login().caller(request.token, request.source)
    except Unauthorized as error:
        log.info("authorize", caller=None, user=error.user)
        return AuthResponse([], "nobody")
    except TooManyAttempts as error:
        log.warning("authorize", caller=None, too_many=True)
        return AuthResponse(["*"], "nobody", {"too_many_until": str(error.until)})
    log.info("authorize", caller=str(caller))
    return AuthResponse(["*"], str(caller), {"caller": caller.model_dump_json()})


# Chalice knows authorizers that are given a header alone; infra/template.yaml makes this one's whole request known.
cast("Any", authorize)._transform_event = Asked  # noqa: SLF001


def admit(request: Request, need: Need) -> None:
    """Lets a request pass that may do what its route needs. Raises Unauthorized, TooManyAttempts, Forbidden."""
    if need == PUBLIC:
        return
    if request.method not in READING and request.headers.get("sec-fetch-site") in ELSEWHERE:
        # A browser that has been asked for a password sends it along with whatever another site makes it send.
        raise Forbidden("Another site made your browser send this.", code="cross_site")
    said = request.context.get("authorizer") or {}
    if "too_many_until" in said:
        raise TooManyAttempts(float(said["too_many_until"]))
    if "caller" not in said:
        raise Unauthorized
    caller = Caller.model_validate_json(said["caller"])
    request.context["admitted"] = caller, caller.scope(need)


def caller_of(request: Request) -> Caller:
    """Who makes this request; only of one that was admitted."""
    return cast("Caller", request.context["admitted"][0])


def scope_of(request: Request) -> Scope:
    """The accounts that this request may be about."""
    return cast("Scope", request.context["admitted"][1])
