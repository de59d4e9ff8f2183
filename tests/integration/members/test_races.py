"""Concurrent writes never share a value between members, and never leave a member half written."""

import os
from collections import Counter
from functools import partial
from typing import Any

import pytest

from chalicelib.errors import Busy, NotFound, Taken
from chalicelib.members.model import Member, NewMember
from chalicelib.members.repository import MemberRepository
from chalicelib.preconditions import Precondition
from tests.support.concurrency import run_concurrently
from tests.support.people import key_of, person, phone, set_fields
from tests.support.tables import members_of

ROUNDS = int(os.environ.get("RACE_ROUNDS", "60"))


def outcomes(results: list[Any]) -> tuple[list[Member], list[Taken]]:
    """Returns (created members, errors), and asserts that there is no other result."""
    winners = [r for r in results if isinstance(r, Member)]
    losers = [r for r in results if isinstance(r, Taken)]
    assert len(winners) + len(losers) == len(results), [
        r for r in results if not isinstance(r, Member | Taken)
    ]
    return winners, losers


def test_concurrent_creates_of_one_member_create_it_once(members: MemberRepository, account: str) -> None:
    """Each round uses a new phone number and a new client member id."""
    won = {}
    for n in range(ROUNDS):
        new = person(account, n)
        winners, losers = outcomes(run_concurrently([partial(members.create, new)] * 16))
        assert len(winners) == 1
        assert {e.holder.member_id for loser in losers for e in loser.errors if e.holder} == {winners[0].id}
        won[winners[0].client_member_id] = winners[0]
    assert members_of(account) == won


