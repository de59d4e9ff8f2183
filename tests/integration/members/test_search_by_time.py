"""Searches by the time of the last write find each member of an account once, whatever the page size."""

import pytest

from chalicelib.members import filtered
from chalicelib.members.model import MemberKey, NewMember
from chalicelib.members.repository import MemberRepository
from chalicelib.members.search import MemberSearch, Search
from tests.support.people import person, set_fields
from tests.support.searches import add_members, all_ids, client_member_ids

ALWAYS = "2000-01-01T00:00:00.000Z"


@pytest.mark.parametrize("limit", [1, 37, 500])
def test_all_members_are_found_once(
    member_search: MemberSearch, odd_account: list[NewMember], limit: int
) -> None:
    found = all_ids(member_search, Search(account_id="odd-names", modified_since=ALWAYS), limit)
    assert sorted(found) == sorted(client_member_ids(odd_account))


def test_only_members_written_since_are_found(
    members: MemberRepository, member_search: MemberSearch, account: str
) -> None:
    add_members([person(account, n) for n in range(40)])
    changed = members.change(MemberKey(account, "m7"), set_fields(first_name="Minnie"))
    search = Search(account_id=account, modified_since=changed.last_modified)
    assert all_ids(member_search, search, 10) == ["m7"]
    added = members.create(person(account, 50))
    assert set(all_ids(member_search, search, 10)) == {"m7", "m50"}
    after = Search(account_id=account, modified_since=added.last_modified + "~")
    assert all_ids(member_search, after, 10) == []


def test_search_by_time_and_name_matches_both(member_search: MemberSearch, account: str) -> None:
    add_members([person(account, n, last_name="Lee" if n % 2 else "Mouse") for n in range(20)])
    search = Search(account_id=account, modified_since=ALWAYS, last_name="le")
    assert sorted(all_ids(member_search, search, 3)) == sorted(f"m{n}" for n in range(1, 20, 2))


def test_page_reads_limited_number_of_members(
    member_search: MemberSearch, large_account: list[NewMember], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may then be empty, with a cursor."""
    monkeypatch.setattr(filtered, "READ_SIZE", 50)
    search = Search(account_id="many", modified_since="9999")
    page, empty_pages = member_search.find(search, 10), 1
    while page.cursor:
        assert page.members == []
        page, empty_pages = member_search.find(search, 10, page.cursor), empty_pages + 1
    assert empty_pages >= len(large_account) / (50 * filtered.MAX_QUERIES)
