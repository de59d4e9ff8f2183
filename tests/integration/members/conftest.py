"""Accounts to search in."""

import pytest

from chalicelib.members.items import name_order
from chalicelib.members.model import NewMember, new_member
from tests.support.people import odd_people, person
from tests.support.searches import add_members

LARGE = 1000


@pytest.fixture(scope="module")
def odd_account(settings: object) -> list[NewMember]:
    """The members of account odd-names, in the order of the index."""
    people = odd_people("odd-names", 200)
    add_members(people)
    return sorted(people, key=lambda new: name_order(new_member(new)).encode())


@pytest.fixture(scope="module")
def large_account(settings: object) -> list[NewMember]:
    """The thousand members of account many, in the order of the index."""
    people = [person("many", n, last_name=f"Mouse {n * 7919 % LARGE:04}") for n in range(LARGE)]
    add_members(people)
    return sorted(people, key=lambda new: new.last_name)
