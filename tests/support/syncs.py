"""Rosters of one account for syncs, and the members that it has."""

from collections.abc import Iterable

from tests.support.people import person, phone
from tests.support.pipeline import HEADER, Pipeline
from tests.support.tables import members_of
from tests.support.written_rows import member_rows, write_rows


def fill(pipeline: Pipeline, account: str, size: int) -> None:
    """Adds the members m0, m1, … to an account."""
    write_rows(pipeline.services.table, member_rows([person(account, n) for n in range(size)]))


def row(account: str, number: int) -> str:
    """Returns the row of a member as `fill` adds it."""
    member = person(account, number)
    return f"{member.first_name},{member.last_name},{phone(number)},{member.client_member_id},{account}\n"


def roster(account: str, numbers: Iterable[int]) -> str:
    """Returns a roster of members as `fill` adds them."""
    return HEADER + "".join(row(account, number) for number in numbers)


def ids_of(pipeline: Pipeline, account: str) -> set[str]:
    """Returns the client member ids of an account."""
    return set(members_of(account, pipeline.settings.table_name))
