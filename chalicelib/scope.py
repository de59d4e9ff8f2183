"""The accounts that a caller may use."""

from collections.abc import Iterable
from typing import NamedTuple

from chalicelib.errors import Forbidden


class Scope(NamedTuple):
    """The accounts for which a caller meets a requirement; None means all accounts."""

    accounts: frozenset[str] | None = None

    def includes(self, account_id: str) -> bool:
        """Returns whether the account is in the scope."""
        return self.accounts is None or account_id in self.accounts

    def require(self, account_id: str) -> None:
        """Raises Forbidden for an account outside the scope, whether or not it has members."""
        if not self.includes(account_id):
            raise Forbidden(
                "You have no access to this account. Ask an admin to add it to one of your groups.",
                code="account_forbidden",
            )

    def covers(self, accounts: Iterable[str] | None) -> bool:
        """Returns whether all of these accounts are in the scope; None means all accounts."""
        return self.accounts is None or (accounts is not None and self.accounts.issuperset(accounts))


UNLIMITED = Scope()
