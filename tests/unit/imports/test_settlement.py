"""Settling rows that share members or phone numbers. SETTLEMENTS=10000 SETTLEMENT_ROWS=100000 settles more."""

import os
import random
from collections import Counter

import pytest

from chalicelib.imports.rows.member_row import MemberRow
from chalicelib.imports.rows.outcomes import Outcome
from chalicelib.imports.rows.row_context import Mode, RowContext
from chalicelib.imports.writing.net_effect import MAX_BATCH_WRITES
from chalicelib.members.model import NewMember
from tests.support.model import Line, Settling, Stored
from tests.support.settlement import MemoryTable, settle, settlement

pytestmark = pytest.mark.usefixtures("table_clock")
FILES = int(os.environ.get("SETTLEMENTS", "400"))


def row(line: int, cells: Line) -> MemberRow:
    fields = {name: getattr(cells, name) for name in ("first_name", "last_name", "phone_number")}
    member = NewMember.model_construct(account_id="acc", client_member_id=cells.client_member_id, **fields)
    return MemberRow(line, member, cells.previous if cells.is_move else "", cells.deletes)


def members(stored: dict[str, Stored]) -> list[NewMember]:
    return [row(0, Line(*member[:3], name)).member for name, member in stored.items()]


def numbers(pairs: list[tuple[int, int]]) -> dict[int, Line]:
    """Returns rows by line, of (member, phone number) each."""
    return {line: Line("Ann", "Lee", f"+{phone}", str(name)) for line, (name, phone) in enumerate(pairs, 2)}


def random_file(
    dice: random.Random, moves: float = 0, deletions: float = 0
) -> tuple[dict[str, Stored], dict[int, Line]]:
    """Returns a dense file about a few members, and the members before it.

    `moves` and `deletions` are the shares of such rows.
    """
    people, phones = dice.randint(2, 8), dice.randint(2, 9)
    count = min(people, phones, dice.randint(0, 8))
    held = zip(dice.sample(range(people), count), dice.sample(range(phones), count), strict=True)
    stored = {str(name): Stored(dice.choice("AB"), "Lee", f"+{phone}") for name, phone in held}

    def line() -> Line:
        if dice.random() < deletions:
            phone = f"+{dice.randrange(phones)}" if dice.random() < 0.2 else ""
            return Line(dice.choice(["", "", "A"]), "", phone, str(dice.randrange(people)), deletes=True)
        blank = dice.random() < (0.5 if moves else 0.1)
        phone = "" if blank else f"+{dice.randrange(phones)}"
        previous = str(dice.randrange(people)) if dice.random() < moves else ""
        return Line(dice.choice("AAAB"), "Lee", phone, str(dice.randrange(people)), previous=previous)

    return stored, {number: line() for number in range(2, dice.randint(3, 16))}


@pytest.mark.parametrize("seed", range(FILES))
def test_random_file_matches_reference_model(seed: int) -> None:
    dice = random.Random(seed)
    mode: Mode = dice.choice(["create", "upsert", "upsert", "upsert", "upsert", "delete"])
    deletions = {"create": 0, "delete": 1}.get(mode, dice.choice([0, 0, 0.15, 0.4]))
    before, lines = random_file(dice, dice.choice([0, 0.3, 0.8, 1]) if mode == "upsert" else 0, deletions)
    if mode == "create":
        lines = {
            number: line._replace(phone_number=line.phone_number or "+1") for number, line in lines.items()
        }
    table = MemoryTable(members(before))

    outcomes = settle(table, [row(*item) for item in lines.items()], mode)

    expected = dict(before)
    codes = Settling(expected, lines, mode).run()
    assert {line: outcome.code or outcome.outcome for line, outcome in outcomes.items()} == codes
    after = {
        name: Stored(member.first_name, member.last_name, member.phone_number, member.version)
        for name, member in table.members().items()
    }
    assert after == expected


def moves(pairs: list[tuple[int, int]]) -> tuple[MemoryTable, list[MemberRow]]:
    """Returns a table in which each member has the number of its name, and rows of (member, phone number)."""
    table = MemoryTable(row(0, line).member for line in numbers([(n, n) for n, _ in pairs]).values())
    return table, [row(*item) for item in numbers(pairs).items()]


def check_moved(table: MemoryTable, pairs: list[tuple[int, int]]) -> None:
    found = table.members()
    assert {name: member.phone_number for name, member in found.items()} == {
        str(n): f"+{p}" for n, p in pairs
    }


@pytest.mark.parametrize("size", range(2, 61))
def test_ring_of_any_size_moves_round(size: int) -> None:
    pairs = [(n, (n + 1) % size) for n in range(size)]
    table, rows = moves(pairs)
    assert Counter(one.outcome for one in settle(table, rows, "upsert").values()) == {"updated": size}
    check_moved(table, pairs)


