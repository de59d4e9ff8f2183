"""Grants of groups, and the accounts and requirements that they cover."""

import pytest

from chalicelib.access.model import BUILT_IN, Group, Groups
from chalicelib.access.permissions import ALL_ACCOUNTS, Grants, granted_scope
from chalicelib.errors import Forbidden
from chalicelib.scope import Scope


def group(name: str, accounts: object, *permissions: str) -> Group:
    return Group.model_validate({"name": name, "permissions": permissions, "accounts": accounts})


def test_grants_combine_by_permission_and_account() -> None:
    by_name = {
        "one": group("one", ["1"], "members:read", "members:write"),
        "two": group("two", ["2", "3"], "members:read"),
        "all": group("all", ALL_ACCOUNTS, "imports:read"),
    }
    groups = Groups(by_name, revision=0)
    assert groups.grants_of(["one", "two"]) == {
        "members:read": ["1", "2", "3"],
        "members:write": ["1"],  # an editor of account 1 can only read account 2
    }
    assert groups.grants_of(["all", "one"])["imports:read"] == ALL_ACCOUNTS
    assert groups.grants_of(["deleted"]) == {}


def test_caller_has_only_granted_permissions() -> None:
    grants: Grants = {"members:read": ["1"], "imports:read": ALL_ACCOUNTS}
    assert granted_scope(grants, "members:read").accounts == frozenset("1")
    assert granted_scope(grants, "imports:read").accounts is None
    for permission in ("members:write", "imports:write", "access:admin"):
        with pytest.raises(Forbidden):
            granted_scope(grants, permission)


def test_group_without_accounts_grants_nothing() -> None:
    grants = Groups({"none": group("none", [], "members:read")}, revision=0).grants_of(["none"])
    with pytest.raises(Forbidden):
        granted_scope(grants, "members:read")


def test_scope_covers_only_its_accounts() -> None:
    scope = Scope(frozenset({"1", "2"}))
    assert scope.covers(["1"])
    assert not scope.covers(["1", "3"])
    assert not scope.covers(None)  # all accounts
    assert Scope().covers(None)
    with pytest.raises(Forbidden):
        scope.require("3")


def test_built_in_groups_are_admins_editors_and_viewers() -> None:
    assert set(BUILT_IN) == {"admins", "editors", "viewers"}
    assert "access:admin" in BUILT_IN["admins"].permissions
    assert not {p for p in BUILT_IN["viewers"].permissions if p.endswith(("write", "admin"))}
    assert "access:admin" not in BUILT_IN["editors"].permissions
