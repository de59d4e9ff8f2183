"""Creating, replacing, changing and deleting single members."""

from functools import partial

import pytest

from chalicelib import config
from chalicelib.errors import NotFound, PreconditionFailed, Taken
from chalicelib.members.model import Member, MemberKey, parse_member_id
from chalicelib.members.repository import MemberRepository
from chalicelib.preconditions import Precondition
from tests.support.metering import metered
from tests.support.people import key_of, person, phone, set_fields
from tests.support.tables import members_of


def state_is(expected: Member | None) -> Precondition:
    """Returns the precondition that the member is in this state, None for no member."""
    return (
        Precondition(if_match=frozenset({expected.etag}))
        if expected
        else Precondition(if_none_match=frozenset("*"))
    )


def test_created_member_is_returned_by_get(members: MemberRepository, account: str) -> None:
    created = members.create(person(account))
    assert created.version == 1
    assert created.created_at == created.last_modified
    assert members.get(key_of(created)) == created
    assert members_of(account) == {"m1": created}


def test_member_id_encodes_its_key(members: MemberRepository, account: str) -> None:
    created = members.create(person(account))
    assert parse_member_id(created.id) == key_of(created)


def test_unknown_member_is_not_found(members: MemberRepository, account: str) -> None:
    for operation in (
        members.get,
        members.delete,
        partial(members.change, edit=set_fields(first_name="Minnie")),
    ):
        with pytest.raises(NotFound):
            operation(MemberKey(account, "m1"))


def test_create_with_taken_phone_number_names_its_holder(members: MemberRepository, account: str) -> None:
    holder = members.create(person(account, 1))
    with pytest.raises(Taken) as error:
        members.create(person(account, 2, phone_number=holder.phone_number))
    assert error.value.code == "phone_number_taken"
    assert [e.pointer for e in error.value.errors] == ["#/phone_number"]
    assert [e.holder.member_id for e in error.value.errors if e.holder] == [holder.id]
    assert holder.id in error.value.detail
    assert members_of(account) == {"m1": holder}


def test_create_with_taken_client_member_id_names_its_holder(members: MemberRepository, account: str) -> None:
    holder = members.create(person(account, 1))
    with pytest.raises(Taken) as error:
        members.create(person(account, 2, client_member_id="m1"))
    assert error.value.code == "client_member_id_taken"
    assert [e.holder.member_id for e in error.value.errors if e.holder] == [holder.id]
    assert members_of(account) == {"m1": holder}


def test_create_with_both_values_taken_names_both_holders(members: MemberRepository, account: str) -> None:
    one, two = members.create(person(account, 1)), members.create(person(account, 2))
    with pytest.raises(Taken) as error:
        members.create(person(account, 1, phone_number=two.phone_number))
    assert [e.code for e in error.value.errors] == ["client_member_id_taken", "phone_number_taken"]
    assert [e.holder.member_id for e in error.value.errors if e.holder] == [one.id, two.id]


def test_two_accounts_may_share_phone_number_and_client_member_id(
    members: MemberRepository, account: str
) -> None:
    one = members.create(person(account))
    two = members.create(person(account + "-too"))
    assert (one.phone_number, one.client_member_id) == (two.phone_number, two.client_member_id)
    assert one.id != two.id
    assert members_of(account) == {"m1": one}
    assert members_of(account + "-too") == {"m1": two}


@pytest.mark.parametrize(
    ("account_id", "client_member_id"),
    [
        ("#", "#"),  # the separator in keys
        ("ACCOUNT#1", "CLIENT#1"),  # prefixes of keys
        ("a/b?c=d&e", "%2F+ "),  # reserved in URLs
        ("🦊" * 64, "🦊" * 64),  # the most bytes of 64 characters
    ],
    ids=["separators", "prefixes of keys", "reserved in URLs", "longest"],
)
def test_ids_accept_any_characters(
    members: MemberRepository, account: str, account_id: str, client_member_id: str
) -> None:
    account_id = (account[-8:] + account_id)[:64]  # unique to this test
    created = members.create(person(account_id, client_member_id=client_member_id))
    assert members.get(MemberKey(account_id, client_member_id)) == created
    assert members_of(account_id) == {client_member_id: created}
    members.delete(key_of(created))
    assert members_of(account_id) == {}


def test_name_change_increments_version_and_keeps_other_fields(
    members: MemberRepository, account: str
) -> None:
    old = members.create(person(account))
    new = members.change(key_of(old), set_fields(first_name="Minnie", last_name="Vole"))
    assert (new.first_name, new.last_name, new.version) == ("Minnie", "Vole", 2)
    assert (new.id, new.phone_number, new.created_at) == (old.id, old.phone_number, old.created_at)
    assert new.last_modified >= old.last_modified
    assert members_of(account) == {"m1": new}


def test_change_without_effect_writes_nothing(members: MemberRepository, account: str) -> None:
    old = members.create(person(account))
    with metered(config.dynamodb()) as meter:
        assert members.change(key_of(old), set_fields(first_name="Ralph")) == old
        assert members.put(person(account)) == (old, False)
    assert meter.calls == {"GetItem": 2}


