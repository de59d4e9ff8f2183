"""The accounts that a caller may name."""

from collections.abc import Iterable
from typing import NamedTuple

from chalicelib.errors import Forbidden


class Scope(NamedTuple):
    """The accounts that a caller may name in what it is about to do; None is all of them."""

    accounts: frozenset[str] | None = None

    def includes(self, account_id: str) -> bool:
        """Whether this is one of them."""
        return self.accounts is None or account_id in self.accounts

    def require(self, account_id: str) -> None:
        """Raises Forbidden for any other account, whether it has members or not."""
        if not self.includes(account_id):
            raise Forbidden("You have no access to this account.", code="account_forbidden")

    def covers(self, accounts: Iterable[str] | None) -> bool:
        """Whether all of these are among them; None is all accounts there are."""
        return self.accounts is None or (accounts is not None and self.accounts.issuperset(accounts))