@pytest.mark.parametrize("field", ["phone_number", "client_member_id"])
def test_concurrent_creates_with_shared_value_create_one_member(
    members: MemberRepository, account: str, field: str
) -> None:
    won = {}
    for n in range(ROUNDS // 5):
        shared = getattr(person(account, n * 100), field)
        new = [person(account, n * 100 + i, **{field: shared}) for i in range(16)]
        winners, losers = outcomes(run_concurrently([partial(members.create, one) for one in new]))
        assert len(winners) == 1
        assert {loser.code for loser in losers} == {f"{field}_taken"}
        assert {e.holder.member_id for loser in losers for e in loser.errors if e.holder} == {winners[0].id}
        won[winners[0].client_member_id] = winners[0]
    assert members_of(account) == won


def test_concurrent_changes_are_all_counted(members: MemberRepository, account: str) -> None:
    def add_one(member: Member) -> NewMember:
        return set_fields(first_name=str(int(member.first_name) + 1))(member)

    old = members.create(person(account, first_name="0"))
    results = run_concurrently([partial(members.change, key_of(old), add_one)] * 12)
    done = [r for r in results if isinstance(r, Member)]
    assert all(isinstance(r, Member | Busy) for r in results)
    new = members.get(key_of(old))
    assert (new.first_name, new.version) == (str(len(done)), 1 + len(done))
    assert sorted(r.version for r in done) == list(range(2, 2 + len(done)))
    assert members_of(account) == {"m1": new}


def test_concurrent_phone_number_changes_leave_one_claim(members: MemberRepository, account: str) -> None:
    old = members.create(person(account))
    results = run_concurrently(
        [partial(members.change, key_of(old), set_fields(phone_number=phone(n))) for n in range(10, 18)]
    )
    assert all(isinstance(r, Member) for r in results), results
    assert members_of(account)["m1"].version == 9


def test_concurrent_change_and_delete_leave_no_partial_member(
    members: MemberRepository, account: str
) -> None:
    for n in range(ROUNDS // 5):
        old = members.create(person(account, n))
        edits = (
            {"last_name": "Vole"},
            {"phone_number": phone(n + 5000)},
            {"client_member_id": f"moved{n}"},
        )
        changed, deleted = run_concurrently(
            [
                partial(members.change, key_of(old), set_fields(**edits[n % 3])),
                partial(members.delete, key_of(old)),
            ]
        )
        assert isinstance(changed, Member | NotFound)
        assert deleted is None or isinstance(deleted, NotFound)
        if isinstance(changed, Member) and deleted:  # the move came first
            members.delete(key_of(changed))
    assert members_of(account) == {}


def test_concurrent_create_and_delete_leave_no_partial_member(
    members: MemberRepository, account: str
) -> None:
    created_last = 0
    for n in range(ROUNDS // 5):
        new = person(account, n)
        existed = n % 2 == 1
        if existed:
            members.create(new)
        created, deleted = run_concurrently(
            [partial(members.create, new), partial(members.delete, key_of(new))]
        )
        assert isinstance(created, Member | Taken)
        assert deleted is None or isinstance(deleted, NotFound)
        # The create came last if it followed the older member's delete, or a delete that found no member.
        if isinstance(created, Member) and (existed or deleted is not None):
            created_last += 1
            members.delete(key_of(new))
    assert members_of(account) == {}
    assert created_last


def test_concurrent_changes_to_one_phone_number_have_one_winner(
    members: MemberRepository, account: str
) -> None:
    one, two = members.create(person(account, 1)), members.create(person(account, 2))
    for n in range(ROUNDS // 5):
        number = phone(100 + n)
        results = run_concurrently(
            [partial(members.change, key_of(m), set_fields(phone_number=number)) for m in (one, two)]
        )
        assert Counter(type(r) for r in results) == {Member: 1, Taken: 1}
    members_of(account)


def test_concurrent_phone_number_swap_is_rejected(members: MemberRepository, account: str) -> None:
    """Each member changes to the other's number, which the other still has."""
    one, two = members.create(person(account, 1)), members.create(person(account, 2))
    for _ in range(ROUNDS // 5):
        results = run_concurrently(
            [
                partial(members.change, key_of(one), set_fields(phone_number=two.phone_number)),
                partial(members.change, key_of(two), set_fields(phone_number=one.phone_number)),
            ]
        )
        assert all(isinstance(r, Taken) for r in results)
    assert members_of(account) == {"m1": one, "m2": two}


def test_concurrent_mixed_operations_keep_all_constraints(members: MemberRepository, account: str) -> None:
    """Eight threads create, replace, change, move and delete members with four ids and four phone numbers."""
    tally: Counter[str] = Counter()

    def work(seed: int) -> None:
        for step in range(ROUNDS // 5):
            n, kind = (seed * 7 + step * 3) % 4, (seed + step) % 5
            new = person(account, n, phone_number=phone((seed + step * 5) % 4), first_name=f"{seed}-{step}")
            try:
                if kind == 0:
                    members.create(new)
                elif kind == 1:
                    members.put(new)
                elif kind == 2:
                    members.change(key_of(new), set_fields(phone_number=new.phone_number))
                elif kind == 3:
                    members.change(key_of(new), set_fields(client_member_id=f"m{(n + 1) % 4}"))
                else:
                    members.delete(key_of(new))
                tally["done"] += 1
            except (Taken, NotFound, Busy) as error:
                tally[error.code] += 1

    failures = [r for r in run_concurrently([partial(work, seed) for seed in range(8)]) if r]
    assert not failures
    assert tally["busy"] <= tally.total() // 20
    members_of(account)


@pytest.mark.parametrize("operation", ["change", "delete"])
def test_member_recreated_during_write_is_read_again(
    members: MemberRepository, account: str, operation: str
) -> None:
    """Both members have version 1. Writing the first one's phone number again would give it to two members."""
    old, other = person(account), person(account, first_name="Ann", phone_number=phone(2))
    members.create(old)
    checks = iter(range(9))

    class ReplaceMember(Precondition):
        """Replaces the member between the read and the write."""

        def check(self, _etag: str | None) -> None:
            if next(checks) == 0:
                members.delete(key_of(old))
                members.create(other)

    if operation == "change":
        changed = members.change(key_of(old), set_fields(last_name="Moused"), ReplaceMember())
        assert (changed.first_name, changed.last_name, changed.phone_number) == ("Ann", "Moused", phone(2))
    else:
        members.delete(key_of(old), ReplaceMember())
    members.create(person(account, 3, phone_number=old.phone_number))
    assert set(members_of(account)) == ({"m1", "m3"} if operation == "change" else {"m3"})
