"""The table in memory behaves as the emulator does: the same requests have the same responses."""

from typing import Any

import pytest

from bench.model.expressions import holds, updated
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Taken
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from chalicelib.members.search import MemberSearch, Search
from tests.support.limited_table import LimitedTable
from tests.support.people import key_of, person, set_fields

ITEM = {"pk": {"S": "a"}, "count": {"N": "10"}, "until": {"N": "9"}, "name": {"S": "ann"}}
VALUES = {":nine": {"N": "9"}, ":ten": {"N": "10"}, ":a": {"S": "an"}, ":z": {"S": "z"}}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("attribute_not_exists(pk)", False),
        ("attribute_exists(pk) AND NOT attribute_exists(other)", True),
        ("#count < :nine", False),  # numbers, not texts
        ("#count >= :ten AND (attribute_not_exists(until) OR until < :ten)", True),
        ("missing = :a OR missing < :a", False),
        ("#count IN (:nine, :ten)", True),
        ("#count IN (:nine)", False),
        ("name BETWEEN :a AND :z", True),
        ("begins_with(name, :a)", True),
        ("name <> :a", True),
    ],
)
def test_condition_holds_as_in_dynamodb(condition: str, expected: object) -> None:
    body = {
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {"#count": "count"},
        "ExpressionAttributeValues": VALUES,
    }
    assert holds(body, ITEM) == expected


def test_update_sets_adds_and_removes() -> None:
    body = {
        "Key": {"pk": {"S": "a"}},
        "UpdateExpression": "ADD #count :ten, hits :nine "
        "SET name = :z, seen = if_not_exists(seen, :nine) REMOVE until",
        "ExpressionAttributeNames": {"#count": "count"},
        "ExpressionAttributeValues": VALUES,
    }
    assert updated(body, ITEM) == {
        "pk": {"S": "a"},
        "count": {"N": "20"},
        "hits": {"N": "9"},
        "name": {"S": "z"},
        "seen": {"N": "9"},
    }


@pytest.fixture
def table() -> Table:
    return Table(LimitedTable().client, "t")


def test_members_live_in_memory_as_in_the_table(table: Table) -> None:
    members = MemberRepository(table)
    ann = members.create(person("1", 1))
    with pytest.raises(Taken) as taken:
        members.create(person("1", 1))
    assert {error.code for error in taken.value.errors} == {"client_member_id_taken", "phone_number_taken"}

    moved = members.change(key_of(ann), set_fields(client_member_id="2", first_name="Zoe"))
    members.create(person("1", 3))
    members.delete(MemberKey("1", "m3"))

    assert members.get(key_of(moved)) == moved
    search = MemberSearch(table)
    assert search.find(Search("1"), 10).members == [moved]
    assert search.find(Search("1", phone_number=moved.phone_number), 10).members == [moved]
    assert search.find(Search(phone_number=moved.phone_number), 10).members == [moved]


def test_pages_of_memory_skip_no_member(table: Table) -> None:
    members, search = MemberRepository(table), MemberSearch(table)
    ids = {members.create(person("1", number)).id for number in range(30)}
    for query in (Search("1"), Search()):
        found: list[Any] = []
        page = search.find(query, 7)
        while page.cursor:
            found += page.members
            page = search.find(query, 7, page.cursor)
        assert {member.id for member in [*found, *page.members]} == ids
