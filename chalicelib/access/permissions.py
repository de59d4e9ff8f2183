"""Permissions, and the accounts for which a caller has them. Pure."""

from typing import Literal, TypeAlias

from pydantic import BaseModel

from chalicelib.errors import Forbidden
from chalicelib.scope import Scope

Permission = Literal[
    "members:read",
    "members:write",
    "members:erase",
    "members:export",
    "imports:read",
    "imports:write",
    "imports:approve",
    "access:admin",
]
Requirement = Permission | Literal["signed in"]
AUTHENTICATED: Requirement = "signed in"  # valid credentials, but no particular permission
RECENT_SECONDS = 15 * 60
ALL_ACCOUNTS: Literal["*"] = "*"
Grants: TypeAlias = dict[Permission, list[str] | Literal["*"]]  # account ids by permission


class Caller(BaseModel, defer_build=True):
    """The user or token that sends a request, and the groups that it is in.

    `sso` is somebody who has a token of the issuer of single sign-on. `session` names the session that authenticated
    the request, None for a password or a token. `credential_version` is that of the user who was authenticated, else
    0. `password_at` is when the password was checked that authenticated the request or started its session, or when
    the issuer says that the person has signed in, in seconds since the epoch; None for a token.
    """

    kind: Literal["user", "token", "sso"]
    name: str
    groups: list[str] = []
    session: str | None = None
    credential_version: int = 0
    password_at: int | None = None

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    def require_password(self) -> None:
        """Raises Forbidden if a token or a session authenticated the request."""
        if self.kind != "user" or self.session:
            raise Forbidden(
                "Send your user name and password with this request, not a token.", code="password_needed"
            )

    def require_recent_password(self, moment: float) -> None:
        """Raises Forbidden for a person who has signed in too long ago: the session may be somebody else's.

        A token has no password: whoever gives a machine `access:admin` lets it grant access.
        """
        if self.kind != "token" and (self.password_at is None or moment - self.password_at > RECENT_SECONDS):
            needed = "password" if self.kind == "user" else "sign-in"
            detail = f"Sign in again: granting access needs a {needed} of the last 15 minutes."
            raise Forbidden(detail, code="recent_password_needed")


def granted_scope(grants: Grants, requirement: Requirement) -> Scope:
    """Returns the accounts for which these grants meet a requirement. Raises Forbidden for no account."""
    if requirement == AUTHENTICATED:
        return Scope()
    accounts = next((found for name, found in grants.items() if name == requirement), None)
    if not accounts:
        raise Forbidden(f"This request requires the permission {requirement}.")
    return Scope(None if accounts == ALL_ACCOUNTS else frozenset(accounts))
