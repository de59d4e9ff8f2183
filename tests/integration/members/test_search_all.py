"""Searches over all accounts."""

from chalicelib.members.model import MemberKey, NewMember
from chalicelib.members.repository import MemberRepository
from chalicelib.members.search import MemberSearch, Search
from tests.support.people import person
from tests.support.searches import pages


def test_all_members_are_listed_once(
    member_search: MemberSearch, odd_account: list[NewMember], large_account: list[NewMember]
) -> None:
    found = [m for page in pages(member_search, Search(), 90) for m in page]
    assert len({m.id for m in found}) == len(found)
    assert {m.id for m in found} >= {new.id for new in [*odd_account, *large_account]}


def test_pages_continue_after_deleted_member(
    members: MemberRepository,
    member_search: MemberSearch,
    account: str,
    odd_account: list[NewMember],
    large_account: list[NewMember],
) -> None:
    """A scan may start at a key that no longer exists. At least one of two members has others after it."""
    keys = {members.create(person(account, n)).id: MemberKey(account, f"m{n}") for n in (1, 2)}
    whole = [m.id for page in pages(member_search, Search(), 500) for m in page]
    at = next(n for n, one in enumerate(whole) if one in keys)
    cursor = member_search.find(Search(), at + 1).cursor
    members.delete(keys[whole[at]])
    rest = member_search.find(Search(), len(whole), cursor).members
    assert [m.id for m in rest] == whole[at + 1 :]
