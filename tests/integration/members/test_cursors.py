"""Cursors that are used in another search."""

from itertools import pairwise

import pytest

from chalicelib.errors import Malformed
from chalicelib.members.model import NewMember
from chalicelib.members.repository import MemberRepository
from chalicelib.members.search import MemberSearch, Search
from tests.support.people import person, phone
from tests.support.searches import add_members


def test_cursor_of_other_kind_of_search_is_rejected(
    members: MemberRepository, member_search: MemberSearch, account: str
) -> None:
    shared = {"phone_number": phone(4242), "client_member_id": account}
    for letter in "abc":
        members.create(person(account + letter, **shared))
    add_members([person(account, n) for n in range(3)])
    searches = [
        Search(account_id=account),
        Search(phone_number=phone(4242)),
        Search(client_member_id=account),
        Search(),
    ]
    cursors = [member_search.find(search, 1).cursor for search in searches]
    assert all(cursors)
    for one, cursor in enumerate(cursors):
        for other, search in enumerate(searches):
            if one == other:
                member_search.find(search, 1, cursor)
                continue
            with pytest.raises(Malformed) as error:
                member_search.find(search, 1, cursor)
            assert error.value.code == "invalid_cursor"


def test_cursor_of_other_account_lists_searched_account_only(
    member_search: MemberSearch, odd_account: list[NewMember], large_account: list[NewMember]
) -> None:
    """A cursor is only a position: names and an id. It grants no access."""
    cursor = member_search.find(Search(account_id="odd-names"), 60).cursor
    found = member_search.find(Search(account_id="many"), 500, cursor).members
    assert {m.account_id for m in found} <= {"many"}
    assert all(one.last_name < two.last_name for one, two in pairwise(found))
