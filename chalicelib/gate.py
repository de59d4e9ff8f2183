"""The gate: API Gateway's authorizer, which says who calls, and the one place that says whether they may.

The authorizer turns nobody away: it could say neither 401 with its reason nor 429. Whoever it does not know goes on
without a caller, and without one there is no route but the public ones.
"""

from functools import cache
from typing import cast

from aws_lambda_powertools import Logger
from chalice.app import AuthRequest, AuthResponse, Blueprint, Request

from .access import PUBLIC, Caller, Need, Scope
from .config import dynamodb, settings
from .errors import TooManyAttempts, Unauthorized
from .login import Login

CACHED_SECONDS = 60  # as long as the gateway may keep an answer: what was revoked works so much longer

gate = Blueprint(__name__)
log = Logger()


@cache
def login() -> Login:
    """The credentials, read with the first request that needs them."""
    return Login(dynamodb(), settings().table_name)


@gate.authorizer(ttl_seconds=CACHED_SECONDS, name="authorize")
def authorize(request: AuthRequest) -> AuthResponse:
    """Who sends this Authorization header, for every route: the gateway keeps the answer for all of them."""
    try:
        caller = login().caller(request.token)
    except Unauthorized:
        log.info("authorize", caller=None)
        return AuthResponse(["*"], "nobody")
    except TooManyAttempts as error:
        log.warning("authorize", caller=None, too_many=True)
        return AuthResponse(["*"], "nobody", {"too_many_until": str(error.until)})
    log.info("authorize", caller=str(caller))
    return AuthResponse(["*"], str(caller), {"caller": caller.model_dump_json()})


def admit(request: Request, need: Need) -> None:
    """Lets a request pass that may do what its route needs. Raises Unauthorized, TooManyAttempts, Forbidden."""
    if need == PUBLIC:
        return
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
