"""What groups grant, and how passwords and secrets are kept."""

import pytest

from chalicelib.access import passwords
from chalicelib.access.grants import BUILT_IN, grants_of
from chalicelib.access.model import Group, NewGroup, NewUser
from chalicelib.access.permissions import ALL_ACCOUNTS, Caller
from chalicelib.errors import Forbidden, Invalid
from chalicelib.fields.validation import validate
from chalicelib.scope import Scope


def group(name: str, accounts: object, *permissions: str) -> Group:
    return Group.model_validate({"name": name, "permissions": permissions, "accounts": accounts})


def test_a_user_has_what_its_groups_grant_pair_by_pair() -> None:
    known = {
        "one": group("one", ["1"], "members:read", "members:write"),
        "two": group("two", ["2", "3"], "members:read"),
        "all": group("all", ALL_ACCOUNTS, "imports:read"),
    }
    assert grants_of(["one", "two"], known) == {
        "members:read": ["1", "2", "3"],
        "members:write": ["1"],  # an editor of 1 does not write to what it may only view
    }
    assert grants_of(["all", "one"], known)["imports:read"] == ALL_ACCOUNTS
    assert grants_of(["gone"], known) == {}


def test_a_caller_may_do_what_it_was_granted_and_nothing_else() -> None:
    caller = Caller(kind="user", name="ann", grants={"members:read": ["1"], "imports:read": ALL_ACCOUNTS})
    assert caller.scope("members:read").accounts == frozenset("1")
    assert caller.scope("imports:read").accounts is None
    for need in ("members:write", "imports:write", "access:admin"):
        with pytest.raises(Forbidden):
            caller.scope(need)


def test_a_group_without_accounts_grants_nothing() -> None:
    grants = grants_of(["none"], {"none": group("none", [], "members:read")})
    with pytest.raises(Forbidden):
        Caller(kind="user", name="ann", grants=grants).scope("members:read")


def test_a_scope_covers_what_lies_within_it() -> None:
    mine = Scope(frozenset({"1", "2"}))
    assert mine.covers(["1"])
    assert not mine.covers(["1", "3"])
    assert not mine.covers(None)  # any account there is
    assert Scope().covers(None)
    with pytest.raises(Forbidden):
        mine.require("3")


def test_every_deployment_starts_with_admins_editors_and_viewers() -> None:
    assert set(BUILT_IN) == {"admins", "editors", "viewers"}
    assert "access:admin" in BUILT_IN["admins"].permissions
    assert not {p for p in BUILT_IN["viewers"].permissions if p.endswith(("write", "admin"))}
    assert "access:admin" not in BUILT_IN["editors"].permissions


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Ann", "password": "correct horse battery"},
        {"name": "a:b", "password": "correct horse battery"},
        {"name": "", "password": "correct horse battery"},
        {"name": "a" * 65, "password": "correct horse battery"},
        {"name": "ann", "password": "eleven char"},
        {"name": "ann", "password": "x" * 257},
        {"name": "ann", "password": "correct horse battery", "admin": True},
        {"name": "ann", "password": "correct horse battery", "groups": "admins"},
    ],
)
def test_what_is_no_user_is_refused_without_its_password_in_the_answer(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid) as error:
        validate(NewUser, wrong)
    assert str(wrong["password"]) not in repr(error.value.errors)


def test_a_groups_accounts_are_ids_or_every_account() -> None:
    data = {"name": "clinic", "permissions": ["members:read"], "accounts": [7, " 08 "]}
    assert validate(NewGroup, data).accounts == ["7", "08"]
    assert validate(NewGroup, {**data, "accounts": "*"}).accounts == ALL_ACCOUNTS
    for wrong in ("7", ["7"] * 101, [""], None):
        with pytest.raises(Invalid):
            validate(NewGroup, {**data, "accounts": wrong})


def test_a_password_is_kept_so_that_it_can_be_checked_and_not_read() -> None:
    stored = passwords.hash_password("correct horse battery")
    assert "horse" not in stored
    assert stored != passwords.hash_password("correct horse battery")  # each with a salt of its own
    assert stored.startswith("scrypt:16384:8:5:")  # OWASP's floor
    assert passwords.verify_password("correct horse battery", stored)
    assert not passwords.verify_password("correct horse batter", stored)
    assert not passwords.verify_password("correct horse battery", None)


def test_an_accent_is_the_same_however_a_keyboard_sends_it() -> None:
    assert passwords.verify_password(
        "caf\u00e9 au lait bien chaud", passwords.hash_password("cafe\u0301 au lait bien chaud")
    )


def test_a_secret_has_256_bits_and_only_its_digest_is_kept() -> None:
    secret = passwords.new_secret()
    assert len(secret) == 43  # characters of base64
    assert secret not in passwords.hash_secret(secret)
    assert passwords.verify_secret(secret, passwords.hash_secret(secret))
    assert not passwords.verify_secret(secret[:-1], passwords.hash_secret(secret))
