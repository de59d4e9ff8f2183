"""Permissions, and what a caller may do. Pure."""

from typing import Literal

from pydantic import BaseModel

from chalicelib.errors import Forbidden
from chalicelib.scope import Scope

Permission = Literal["members:read", "members:write", "imports:read", "imports:write", "access:admin"]
Requirement = Permission | Literal["signed in", "public"]
SIGNED_IN: Requirement = "signed in"  # what a route may need besides a permission
PUBLIC: Requirement = "public"
ALL_ACCOUNTS: Literal["*"] = "*"


class Caller(BaseModel):
    """Who makes a request, and what it was granted: accounts by permission.

    `session` is the id of the session that it is in, `epoch` that of the password it came with.
    """

    kind: Literal["user", "token"]
    name: str
    grants: dict[Permission, list[str] | Literal["*"]]
    session: str | None = None
    epoch: int = 0

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    def require_password(self) -> None:
        """Raises Forbidden for a token or a session: this is for who sends a name and a password along."""
        if self.kind != "user" or self.session:
            raise Forbidden("This needs your name and password.", code="password_needed")

    def scope(self, need: Requirement) -> Scope:
        """The accounts for which the caller may do this. Raises Forbidden where there is none."""
        if need in (SIGNED_IN, PUBLIC):
            return Scope()
        accounts = next((found for permission, found in self.grants.items() if permission == need), None)
        if not accounts:
            raise Forbidden(f"This needs the permission {need}.")
        return Scope(None if accounts == ALL_ACCOUNTS else frozenset(accounts))
