"""What members were before each change is kept, and a deleted member can be restored."""

from datetime import datetime
from functools import partial
from typing import Any

import pytest

from chalicelib import config
from chalicelib.dynamodb.table import Table
from chalicelib.errors import InvalidCursor, NotFound, PreconditionFailed, Taken
from chalicelib.members.history_repository import MemberHistory
from chalicelib.members.model import Member, MemberKey, NewMember
from chalicelib.members.repository import MemberRepository
from chalicelib.preconditions import Precondition
from tests.support.concurrency import run_concurrently
from tests.support.people import key_of, person, phone, set_fields
from tests.support.tables import history_of, members_of

ANN, BEN = "user:ann", "user:ben"


@pytest.fixture
def history(settings: object) -> MemberHistory:
    """The history in the table of the tests."""
    return MemberHistory(Table(config.dynamodb(), config.settings().table_name))


def happened(history: MemberHistory, key: MemberKey) -> list[dict[str, Any]]:
    return [event.model_dump() for event in history.page(key, 100).events]


def actions(history: MemberHistory, key: MemberKey) -> list[tuple[str, int, str | None]]:
    return [(event.action, event.version, event.by) for event in history.page(key, 100).events]


def test_history_names_each_change_with_old_and_new_values(
    members: MemberRepository, history: MemberHistory, account: str
) -> None:
    old = members.create(person(account), ANN)
    new = members.change(key_of(old), set_fields(first_name="Minnie", phone_number=phone(9)), by=BEN)
    changed, created = happened(history, key_of(old))
    assert changed == {
        "action": "updated",
        "version": 2,
        "at": new.last_modified,
        "by": BEN,
        "changes": {
            "first_name": {"from": old.first_name, "to": "Minnie"},
            "phone_number": {"from": old.phone_number, "to": phone(9)},
        },
    }
    values = {name: {"from": None, "to": value} for name, value in person(account).model_dump().items()}
    assert created == {
        "action": "created",
        "version": 1,
        "at": old.created_at,
        "by": ANN,
        "changes": values,
    }


def test_move_links_old_and_new_id(members: MemberRepository, history: MemberHistory, account: str) -> None:
    old = members.create(person(account), ANN)
    new = members.change(key_of(old), set_fields(client_member_id="moved"), by=BEN)
    left, created = happened(history, key_of(old))
    arrived, _ = happened(history, key_of(new))
    assert (left["action"], left["moved_to"], created["action"]) == ("moved", new.id, "created")
    assert (arrived["action"], arrived["moved_from"]) == ("moved", old.id)
    assert left["changes"] == arrived["changes"] == {"client_member_id": {"from": "m1", "to": "moved"}}
    with pytest.raises(NotFound) as caught:
        members.get(key_of(old))
    assert caught.value.facts == {"moved_to": new.id}


def test_deleted_member_is_found_in_its_history_and_restored(
    members: MemberRepository, history: MemberHistory, account: str
) -> None:
    old = members.create(person(account), ANN)
    members.delete(key_of(old), by=BEN)
    with pytest.raises(NotFound) as caught:
        members.get(key_of(old))
    assert caught.value.facts == {"deleted_at": happened(history, key_of(old))[0]["at"]}
    restored = members.restore(key_of(old), ANN)
    assert vars(restored) == vars(old) | {
        "version": 3,
        "modified_by": ANN,
        "last_modified": restored.last_modified,
    }
    assert members.get(key_of(old)) == restored
    assert members_of(account) == {"m1": restored}
    assert actions(history, key_of(old)) == [("restored", 3, ANN), ("deleted", 2, BEN), ("created", 1, ANN)]


def test_new_member_under_old_id_has_its_own_creation(
    members: MemberRepository, history: MemberHistory, account: str
) -> None:
    key = key_of(members.create(person(account), ANN))
    members.delete(key, by=ANN)
    members.create(person(account, first_name="Ben"), BEN)
    assert actions(history, key) == [("created", 1, BEN), ("deleted", 2, ANN), ("created", 1, ANN)]
    with pytest.raises(Taken):
        members.restore(key)


