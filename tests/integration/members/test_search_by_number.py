"""Searches by phone number and by client member id, within an account and over all."""

import math
from typing import Any

import pytest

from chalicelib import config
from chalicelib.members.repository import MemberRepository
from chalicelib.members.search import MemberSearch, Search
from tests.support.metering import metered
from tests.support.people import person, phone
from tests.support.searches import pages


def test_search_by_number_in_account_reads_two_items_at_most(
    members: MemberRepository, member_search: MemberSearch, account: str
) -> None:
    one, two = members.create(person(account, 1)), members.create(person(account, 2))
    for search, found in (
        (Search(account_id=account, client_member_id="m1"), [one]),
        (Search(account_id=account, phone_number=phone(2)), [two]),
        (Search(account_id=account, client_member_id="m1", phone_number=phone(1)), [one]),
        (Search(account_id=account, client_member_id="m1", phone_number=phone(2)), []),
        (Search(account_id=account, phone_number=phone(2), last_name="mou"), [two]),
        (Search(account_id=account, phone_number=phone(2), last_name="rat"), []),
        (Search(account_id=account, client_member_id="m1", last_name="MOUS"), [one]),
        (Search(account_id=account, client_member_id="m3"), []),
        (Search(account_id=account, phone_number=phone(3)), []),
    ):
        with metered(config.dynamodb()) as meter:
            page = member_search.find(search, 10)
        assert (page.members, page.cursor) == (found, None)
        assert meter.calls.keys() == {"GetItem"}
        assert meter.units <= 2  # one for the claim, one for the member


@pytest.mark.parametrize("field", ["phone_number", "client_member_id"])
@pytest.mark.parametrize("limit", [1, 3, 12, 13, 50])
def test_number_shared_by_accounts_is_paged_by_account(
    members: MemberRepository, member_search: MemberSearch, account: str, field: str, limit: int
) -> None:
    number: Any = {"phone_number": f"+44{int(account[4:], 16) % 10**10:010}", "client_member_id": account}[
        field
    ]
    accounts = [f"{account}-{letter}" for letter in "abcdefghijkl"] + [account + "-🦊"]
    for n, one in enumerate(accounts):
        members.create(person(one, n, **{field: number}))
    search = Search(**{field: number})
    found = list(pages(member_search, search, limit))
    assert [m.account_id for page in found for m in page] == accounts
    assert len(found) == math.ceil(len(accounts) / limit)
    named = member_search.find(Search(**{field: number, "last_name": "mouse"}), 50)
    assert len(named.members) == len(accounts)


def test_phone_number_and_client_member_id_must_both_match(
    members: MemberRepository, member_search: MemberSearch, account: str
) -> None:
    shared: dict[str, Any] = {"phone_number": phone(777), "client_member_id": account}
    members.create(person(account + "-a", **shared))
    members.create(person(account + "-b", **shared | {"phone_number": phone(778)}))
    members.create(person(account + "-c", **shared | {"client_member_id": "other"}))
    found = member_search.find(Search(**shared), 500).members
    assert [m.account_id for m in found if m.account_id.startswith(account)] == [account + "-a"]


def test_search_by_number_sees_preceding_write(
    members: MemberRepository, member_search: MemberSearch, account: str
) -> None:
    for n in range(20):
        new = members.create(person(account, n))
        assert member_search.find(Search(account_id=account, phone_number=phone(n)), 1).members == [new]
        assert member_search.find(Search(account_id=account, client_member_id=f"m{n}"), 1).members == [new]