def test_phone_number_change_frees_old_number(members: MemberRepository, account: str) -> None:
    old = members.create(person(account, 1))
    new = members.change(key_of(old), set_fields(phone_number=phone(9)))
    other = members.create(person(account, 2, phone_number=old.phone_number))
    assert members_of(account) == {"m1": new, "m2": other}
    assert (new.version, new.created_at) == (2, old.created_at)


MOVES = {
    "client member id": {"client_member_id": "moved"},
    "client member id and phone": {"client_member_id": "moved", "phone_number": phone(9)},
    "account": {"account_id": "other"},
    "account and phone": {"account_id": "other", "phone_number": phone(9)},
    "account and client member id": {"account_id": "other", "client_member_id": "moved"},
    "all at once": {
        "account_id": "other",
        "client_member_id": "moved",
        "phone_number": phone(9),
        "first_name": "Minnie",
        "last_name": "Vole",
    },
}


@pytest.mark.parametrize("fields", MOVES.values(), ids=MOVES.keys())
def test_move_changes_id_and_removes_old_items(
    members: MemberRepository, account: str, fields: dict[str, str]
) -> None:
    other = account + "-too"
    fields = {name: other if value == "other" else value for name, value in fields.items()}
    old = members.create(person(account))
    new = members.change(key_of(old), set_fields(**fields))
    assert new.writable() == old.writable() | fields
    assert (new.version, new.created_at) == (2, old.created_at)
    assert new.id != old.id
    assert members.get(key_of(new)) == new
    with pytest.raises(NotFound):
        members.get(key_of(old))
    found = members_of(account) | members_of(other)
    assert found == {new.client_member_id: new}
    freed = fields.keys() & {"account_id", "phone_number"}
    assert members.create(person(account, **{} if freed else {"phone_number": phone(8)})).version == 1


def test_change_to_taken_values_is_rejected(members: MemberRepository, account: str) -> None:
    one, two = members.create(person(account, 1)), members.create(person(account, 2))
    with pytest.raises(Taken) as error:
        members.change(key_of(one), set_fields(client_member_id="m2"))
    assert error.value.code == "client_member_id_taken"
    assert [e.holder.member_id for e in error.value.errors if e.holder] == [two.id]
    with pytest.raises(Taken) as error:
        members.change(key_of(one), set_fields(client_member_id="m3", phone_number=two.phone_number))
    assert error.value.code == "phone_number_taken"
    with pytest.raises(Taken) as error:
        members.change(key_of(one), set_fields(phone_number=two.phone_number))
    assert [e.holder.member_id for e in error.value.errors if e.holder] == [two.id]
    assert members_of(account) == {"m1": one, "m2": two}


def test_move_to_account_with_taken_phone_number_is_rejected(members: MemberRepository, account: str) -> None:
    other = account + "-too"
    one, two = members.create(person(account, 1)), members.create(person(other, 2, phone_number=phone(1)))
    with pytest.raises(Taken) as error:
        members.change(key_of(one), set_fields(account_id=other))
    assert [e.holder.member_id for e in error.value.errors if e.holder] == [two.id]
    assert members_of(account) == {"m1": one}
    assert members_of(other) == {"m2": two}


def test_put_creates_then_replaces_then_changes_nothing(members: MemberRepository, account: str) -> None:
    created, is_new = members.put(person(account))
    assert (is_new, created.version) == (True, 1)
    replaced, is_new = members.put(person(account, last_name="Vole", phone_number=phone(9)))
    assert (is_new, replaced.version, replaced.created_at) == (False, 2, created.created_at)
    assert members.put(person(account, last_name="Vole", phone_number=phone(9))) == (replaced, False)
    assert members_of(account) == {"m1": replaced}


def test_put_with_taken_phone_number_is_rejected(members: MemberRepository, account: str) -> None:
    holder = members.create(person(account, 1))
    for _ in range(2):  # a new member, then an existing one
        with pytest.raises(Taken) as error:
            members.put(person(account, 2, phone_number=holder.phone_number))
        assert error.value.code == "phone_number_taken"
        members.put(person(account, 2))


def test_delete_frees_phone_number_and_client_member_id(members: MemberRepository, account: str) -> None:
    old = members.create(person(account))
    members.delete(key_of(old))
    assert members_of(account) == {}
    with pytest.raises(NotFound):
        members.delete(key_of(old))
    assert members.create(person(account)).version == 1


def test_stale_version_rejects_every_write(members: MemberRepository, account: str) -> None:
    old = members.create(person(account))
    new = members.change(key_of(old), set_fields(last_name="Vole"), state_is(old))
    for stale in (
        lambda: members.change(key_of(old), set_fields(last_name="Rat"), state_is(old)),
        lambda: members.change(key_of(old), set_fields(), state_is(old)),  # even without effect
        lambda: members.put(person(account, last_name="Rat"), state_is(old)),
        lambda: members.put(person(account, last_name="Rat"), state_is(None)),
        lambda: members.put(person(account, 2), state_is(old)),  # no such member
        lambda: members.delete(key_of(old), state_is(old)),
    ):
        with pytest.raises(PreconditionFailed):
            stale()
    assert members_of(account) == {"m1": new}
    members.delete(key_of(old), state_is(new))
    assert members.put(person(account), state_is(None))[1]
