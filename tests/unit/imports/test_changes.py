"""changes.csv: its lines, and the pages that are read from it."""

import csv
from typing import Any

import pytest

from chalicelib.imports.reports.changes import HEADER, changes_page, chunk_lines
from chalicelib.imports.rows.member_row import MemberRow, encode_row
from chalicelib.imports.rows.outcomes import (
    Outcome,
    applied_outcome,
    changed_since,
    decode_outcomes,
    encode_outcomes,
)
from chalicelib.members.model import NewMember, member_id, new_member


def row(line: int, **fields: str) -> MemberRow:
    values = {
        "client_member_id": str(line),
        "first_name": "Ann",
        "last_name": "Lee",
        "phone_number": "+13235550001",
    }
    merged: dict[str, Any] = {"account_id": "acc", **values, **fields}
    return MemberRow(line, NewMember.model_construct(**merged))


def pages(text: str, limit: int = 100, outcome: str | None = None) -> list[dict[str, object]]:
    """Returns the rows of all pages."""
    lines, found = text.encode().splitlines(keepends=True), []
    while lines:
        rows, size = changes_page(iter(lines), limit, outcome)
        found += rows
        while size:
            size -= len(lines.pop(0))
    return found


def lines_of(rows: list[MemberRow], outcomes: dict[int, Outcome]) -> str:
    return chunk_lines(b"\n".join(map(encode_row, rows)), decode_outcomes(encode_outcomes(outcomes.items())))


def test_row_has_outcome_member_and_changed_fields() -> None:
    old = new_member(row(3, last_name="Moore").member)
    rows = [row(2), row(3, phone_number=""), row(4), row(5), row(7)]
    outcomes = {
        3: applied_outcome(rows[1], old),
        4: Outcome("unchanged"),
        5: changed_since("user:ann"),
        6: Outcome("rejected", "blank", "first_name: Must not be blank."),
        7: Outcome("rejected", "phone_number_taken", "phone_number: Already used."),
    }
    text = lines_of(rows, outcomes)
    found = pages(text)
    assert [(one["line"], one["outcome"], one["code"]) for one in found] == [
        (2, "created", None),
        (3, "updated", None),
        (4, "unchanged", None),
        (5, "unchanged", "changed_since"),
        (6, "rejected", "blank"),
        (7, "rejected", "phone_number_taken"),
    ]
    assert [one["changed_by"] for one in found] == [None, None, None, "user:ann", None, None]
    names = [one["member_id"] for one in found]
    assert names == [*(member_id("acc", str(line)) for line in range(2, 6)), None, None]
    assert found[0]["changes"] == {name: {"from": None, "to": value} for name, value in rows[0].member}
    assert found[1]["changes"] == {"last_name": {"from": "Moore", "to": "Lee"}}
    assert [one["changes"] for one in found[2:]] == [{}] * 4
    assert pages(text, 1) == found
    assert pages(text, 1, "rejected") == found[4:]


@pytest.mark.parametrize(
    "name", ["=1+1", "'=1", "a;=1", 'J. "X", Jr', "-", "O'Brien", " x", "Łukasz-Jan", "created"]
)
def test_values_are_safe_in_a_spreadsheet_and_restored(name: str) -> None:
    text = lines_of(
        [row(2, last_name=name, client_member_id=name), row(3, last_name=name)], {3: Outcome("unchanged")}
    )
    [created, unchanged] = pages(text)
    assert created["changes"]["last_name"] == {"from": None, "to": name}  # type: ignore[index]
    assert created["member_id"] == member_id("acc", name)
    cells = [cell for line in csv.reader(text.splitlines()) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "-", "@"))]
    assert pages(text, outcome="created") == [created]
    assert pages(text, outcome="unchanged") == [unchanged]


def test_header_names_each_field_twice() -> None:
    assert HEADER.startswith(
        "\ufeffline,outcome,code,member_id,account_id_from,account_id_to,client_member_id_from,"
    )


@pytest.mark.parametrize("text", ["ed,,x\n", "2,created\n", ",,,,\n", "x,created,,a,,,,,,,,,,\n"])
def test_cursor_within_a_row_is_refused(text: str) -> None:
    with pytest.raises((ValueError, LookupError, csv.Error)):
        changes_page([text.encode()], 10, None)
