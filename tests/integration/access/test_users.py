"""Users in the table, and the rule that an active admin remains, under concurrency too."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.access.authenticator import Authenticator
from chalicelib.access.model import GroupChanges, NewToken, NewUser, UserChanges
from chalicelib.errors import (
    Busy,
    Conflict,
    Invalid,
    NotFound,
    PreconditionFailed,
    RegistryError,
    Unauthorized,
)
from chalicelib.preconditions import Precondition
from chalicelib.services import Services
from tests.support.access import PASSWORD, basic


def user(name: str, *groups: str) -> NewUser:
    return NewUser(name=name, password=PASSWORD, groups=list(groups))


NEVER = Precondition(if_match=frozenset({'"0-0"'}))


def test_user_is_created_changed_and_deleted(fresh: Services) -> None:
    users = fresh.users
    created = users.create(user("ann", "viewers"))
    assert (created.name, created.groups, created.active, created.version) == ("ann", ["viewers"], True, 1)
    assert users.get("ann") == created
    assert PASSWORD not in repr(users.get("ann"))

    changed = users.change("ann", UserChanges(groups=["editors"]))
    assert (changed.groups, changed.version, changed.created_at) == (["editors"], 2, created.created_at)
    with pytest.raises(PreconditionFailed):
        users.change("ann", UserChanges(active=False), NEVER)
    with pytest.raises(PreconditionFailed):
        users.delete("ann", NEVER)

    users.delete("ann")
    with pytest.raises(NotFound):
        users.get("ann")
    with pytest.raises(NotFound):
        users.change("ann", UserChanges(active=False))


def test_name_belongs_to_one_user(fresh: Services) -> None:
    fresh.users.create(user("ann"))
    with pytest.raises(Conflict, match="A user of this name exists already") as error:
        fresh.users.create(user("ann", "admins"))
    assert error.value.code == "name_taken"
    assert fresh.users.get("ann").groups == []


def test_unknown_group_is_rejected(fresh: Services) -> None:
    for write in (
        lambda: fresh.users.create(user("ann", "nobody")),
        lambda: fresh.tokens.create(NewToken(name="sync", groups=["nobody"])),
    ):
        with pytest.raises(Invalid) as error:
            write()
        assert error.value.errors[0].code == "unknown_group"


def test_users_are_paged_by_name(fresh: Services) -> None:
    for name in ("cat", "ann", "ben"):
        fresh.users.create(user(name))
    first = fresh.users.page(2)
    assert [u.name for u in first] == ["ann", "ben"]
    assert [u.name for u in fresh.users.page(2, first[-1].name)] == ["cat"]


def test_last_admin_remains(fresh: Services) -> None:
    fresh.users.create(user("ann", "admins"))
    fresh.users.create(user("ben", "editors"))
    for write in (
        lambda: fresh.users.delete("ann"),
        lambda: fresh.users.change("ann", UserChanges(active=False)),
        lambda: fresh.users.change("ann", UserChanges(groups=["editors"])),
        lambda: fresh.groups.change("admins", GroupChanges(permissions=["members:read"])),
        lambda: fresh.groups.change("admins", GroupChanges(permissions=[], accounts=[])),
    ):
        with pytest.raises(Conflict) as error:
            write()
        assert error.value.code == "last_admin"
    assert fresh.users.get("ann").version == 1

    fresh.users.change("ben", UserChanges(groups=["admins"]))
    fresh.users.delete("ann")
    with pytest.raises(Conflict):
        fresh.users.delete("ben")


def test_admins_who_disable_each_other_concurrently_leave_one(fresh: Services) -> None:
    names = [f"admin{n}" for n in range(4)]
    for name in names:
        fresh.users.create(user(name, "admins"))

    def disable(name: str) -> str:
        try:
            fresh.users.change(name, UserChanges(active=False))
        except RegistryError as error:
            return type(error).__name__
        return "disabled"

    with ThreadPoolExecutor(len(names)) as pool:
        outcomes = list(pool.map(disable, names))
    assert set(outcomes) <= {"disabled", Conflict.__name__, Busy.__name__}
    active = [u.name for u in fresh.users.page(10) if u.active]
    assert active
    assert len(active) == len(names) - outcomes.count("disabled")


def test_replaced_password_cannot_set_a_new_one(
    authenticator: Authenticator, services: Services, name: str
) -> None:
    """The gateway caches a caller for a minute: enough for a thief to undo the new password of an admin."""
    version = authenticator.authenticate(basic(name)).credential_version
    thief = UserChanges(password="a thief's own battery")
    services.users.change(name, UserChanges(password="another horse battery"))
    with pytest.raises(Unauthorized):
        services.users.change(name, thief, credential_version=version)
    assert authenticator.authenticate(basic(name, "another horse battery")).name == name
    services.users.delete(name)
    with pytest.raises(Unauthorized):  # as for unknown credentials
        services.users.change(name, thief, credential_version=version)


def test_history_tells_who_changed_access(fresh: Services) -> None:
    fresh.users.create(user("ann", "admins"))
    fresh.users.change("ann", UserChanges(password="another horse battery"), by="user:ann")
    fresh.groups.change("viewers", GroupChanges(accounts=["7"]), by="user:ann")
    fresh.tokens.create(NewToken(name="sync", groups=["viewers"]), "user:ann")
    fresh.tokens.revoke("sync", "user:ben")
    found = fresh.users.history(10)
    assert [(e.by, e.action, e.kind, e.name) for e in found] == [
        ("user:ben", "deleted", "token", "sync"),
        ("user:ann", "created", "token", "sync"),
        ("user:ann", "changed", "group", "viewers"),
        ("user:ann", "changed", "user", "ann"),
        ("operator", "created", "user", "ann"),
    ]
    assert found[2].changes == {"accounts": {"from": "*", "to": ["7"]}}
    assert found[3].changes == {"password": {"from": None, "to": None}}
    assert found[4].changes["groups"] == {"from": None, "to": ["admins"]}
    assert "scrypt" not in repr(found)
    assert fresh.users.history(2, found[2].id) == found[3:]
