"""Decides whether a caller may make a request."""

from typing import cast

from chalice.app import Request

from chalicelib.access.permissions import PUBLIC, Caller, Requirement
from chalicelib.errors import Forbidden, TooManyAttempts, Unauthorized
from chalicelib.scope import Scope

from .authorizer import READING

CROSS_ORIGIN = {"cross-site", "same-site"}  # where a browser says that another page made it send a request


def admit(request: Request, need: Requirement) -> None:
    """Lets a request pass that may do what its route needs. Raises Unauthorized, TooManyAttempts, Forbidden."""
    if need == PUBLIC:
        return
    if request.method not in READING and request.headers.get("sec-fetch-site") in CROSS_ORIGIN:
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
