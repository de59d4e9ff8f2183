"""Groups in the table."""

import json
from collections.abc import Callable

import pytest

from chalicelib import config
from chalicelib.access.items import REVISION_KEY
from chalicelib.access.model import BUILT_IN, GroupChanges, NewGroup, NewToken
from chalicelib.access.permissions import ALL_ACCOUNTS
from chalicelib.errors import Conflict, Invalid, NotFound, PreconditionFailed
from chalicelib.preconditions import Precondition
from chalicelib.services import Services

NEVER = Precondition(if_match=frozenset({'"0-0"'}))


def test_new_deployment_has_built_in_groups_only(fresh: Services) -> None:
    assert {group.name: group for group in fresh.groups.page(10)} == BUILT_IN
    assert not fresh.users.page(10)
    assert not fresh.tokens.page(10)


def test_group_is_created_changed_and_deleted(fresh: Services) -> None:
    groups = fresh.groups
    clinic = groups.create(NewGroup(name="clinic", permissions=["members:read"], accounts=["7"]))
    assert groups.get("clinic") == clinic
    with pytest.raises(Conflict, match="A group of this name exists already"):
        groups.create(NewGroup(name="clinic", permissions=[], accounts=ALL_ACCOUNTS))
    changed = groups.change("clinic", GroupChanges(accounts=["7", "8"]))
    assert (changed.accounts, changed.permissions, changed.version) == (["7", "8"], ["members:read"], 2)
    with pytest.raises(PreconditionFailed):
        groups.change("clinic", GroupChanges(accounts=ALL_ACCOUNTS), NEVER)

    fresh.tokens.create(NewToken(name="sync", groups=["clinic"]))
    with pytest.raises(Conflict) as error:
        groups.delete("clinic")
    assert error.value.code == "group_in_use"
    fresh.tokens.revoke("sync")
    groups.delete("clinic")
    with pytest.raises(NotFound):
        groups.get("clinic")
    assert {group.name for group in groups.page(10)} == set(BUILT_IN)


def test_groups_of_an_earlier_version_get_items_of_their_own(fresh: Services) -> None:
    """They were one item. It is read until the first change of a user, group or token."""
    listed = [{"name": f"g{n:03}", "permissions": ["members:read"], "accounts": [f"{n}"]} for n in range(200)]
    item = {**REVISION_KEY, "groups": {"S": json.dumps(listed)}, "revision": {"N": "7"}}
    config.dynamodb().put_item(TableName=fresh.settings.table_name, Item=item)
    groups = fresh.groups
    before = [groups.page(150), groups.page(150, "g149")]
    assert [group.name for page in before for group in page] == [one["name"] for one in listed]
    assert fresh.group_cache.grants_of(["g007", "g150", "viewers"]) == {"members:read": ["150", "7"]}

    assert groups.change("g007", GroupChanges(accounts=["seven"])).version == 2
    stored = fresh.table.get(REVISION_KEY)
    assert stored == {**REVISION_KEY, "revision": {"N": "11"}}  # three transactions have moved them
    assert groups.get("g199") == before[1][-1]
    assert groups.get("g007").accounts == ["seven"]
    assert len(groups.page(500)) == 200
    groups.delete("g000")
    with pytest.raises(NotFound):
        groups.get("g000")


def test_admin_groups_need_all_accounts(fresh: Services) -> None:
    """Admins can grant themselves any permission, so a limit to some accounts would protect nothing."""
    clinic = NewGroup(name="clinic", permissions=["access:admin"], accounts=["7"])
    writes: list[Callable[[], object]] = [
        lambda: fresh.groups.change("admins", GroupChanges(accounts=["7"])),
        lambda: fresh.groups.create(clinic),
    ]
    for write in writes:
        with pytest.raises(Invalid) as error:
            write()
        assert [e.code for e in error.value.errors] == ["every_account_needed"]
