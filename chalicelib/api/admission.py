"""Decides whether a caller may make a request."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalice.app import Request

from chalicelib.access.permissions import AUTHENTICATED, Caller, Requirement, granted_scope
from chalicelib.errors import Forbidden, TooManyAttempts, Unauthorized
from chalicelib.scope import Scope
from chalicelib.services import services
from chalicelib.timed_ids import new_timed_id

if TYPE_CHECKING:
    from chalicelib.replies import Attempt

SAFE_METHODS = {"GET", "HEAD"}
CROSS_ORIGIN = {"cross-site", "same-site"}  # values of Sec-Fetch-Site


@dataclass(frozen=True, slots=True)
class Admission:
    """The caller of an admitted request, and the accounts that the request may access.

    `attempt` is that of a request with an Idempotency-Key. `members` are the hashes of the members that the request
    has shown, changed or named, for its line in the log.
    """

    caller: Caller
    scope: Scope
    attempt: "Attempt | None" = None
    members: list[str] = field(default_factory=list)

    @property
    def by(self) -> str:
        """Returns the caller's name for `created_by`, such as "user:ann"."""
        return str(self.caller)

    @property
    def repeated(self) -> bool:
        """Returns whether the request may have taken effect before: its key is that of one that died."""
        return self.attempt is not None and self.attempt.repeated

    def note_members(self, *member_ids: str) -> None:
        """Notes members whom the request shows, changes or names. Raises Busy: no request goes unnoticed."""
        self.members.extend(services().member_hashes.of(member_ids))

    def new_id(self) -> str:
        """Returns an id for the import or export that the request starts; a repeated request gets the same one."""
        return self.attempt.new_id() if self.attempt else new_timed_id()


def admit(request: Request, requirement: Requirement) -> Admission:
    """Returns the admission of a request. Raises Unauthorized, TooManyAttempts, Forbidden."""
    if request.method not in SAFE_METHODS and _is_cross_origin(request):
        # Browsers add stored Basic credentials to requests that another site makes.
        raise Forbidden("Requests from other sites may not change anything.", code="cross_site")
    authorized = request.context.get("authorizer") or {}
    if "too_many_until" in authorized:
        raise TooManyAttempts(float(authorized["too_many_until"]))
    if "caller" not in authorized:
        raise Unauthorized
    caller = Caller.model_validate_json(authorized["caller"])
    return Admission(caller, caller_scope(caller, requirement))


def _is_cross_origin(request: Request) -> bool:
    """Returns whether a page of another origin made a browser send a request.

    Browsers say so by Sec-Fetch-Site; those before 2023, and over HTTP, by the origin alone, which has another host
    behind some proxies. So it counts for passwords only, which a browser adds by itself, unlike tokens; and not for
    the start of a session, which the other page cannot read.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None or origin is None:
        return site in CROSS_ORIGIN
    by_password = str(request.headers.get("authorization", "")).lower().startswith("basic ")
    starts_session = request.context["resourcePath"] == "/sessions"
    foreign = str(origin).partition("://")[2] != request.headers.get("host")
    return foreign and by_password and not starts_session


def caller_scope(caller: Caller, requirement: Requirement) -> Scope:
    """Returns the accounts for which a caller meets a requirement. Raises Forbidden for no account."""
    needs_groups = requirement != AUTHENTICATED
    grants = services().group_cache.grants_of(caller.groups) if needs_groups else {}
    return granted_scope(grants, requirement)
