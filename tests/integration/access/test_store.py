"""Users, groups and tokens in the table, and the rules among them, under concurrency too."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib import config
from chalicelib.access.grants import BUILT_IN
from chalicelib.access.model import GroupChanges, NewGroup, NewToken, NewUser, UserChanges
from chalicelib.access.permissions import ALL_ACCOUNTS
from chalicelib.access.store import Directory
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Busy, Conflict, Invalid, NotFound, RegistryError, Stale
from infra.package import table_definition

PASSWORD = "correct horse battery"


@pytest.fixture
def fresh_table(settings: object) -> Iterator[str]:
    """The name of an empty table."""
    name = f"rollcall-test-{uuid.uuid4().hex[:8]}"
    config.dynamodb().create_table(**{**table_definition(), "TableName": name})
    yield name
    config.dynamodb().delete_table(TableName=name)


@pytest.fixture
def fresh(fresh_table: str) -> Directory:
    """The directory of an unused deployment: these rules are about all of its users."""
    return Directory(Table(config.dynamodb(), fresh_table))


def user(name: str, *groups: str) -> NewUser:
    return NewUser(name=name, password=PASSWORD, groups=list(groups))


def never(_etag: str | None) -> bool:
    return False


def test_a_fresh_deployment_has_three_groups_and_nobody_in_them(fresh: Directory) -> None:
    assert fresh.groups().by_name == BUILT_IN
    assert not fresh.users(10)
    assert not fresh.tokens(10)


def test_a_user_is_added_shown_changed_and_removed(fresh: Directory) -> None:
    added = fresh.add_user(user("ann", "viewers"))
    assert (added.name, added.groups, added.active, added.version) == ("ann", ["viewers"], True, 1)
    assert fresh.user("ann") == added
    assert PASSWORD not in repr(fresh.user("ann"))

    changed = fresh.change_user("ann", UserChanges(groups=["editors"]))
    assert (changed.groups, changed.version, changed.created_at) == (["editors"], 2, added.created_at)
    with pytest.raises(Stale):
        fresh.change_user("ann", UserChanges(active=False), never)
    with pytest.raises(Stale):
        fresh.remove_user("ann", never)

    fresh.remove_user("ann")
    with pytest.raises(NotFound):
        fresh.user("ann")
    with pytest.raises(NotFound):
        fresh.change_user("ann", UserChanges(active=False))


def test_a_name_belongs_to_one_user(fresh: Directory) -> None:
    fresh.add_user(user("ann"))
    with pytest.raises(Conflict) as error:
        fresh.add_user(user("ann", "admins"))
    assert error.value.code == "name_taken"
    assert fresh.user("ann").groups == []


def test_an_unknown_group_is_refused(fresh: Directory) -> None:
    for write in (
        lambda: fresh.add_user(user("ann", "nobody")),
        lambda: fresh.add_token(NewToken(name="sync", groups=["nobody"])),
    ):
        with pytest.raises(Invalid) as error:
            write()
        assert error.value.errors[0].code == "unknown_group"


def test_users_are_listed_by_name_a_page_at_a_time(fresh: Directory) -> None:
    for name in ("cat", "ann", "ben"):
        fresh.add_user(user(name))
    first = fresh.users(2)
    assert [u.name for u in first] == ["ann", "ben"]
    assert [u.name for u in fresh.users(2, first[-1].name)] == ["cat"]


def test_a_group_is_added_changed_and_removed(fresh: Directory) -> None:
    clinic = fresh.add_group(NewGroup(name="clinic", permissions=["members:read"], accounts=["7"]))
    assert fresh.group("clinic") == clinic
    with pytest.raises(Conflict):
        fresh.add_group(NewGroup(name="clinic", permissions=[], accounts=ALL_ACCOUNTS))
    changed = fresh.change_group("clinic", GroupChanges(accounts=["7", "8"]))
    assert (changed.accounts, changed.permissions, changed.version) == (["7", "8"], ["members:read"], 2)
    with pytest.raises(Stale):
        fresh.change_group("clinic", GroupChanges(accounts=ALL_ACCOUNTS), never)

    fresh.add_token(NewToken(name="sync", groups=["clinic"]))
    with pytest.raises(Conflict) as error:
        fresh.remove_group("clinic")
    assert error.value.code == "group_in_use"
    fresh.revoke_token("sync")
    fresh.remove_group("clinic")
    with pytest.raises(NotFound):
        fresh.group("clinic")
    assert set(fresh.groups().by_name) == set(BUILT_IN)


def test_groups_that_no_item_could_hold_are_refused(fresh: Directory) -> None:
    accounts = ["\U0001f98a" * 60 + f"{n:04}" for n in range(100)]  # 25 kB a group
    for n in range(12):
        fresh.add_group(NewGroup(name=f"g{n}", permissions=[], accounts=accounts))
    with pytest.raises(Invalid) as error:
        fresh.add_group(NewGroup(name="more", permissions=[], accounts=accounts))
    assert error.value.errors[0].code == "too_many_groups"


def test_the_last_admin_stays(fresh: Directory) -> None:
    fresh.add_user(user("ann", "admins"))
    fresh.add_user(user("ben", "editors"))
    for write in (
        lambda: fresh.remove_user("ann"),
        lambda: fresh.change_user("ann", UserChanges(active=False)),
        lambda: fresh.change_user("ann", UserChanges(groups=["editors"])),
        lambda: fresh.change_group("admins", GroupChanges(permissions=["members:read"])),
        lambda: fresh.change_group("admins", GroupChanges(permissions=[], accounts=[])),
    ):
        with pytest.raises(Conflict) as error:
            write()
        assert error.value.code == "last_admin"
    assert fresh.user("ann").version == 1

    fresh.change_user("ben", UserChanges(groups=["admins"]))
    fresh.remove_user("ann")
    with pytest.raises(Conflict):
        fresh.remove_user("ben")


def test_admins_are_for_every_account(fresh: Directory) -> None:
    """Whoever may grant can grant itself the rest, so admins of some accounts would be a promise that is not kept."""
    clinic = NewGroup(name="clinic", permissions=["access:admin"], accounts=["7"])
    writes: list[Callable[[], object]] = [
        lambda: fresh.change_group("admins", GroupChanges(accounts=["7"])),
        lambda: fresh.add_group(clinic),
    ]
    for write in writes:
        with pytest.raises(Invalid) as error:
            write()
        assert [e.code for e in error.value.errors] == ["every_account_needed"]


def test_admins_who_disable_each_other_at_once_leave_one(fresh: Directory) -> None:
    names = [f"admin{n}" for n in range(4)]
    for name in names:
        fresh.add_user(user(name, "admins"))

    def disable(name: str) -> str:
        try:
            fresh.change_user(name, UserChanges(active=False))
        except RegistryError as error:
            return type(error).__name__
        return "disabled"

    with ThreadPoolExecutor(len(names)) as pool:
        outcomes = list(pool.map(disable, names))
    assert set(outcomes) <= {"disabled", Conflict.__name__, Busy.__name__}
    active = [u.name for u in fresh.users(10) if u.active]
    assert active
    assert len(active) == len(names) - outcomes.count("disabled")


def test_a_token_is_made_shown_without_its_secret_and_revoked(fresh: Directory, fresh_table: str) -> None:
    token, secret = fresh.add_token(NewToken(name="sync", groups=["editors"], days=1), "user:ann")
    assert (token.name, token.groups, token.created_by) == ("sync", ["editors"], "user:ann")
    assert fresh.token("sync") == token
    assert secret not in str(config.dynamodb().scan(TableName=fresh_table)["Items"])
    with pytest.raises(Conflict):
        fresh.add_token(NewToken(name="sync", groups=[]))
    assert [t.name for t in fresh.tokens(10)] == ["sync"]
    fresh.revoke_token("sync")
    for gone in (fresh.token, fresh.revoke_token):
        with pytest.raises(NotFound):
            gone("sync")
