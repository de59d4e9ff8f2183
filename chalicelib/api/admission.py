"""Decides whether a caller may make a request."""

from dataclasses import dataclass

from chalice.app import Request

from chalicelib.access.permissions import Caller, Requirement
from chalicelib.errors import Forbidden, TooManyAttempts, Unauthorized
from chalicelib.scope import Scope

SAFE_METHODS = {"GET", "HEAD"}
CROSS_ORIGIN = {"cross-site", "same-site"}  # values of Sec-Fetch-Site


@dataclass(frozen=True, slots=True)
class Admission:
    """The caller of an admitted request, and the accounts that the request may access.

    `repeated` says that the request may have taken effect before: it carries the Idempotency-Key of one that died.
    """

    caller: Caller
    scope: Scope
    repeated: bool = False

    @property
    def by(self) -> str:
        """Returns the caller's name for `created_by`, such as "user:ann"."""
        return str(self.caller)


def admit(request: Request, requirement: Requirement) -> Admission:
    """Returns the admission of a request. Raises Unauthorized, TooManyAttempts, Forbidden."""
    if request.method not in SAFE_METHODS and request.headers.get("sec-fetch-site") in CROSS_ORIGIN:
        # Browsers add stored Basic credentials to requests that another site makes.
        raise Forbidden("Requests from other sites may not change anything.", code="cross_site")
    authorized = request.context.get("authorizer") or {}
    if "too_many_until" in authorized:
        raise TooManyAttempts(float(authorized["too_many_until"]))
    if "caller" not in authorized:
        raise Unauthorized
    caller = Caller.model_validate_json(authorized["caller"])
    return Admission(caller, caller.scope(requirement))
