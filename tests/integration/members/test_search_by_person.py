"""Searches by first and last name, and by the end of a phone number."""

import random
from typing import Any

import pytest

from chalicelib import config
from chalicelib.members import name_search
from chalicelib.members.items import SHARDS, name_order
from chalicelib.members.model import NewMember, new_member
from chalicelib.members.search import MemberSearch, Search
from tests.support.metering import metered
from tests.support.people import person
from tests.support.searches import add_members, all_ids, client_member_ids

LAST_NAMES = ("Smith", "Smith-Lee", "Smythe", "Śmith", "de la Cruz", "Cruz", "Lee")
FIRST_NAMES = ("Ann", "Änne", "Anna Maria", "John", "Joan", "Zoë", "Ana")


@pytest.fixture(scope="module")
def town(settings: object) -> list[NewMember]:
    """The members of account town: each pair of names several times."""
    pick = random.Random(3).choice
    people = [person("town", n, last_name=pick(LAST_NAMES), first_name=pick(FIRST_NAMES)) for n in range(120)]
    add_members(people)
    return people


def found(member_search: MemberSearch, limit: int = 100, **search: Any) -> list[str]:
    """Returns the client member ids of all pages."""
    return all_ids(member_search, Search(account_id="town", **search), limit)


def ids(people: list[NewMember], **search: Any) -> list[str]:
    """Returns the client member ids of those who match, by the rules for one member."""
    matches = Search(account_id="town", **search).matcher()
    return sorted(client_member_ids([new for new in people if matches(new_member(new))]))


@pytest.mark.parametrize(
    "name", ["smith", "SMITH, än", "j sm", "ana de la cruz", "anna maria l", "nobody smith", "xy"]
)
def test_name_finds_first_and_last_names_in_order(
    member_search: MemberSearch, town: list[NewMember], name: str
) -> None:
    orders = {new.client_member_id: name_order(new_member(new)) for new in town}
    wanted = sorted(ids(town, name=name), key=orders.__getitem__)
    assert found(member_search, 7, name=name) == wanted
    assert found(member_search, 500, name=name) == wanted


def test_both_names_find_whoever_has_them(member_search: MemberSearch, town: list[NewMember]) -> None:
    wanted = [
        new.client_member_id
        for new in town
        if new.last_name in ("Smith", "Śmith", "Smith-Lee")
        and new.first_name in ("Ann", "Änne", "Anna Maria")
    ]
    assert sorted(found(member_search, name="ann smith")) == sorted(wanted)
    assert sorted(found(member_search, name="Smith, Ann")) == sorted(wanted)
    assert len(wanted) > 2


def test_name_is_combined_with_other_filters(member_search: MemberSearch, town: list[NewMember]) -> None:
    for more in ({"last_name": "śmith-"}, {"phone_ends_with": "007"}, {"client_member_id": "m7"}):
        search = {"name": f"{town[7].first_name} {town[7].last_name[:3]}", **more}
        assert sorted(found(member_search, 3, **search)) == ids(town, **search)


def test_first_name_leaves_out_others_of_a_last_name(member_search: MemberSearch, account: str) -> None:
    """The reading of a last name that many share starts at the first name, and ends after it."""
    add_members([person(account, n, last_name="Smith", first_name=f"{'AMZ'[n % 3]}{n}") for n in range(300)])
    with metered(config.dynamodb()) as meter:
        page = member_search.find(Search(account_id=account, name="Smith, M4"), 100)
    assert client_member_ids(page.members) == ["m4", "m40", "m43", "m46", "m49"]
    assert meter.calls["Query"] <= 3 * SHARDS  # two readings, and one query more after the last match
    assert meter.items_read <= 2 * SHARDS * 20 + SHARDS * 40


def test_page_of_a_short_start_reads_limited_number(
    member_search: MemberSearch, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may then be empty, with a cursor."""
    monkeypatch.setattr(name_search, "MAX_QUERIES", 1)
    add_members([person(account, n, last_name=f"Smith{n:03}", first_name="Ann") for n in range(40)])
    search, pages = Search(account_id=account, name="john sm"), 1
    page = member_search.find(search, 1)
    while page.cursor:
        assert page.members == []
        page, pages = member_search.find(search, 1, page.cursor), pages + 1
    assert pages >= 40 / (SHARDS * 2)


def test_last_digits_find_phone_numbers_that_end_so(
    member_search: MemberSearch, town: list[NewMember]
) -> None:
    wanted = sorted(new.client_member_id for new in town if new.phone_number.endswith("11"))
    assert sorted(found(member_search, 1, phone_ends_with="11")) == wanted
    assert wanted == ["m11", "m111"]  # not m110, which has 11 elsewhere
    assert found(member_search, phone_ends_with="0000042", last_name="xy") == []
