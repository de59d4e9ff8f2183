"""Loads at the same time as other loads and callers of the API."""

import random
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from chalicelib.errors import Busy, NotFound, Taken
from chalicelib.imports.rows.row_context import Mode
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.concurrency import run_concurrently
from tests.support.people import person, phone
from tests.support.tables import members_of
from tests.support.written_rows import codes, load


@pytest.mark.parametrize("mode", ["create", "upsert"])
def test_load_beside_api_callers_keeps_every_rule(table: MemberRepository, account: str, mode: Mode) -> None:
    """While rows are written, callers create, change, move and delete the same members."""
    for n in range(0, 120, 3):
        table.create(person(account, n))

    def call(seed: int) -> Counter[str]:
        dice = random.Random(seed)
        tally: Counter[str] = Counter()
        for _ in range(60):
            n, number = dice.randrange(120), phone(dice.randrange(150))
            acts: list[Callable[[], object]] = [
                partial(table.create, person(account, n, phone_number=number)),
                partial(table.put, person(account, n, phone_number=number, first_name="Caller")),
                partial(table.delete, MemberKey(account, f"m{n}")),
            ]
            try:
                dice.choice(acts)()
                tally["done"] += 1
            except (Taken, NotFound, Busy) as error:
                tally[error.code] += 1
        return tally

    rows = [person(account, n, last_name="Vole") for n in range(120)]
    outcomes, *tallies = run_concurrently(
        [partial(load, rows, mode), *(partial(call, seed) for seed in range(3))]
    )
    assert isinstance(outcomes, list), outcomes
    assert all(isinstance(tally, Counter) and not tally["busy"] for tally in tallies), tallies
    members = members_of(account)
    assert all(m.last_name in ("Mouse", "Vole") for m in members.values())


def test_two_imports_of_the_same_rows_create_each_once(table: MemberRepository, account: str) -> None:
    rows = [person(account, n) for n in range(150)]
    one, two = run_concurrently([partial(load, rows, "create", account + name) for name in "ab"])
    assert isinstance(one, list), one
    assert isinstance(two, list), two
    for pair in zip(codes(one), codes(two), strict=True):
        assert sorted(pair) == ["created", "unchanged"]
    assert len(members_of(account)) == 150


def test_one_load_twice_at_once_counts_every_row_created(table: MemberRepository, account: str) -> None:
    rows = [person(account, n) for n in range(150)]
    results = run_concurrently([partial(load, rows, "create", account)] * 2)
    assert [codes(r) for r in results if isinstance(r, list)] == [["created"] * 150] * 2
    assert len(members_of(account)) == 150
