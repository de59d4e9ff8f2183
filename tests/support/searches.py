"""Members to search for, and searches page by page."""

from collections.abc import Iterator

from chalicelib import config
from chalicelib.dynamodb.table import Table
from chalicelib.members.model import Member, NewMember
from chalicelib.members.search import MemberSearch, Search

from .written_rows import member_rows, write_rows


def add_members(people: list[NewMember]) -> None:
    """Creates members as an import does."""
    outcomes = write_rows(Table(config.dynamodb(), config.settings().table_name), member_rows(people))
    assert {outcome.outcome for outcome in outcomes.values()} <= {"created"}


def pages(member_search: MemberSearch, search: Search, limit: int) -> Iterator[list[Member]]:
    """Yields the members of each page, at most `limit` a page."""
    cursor = None
    while True:
        page = member_search.find(search, limit, cursor)
        yield page.members
        cursor = page.cursor
        if not cursor:
            return


def client_member_ids(members: list[Member] | list[NewMember]) -> list[str]:
    """Returns the client member id of each member."""
    return [member.client_member_id for member in members]


def all_ids(member_search: MemberSearch, search: Search, limit: int) -> list[str]:
    """Returns the client member ids of all pages."""
    return [one for page in pages(member_search, search, limit) for one in client_member_ids(page)]
