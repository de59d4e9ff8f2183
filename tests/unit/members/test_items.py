"""Members and claims survive the round trip through items."""

import pytest
from hypothesis import given

from chalicelib.errors import Holder
from chalicelib.members.items import (
    SHARDS,
    claim_key,
    claimed_phone_key,
    from_item,
    holder_of,
    member_key,
    member_key_of,
    name_order,
    origin_of,
    phone_key_of,
    shard_of,
    to_claim,
    to_item,
)
from chalicelib.members.model import MemberKey, Origin, PhoneKey, changed_member, member_id, new_member
from tests.support.people import person, phone
from tests.support.texts import clean_texts

COUNT = 1000


@given(clean_texts, clean_texts, clean_texts, clean_texts)
def test_member_survives_round_trip(account_id: str, client_id: str, first: str, last: str) -> None:
    new = person(account_id, client_member_id=client_id, first_name=first, last_name=last)
    member = new_member(new)
    assert from_item(to_item(member)) == member
    assert member_key_of(to_item(member)) == MemberKey(account_id, client_id)
    assert member_key_of(to_claim(member)) == MemberKey(account_id, client_id)


def test_writers_and_version_survive_round_trip() -> None:
    old = new_member(person("acc"), "user:ann")
    member = changed_member(old, person("acc", first_name="Ann"), "import:7")
    assert from_item(to_item(member)) == member
    assert (member.created_by, member.modified_by, member.version) == ("user:ann", "import:7", 2)


def test_phone_key_is_that_of_item_and_claim() -> None:
    member = new_member(person("acc", 1))
    key = PhoneKey("acc", phone(1))
    assert phone_key_of(to_item(member)) == key
    assert claimed_phone_key(to_claim(member)) == key
    assert to_claim(member).items() > claim_key(*key).items()


@pytest.mark.parametrize("account_id", ["1", "ACCOUNT#1", "#"])
def test_key_prefixes_in_ids_are_kept(account_id: str) -> None:
    assert member_key_of(member_key(account_id, "CLIENT#1")) == MemberKey(account_id, "CLIENT#1")


def test_imported_item_names_its_row() -> None:
    origin = Origin("20261123T040000Z-aaaaaaaaaa", 7, "created")
    member = new_member(person("acc"))
    holder = Holder(member_id("acc", "m1"), origin.import_id, 7)
    for item in (to_item(member, str(origin)), to_claim(member, str(origin))):
        assert origin_of(item) == origin
        assert holder_of(item) == holder


def test_item_of_the_api_has_no_origin() -> None:
    item = to_item(new_member(person("acc")))
    assert origin_of(item) is None
    assert holder_of(item) == Holder(member_id("acc", "m1"))


def test_names_sort_by_last_name_regardless_of_case() -> None:
    members = [
        new_member(person("acc", n, last_name=last, first_name=first))
        for n, (last, first) in enumerate([("mouse", "B"), ("Mouse", "a"), ("Mous", "z"), ("MOUSE", "A")])
    ]
    assert [m.client_member_id for m in sorted(members, key=name_order)] == ["m2", "m1", "m3", "m0"]


def test_members_spread_evenly_over_shards() -> None:
    counts = [0] * SHARDS
    for n in range(COUNT):
        counts[shard_of(f"m{n}")] += 1
    assert max(counts) <= 1.3 * COUNT / SHARDS
