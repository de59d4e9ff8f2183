"""Searches by name list each member once, in name order, whatever the page size."""

import math

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chalicelib.members.folding import fold_name
from chalicelib.members.model import MemberKey, NewMember
from chalicelib.members.repository import MemberRepository
from chalicelib.members.search import MemberSearch, Search
from tests.support.people import person, set_fields
from tests.support.searches import add_members, all_ids, client_member_ids, pages


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize("limit", [1, 7, 37, 199, 200, 201, 500])
def test_account_lists_each_member_once_in_name_order(
    member_search: MemberSearch, odd_account: list[NewMember], limit: int, step: int
) -> None:
    search = Search(account_id="odd-names", descending=step < 0)
    found = list(pages(member_search, search, limit))
    expected = client_member_ids(odd_account)[::step]
    assert [one for page in found for one in client_member_ids(page)] == expected
    assert all(len(page) == limit for page in found[:-1])
    assert len(found) == math.ceil(len(odd_account) / limit)  # no empty page at the end


@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.integers(0, 150))
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_pages_of_varying_size_continue_each_other(
    member_search: MemberSearch, odd_account: list[NewMember], limits: list[int], start: int
) -> None:
    search = Search(account_id="odd-names")
    cursor, at = None, 0
    if start:
        cursor, at = member_search.find(search, start).cursor, start
    for limit in limits:
        if at >= len(odd_account):
            break
        page = member_search.find(search, limit, cursor)
        assert client_member_ids(page.members) == client_member_ids(odd_account)[at : at + limit]
        cursor, at = page.cursor, at + limit
        assert (cursor is None) is (at >= len(odd_account))


def test_large_account_is_listed_in_small_pages(
    member_search: MemberSearch, large_account: list[NewMember]
) -> None:
    assert all_ids(member_search, Search(account_id="many"), 37) == client_member_ids(large_account)


def test_names_sort_regardless_of_case_and_accents(
    members: MemberRepository, member_search: MemberSearch, account: str
) -> None:
    names = ["abel", "Abel", "ABEL", "Ångström", "Baker", "Đặng", "de Boer", "Zöller", "Zorn"]
    for n, name in enumerate(reversed(names)):
        members.create(person(account, n, last_name=name, first_name="x" if name == "abel" else "X"))
    found = member_search.find(Search(account_id=account), 100).members
    assert [m.last_name.casefold() for m in found] == [name.casefold() for name in names]
    same = [m for m in found if m.last_name.casefold() == "abel"]
    assert client_member_ids(same) == sorted(client_member_ids(same))  # equal names by client member id


@pytest.mark.parametrize(
    "prefix",
    [
        "m",
        "MOUSE",
        "mouse-",
        "mouse s",
        "str",
        "strass",
        "straß",
        "ß",
        "🦊",
        "🦊🦊",
        "李",
        "ΐ",
        "\u03b9",
        "\U0010ffff",
        "zz",
        "i",
        "eclair",
        "ángs",
        "o\u2019n",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("limit", [3, 100])
def test_prefix_finds_all_last_names_that_start_with_it(
    member_search: MemberSearch, odd_account: list[NewMember], prefix: str, limit: int
) -> None:
    matching = [new for new in odd_account if fold_name(new.last_name).startswith(fold_name(prefix))]
    for step in (1, -1):
        search = Search(account_id="odd-names", last_name=prefix, descending=step < 0)
        assert all_ids(member_search, search, limit) == client_member_ids(matching)[::step]


def test_prefix_of_maximum_length_finds_its_name(
    member_search: MemberSearch, odd_account: list[NewMember]
) -> None:
    for name in ("ΐ" * 64, "ß" * 64, "🦊" * 64, "\U0010ffff" * 64):
        matching = [new for new in odd_account if fold_name(new.last_name) == fold_name(name)]
        assert matching
        search = Search(account_id="odd-names", last_name=name)
        assert all_ids(member_search, search, 10) == client_member_ids(matching)


def test_pages_continue_while_members_are_created_and_deleted(
    members: MemberRepository, member_search: MemberSearch, account: str
) -> None:
    """Members that exist all the time are listed once, even if the cursor's own member is deleted."""
    people = [person(account, n, last_name=f"M{n:03}") for n in range(60)]
    add_members(people)
    search = Search(account_id=account)
    cursor = member_search.find(search, 20).cursor
    assert cursor
    members.delete(MemberKey(account, "m19"))  # the last one of the page
    members.delete(MemberKey(account, "m5"))  # one before it
    members.delete(MemberKey(account, "m20"))  # the next
    members.create(person(account, 100, last_name="M000a"))  # before the cursor
    members.create(person(account, 101, last_name="M030a"))  # after it
    rest = []
    while cursor:
        page = member_search.find(search, 7, cursor)
        rest += client_member_ids(page.members)
        cursor = page.cursor
    assert rest == [*(f"m{n}" for n in range(21, 31)), "m101", *(f"m{n}" for n in range(31, 60))]


def test_moved_member_is_listed_in_new_account_only(
    members: MemberRepository, member_search: MemberSearch, account: str
) -> None:
    members.create(person(account))
    other = account + "-too"
    moved = members.change(MemberKey(account, "m1"), set_fields(account_id=other))
    assert member_search.find(Search(account_id=account), 10).members == []
    assert member_search.find(Search(account_id=other), 10).members == [moved]