SIZE = int(os.environ.get("SETTLEMENT_ROWS", "1000"))
SHAPES = {
    "chain forwards": [(n, n + 1) for n in range(SIZE)],
    "chain backwards": [(n, n + 1) for n in reversed(range(SIZE))],
    "column shifted by one row": [(n, (n + 1) % SIZE) for n in range(SIZE)],
    "swaps": [(n, n ^ 1) for n in range(SIZE)],
    "shuffled": list(zip(range(SIZE), random.Random(1).sample(range(SIZE), SIZE), strict=True)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_long_shape_takes_few_batches_and_reads(shape: str) -> None:
    """In proportion to its rows: with twice as many, each would take twice as much."""
    pairs = SHAPES[shape]
    table, rows = moves(pairs)
    batches = 0
    for batch in settlement(table, rows, "upsert").batches():
        batches += 1
        assert table.write(batch.writes())
    assert batches <= SIZE / 30
    assert table.reads <= 3 * SIZE
    check_moved(table, pairs)


def renewals(pairs: list[tuple[int, int]]) -> tuple[MemoryTable, list[MemberRow]]:
    """Returns a table in which each member has the number of its name, and rows of (previous id, new id)."""
    table = MemoryTable(row(0, line).member for line in numbers([(n, n) for n, _ in pairs]).values())
    lines = [Line("Ann", "Lee", "", str(new), previous=str(old)) for old, new in pairs]
    return table, [row(*item) for item in enumerate(lines, 2)]


def check_renewed(table: MemoryTable, pairs: list[tuple[int, int]]) -> None:
    found = table.members()
    assert {name: (member.phone_number, member.version) for name, member in found.items()} == {
        str(new): (f"+{old}", 2) for old, new in pairs
    }


@pytest.mark.parametrize("shape", ["chain forwards", "chain backwards", "swaps"])
def test_long_shape_of_ids_takes_few_batches_and_reads(shape: str) -> None:
    table, rows = renewals(SHAPES[shape])
    batches = 0
    for batch in settlement(table, rows, "upsert").batches():
        batches += 1
        assert table.write(batch.writes())
    assert batches <= SIZE / 20
    assert table.reads <= 3 * SIZE
    assert table.requests <= 10 + SIZE / 100
    check_renewed(table, SHAPES[shape])


@pytest.mark.parametrize("size", range(2, MAX_BATCH_WRITES // 4 + 1))  # two items and two records each
def test_ids_move_round_in_a_ring(size: int) -> None:
    pairs = [(n, (n + 1) % size) for n in range(size)]
    random.Random(size).shuffle(pairs)
    table, rows = renewals(pairs)
    assert Counter(one.outcome for one in settle(table, rows, "upsert").values()) == {"updated": size}
    check_renewed(table, pairs)


def test_ring_of_ids_too_large_for_a_transaction_is_rejected() -> None:
    size = MAX_BATCH_WRITES // 4 + 1
    table, rows = renewals([(n, (n + 1) % size) for n in range(size)])
    before = table.members()
    assert Counter(one.code for one in settle(table, rows, "upsert").values()) == {
        "client_member_id_taken": size
    }
    assert table.members() == before


@pytest.mark.parametrize(
    ("stored", "cells", "code"),
    [
        ("1", Line("", "", "", "2", previous="1"), "updated"),
        ("2", Line("", "", "", "2", previous="1"), "unchanged"),  # it was moved before
        ("2", Line("Ann", "", "", "2", previous="1"), "updated"),
        ("", Line("Ann", "Lee", "+3", "2", previous="1"), "created"),
        ("", Line("Ann", "", "+3", "2", previous="1"), "blank"),
        ("12", Line("", "", "", "2", previous="1"), "client_member_id_taken"),
    ],
)
def test_row_with_a_previous_id_has_its_outcome(stored: str, cells: Line, code: str) -> None:
    table = MemoryTable(row(0, Line("Zed", "Lee", f"+{name}", name)).member for name in stored)
    outcome = settle(table, [row(2, cells)], "upsert")[2]
    assert (outcome.code or outcome.outcome) == code


def test_ring_of_ids_keeps_a_member_changed_since() -> None:
    pairs = [(0, 1), (1, 0), (2, 3), (3, 2)]
    table, rows = renewals(pairs)
    arrived = RowContext("import", "upsert", max(one.last_modified for one in table.members().values()))
    table.change_name("1", "Zoe")
    outcomes = settle(table, rows, arrived)
    assert Counter(one.code or one.outcome for one in outcomes.values()) == {
        "updated": 2,
        "changed_since": 1,
        "client_member_id_taken": 1,
    }
    assert table.members()["1"].first_name == "Zoe"


@pytest.mark.parametrize("seed", range(100))
def test_rows_are_judged_again_after_a_change_by_others(seed: int) -> None:
    """Now and then another writer changes an item of a batch: then the rest of the file meets the new state."""
    dice = random.Random(seed)
    before, lines = random_file(dice, dice.choice([0, 0.5]), dice.choice([0, 0.3]))
    table = MemoryTable(members(before))
    settling = settlement(table, [row(*item) for item in lines.items()], "upsert")
    outcomes: dict[int, Outcome] = {}
    for number, batch in enumerate(settling.batches()):
        if number < 3 and batch.members:
            key = dice.choice(list(batch.members))
            table.change_name(key.client_member_id, f"Changed{number}")
        batch.failed = not table.write(batch.writes())
        if not batch.failed:
            outcomes |= {queued.line: outcome for queued, outcome in batch.settled}
    assert outcomes.keys() == lines.keys()
    table.members()  # each has its claim
