"""Which rows of a file may concern each other."""

import random

import pytest

from chalicelib.imports.rows import row_hashes
from chalicelib.imports.rows.member_row import MemberRow
from chalicelib.imports.rows.row_hashes import (
    INDEPENDENT,
    Dependencies,
    RowHashes,
    find_dependencies,
    hash_rows,
)
from chalicelib.members.model import MemberKey
from tests.support.people import person, phone


def chunks(rows: list[MemberRow], size: int) -> list[RowHashes]:
    return [hash_rows(rows[start : start + size]) for start in range(0, len(rows), size)]


@pytest.mark.parametrize("part_size", [7, 1_000_000])
def test_dependent_rows_of_all_chunks_are_found(part_size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_hashes, "PART_SIZE", part_size)
    dice = random.Random(part_size)
    rows = [
        MemberRow(
            n,
            person("acc", dice.randrange(60), phone_number=phone(dice.randrange(80))),
            dice.choice(["", "", f"m{100 + dice.randrange(60)}", f"m{dice.randrange(60)}"]),
        )
        for n in range(100)
    ]
    rows = [row._replace(previous="") if row.previous_key == row.key else row for row in rows]
    found = find_dependencies(lambda: chunks(rows, 9), len(rows))

    def alike(row: MemberRow, other: MemberRow) -> bool:
        return row.line != other.line and (not {*row.keys}.isdisjoint(other.keys) or row.phone == other.phone)

    assert [found.shares(row) for row in rows] == [any(alike(row, other) for other in rows) for row in rows]
    assert all(found.names_member(key) for row in rows for key in row.keys)
    assert not found.names_member(MemberKey("acc", "nobody"))


def test_blank_phone_numbers_are_not_shared() -> None:
    rows = [MemberRow(n, person("acc", n, phone_number="")) for n in range(5)]
    found = find_dependencies(lambda: chunks(rows, 2), len(rows))
    assert not any(map(found.shares, rows))


def test_accounts_do_not_share_members_or_numbers() -> None:
    rows = [MemberRow(n, person(f"acc{n}", 1)) for n in range(5)]
    found = find_dependencies(lambda: chunks(rows, 2), len(rows))
    assert not any(map(found.shares, rows))


@pytest.mark.parametrize("part_size", [2, 1_000_000])
def test_ids_that_differ_by_case_are_found(part_size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_hashes, "PART_SIZE", part_size)
    ids = ["ab1", "AB1", "12", "12", "x", "x", "y", "Straße", "STRASSE", "Ab2"]
    rows = [MemberRow(n, person("acc", n, client_member_id=name)) for n, name in enumerate(ids)]
    parts = [hash_rows(rows[start : start + 3], dry_run=True) for start in range(0, len(rows), 3)]
    found = find_dependencies(lambda: parts, len(rows))
    assert [row.member.client_member_id for row in rows if found.differs_by_case(row)] == [
        *("ab1", "AB1", "Straße", "STRASSE")
    ]
    assert not any(map(find_dependencies(lambda: chunks(rows, 3), len(rows)).differs_by_case, rows))


def test_stored_form_is_read_back() -> None:
    hashes = hash_rows([MemberRow(n, person("acc", n % 3)) for n in range(5)], dry_run=True)
    assert RowHashes.from_bytes(hashes.to_bytes()) == hashes
    found = find_dependencies(lambda: [hashes], 5)
    assert Dependencies.from_bytes(found.to_bytes()) == found
    assert Dependencies.from_bytes(INDEPENDENT.to_bytes()) == INDEPENDENT
