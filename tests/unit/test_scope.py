"""A scope allows its own accounts only."""

import pytest

from chalicelib.errors import Forbidden
from chalicelib.scope import Scope

TWO = Scope(frozenset({"1", "2"}))


def test_scope_includes_its_accounts_only() -> None:
    assert TWO.includes("1")
    assert not TWO.includes("3")
    assert Scope().includes("3")


def test_other_account_is_forbidden() -> None:
    TWO.require("2")
    with pytest.raises(Forbidden) as error:
        TWO.require("3")
    assert error.value.code == "account_forbidden"


@pytest.mark.parametrize(
    ("accounts", "covered"),
    [({"1"}, True), ({"1", "2"}, True), (set(), True), ({"2", "3"}, False), (None, False)],
)
def test_scope_covers_subsets_of_its_accounts(accounts: set[str] | None, covered: bool) -> None:  # noqa: FBT001
    assert TWO.covers(accounts) == covered
    assert Scope().covers(accounts)