def test_restore_names_new_holder_of_phone_number(members: MemberRepository, account: str) -> None:
    old = members.create(person(account))
    members.delete(key_of(old))
    holder = members.create(person(account, 2, phone_number=old.phone_number))
    with pytest.raises(Taken) as caught:
        members.restore(key_of(old))
    assert [error.holder and error.holder.member_id for error in caught.value.errors] == [holder.id]
    assert caught.value.code == "phone_number_taken"


def test_only_deleted_members_are_restored(members: MemberRepository, account: str) -> None:
    with pytest.raises(NotFound):
        members.restore(MemberKey(account, "nobody"))
    old = members.create(person(account))
    with pytest.raises(Taken) as caught:
        members.restore(key_of(old))
    assert caught.value.code == "client_member_id_taken"
    members.change(key_of(old), set_fields(client_member_id="moved"))
    with pytest.raises(NotFound):
        members.restore(key_of(old))


def test_concurrent_restorations_restore_once(members: MemberRepository, account: str) -> None:
    for n in range(10):
        old = members.create(person(account, n))
        members.delete(key_of(old))
        results = run_concurrently([partial(members.restore, key_of(old))] * 4)
        assert sum(isinstance(result, Member) for result in results) == 1
        assert all(isinstance(result, Member | Taken) for result in results)
        assert members_of(account)[old.client_member_id].version == 3


def test_histories_of_similar_account_ids_are_apart(
    members: MemberRepository, history: MemberHistory, account: str
) -> None:
    one, two = person(account), person(f"{account}#2026-01-01T00:00:00.000Z#1")
    for new in (one, two):
        members.create(new, ANN)
        members.change(key_of(new), set_fields(first_name="Changed"), by=BEN)
    assert [len(happened(history, key_of(new))) for new in (one, two)] == [2, 2]


def test_pages_have_every_event_once(members: MemberRepository, history: MemberHistory, account: str) -> None:
    key = key_of(members.create(person(account)))
    for n in range(7):
        members.change(key, set_fields(first_name=f"Name {n}"))
    versions, cursor = [], None
    while True:
        page = history.page(key, 3, cursor)
        versions += [event.version for event in page.events]
        cursor = page.cursor
        if cursor is None:
            break
    assert versions == [8, 7, 6, 5, 4, 3, 2, 1]
    with pytest.raises(InvalidCursor):
        history.page(key, 3, "nonsense")


def test_history_without_member_is_not_found(history: MemberHistory, account: str) -> None:
    with pytest.raises(NotFound):
        history.page(MemberKey(account, "nobody"), 10)


def test_erasure_leaves_nothing_under_any_id(members: MemberRepository, account: str) -> None:
    def renamed(name: str) -> NewMember:
        return person(account, client_member_id=name)

    other = members.create(person(account, 5))
    key = key_of(members.create(renamed("a")))
    for name in ("b", "a", "c"):
        key = key_of(members.change(key, set_fields(client_member_id=name)))
        members.change(key, set_fields(first_name=f"In {name}"))
    stranger = members.create(person(account, 6, client_member_id="b"))
    members.change(key_of(stranger), set_fields(first_name="Other"))
    members.erase(key)
    assert members_of(account) == {"m5": other, "b": members.get(key_of(stranger))}
    assert {(entry.key, entry.before.created_at) for entry in history_of(account)} == {
        (key_of(stranger), stranger.created_at)
    }


def test_erasure_of_deleted_member_deletes_its_history(members: MemberRepository, account: str) -> None:
    member = members.create(person(account))
    key = key_of(member)
    members.delete(key)
    with pytest.raises(PreconditionFailed):
        members.erase(key, Precondition(if_match=frozenset((member.etag,))))
    assert history_of(account) != []
    members.erase(key)
    assert history_of(account) == []
    with pytest.raises(NotFound):
        members.erase(key)


def test_entries_expire_after_the_days_of_the_deployment(settings: object, account: str) -> None:
    members = MemberRepository(Table(config.dynamodb(), config.settings().table_name), history_days=2)
    history = MemberHistory(Table(config.dynamodb(), config.settings().table_name))
    key = key_of(members.create(person(account)))
    members.change(key, set_fields(first_name="Changed"))
    entry = history.last(key)
    assert entry
    item = config.dynamodb().get_item(TableName=config.settings().table_name, Key=entry.item_key)["Item"]
    assert int(item["expires_at"]["N"]) - int(datetime.fromisoformat(entry.at).timestamp()) == 2 * 86400
