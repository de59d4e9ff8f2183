"""The rows of an undo."""

from typing import Any

from chalicelib.imports.reports.applied_order import AppliedOrder
from chalicelib.imports.rows.member_row import MemberRow, encode_row
from chalicelib.imports.rows.undo_rows import COLUMNS, reverse_rows, undo_cells, undo_row
from chalicelib.imports.text.csv_reader import Chunk
from chalicelib.members.model import member_id


def change(line: int, outcome: str, name: str = "1", **before: str) -> dict[str, Any]:
    """Returns a row of changes.csv about the member with this client member id."""
    changes = {field: {"from": value, "to": "x"} for field, value in before.items()}
    return {"line": line, "outcome": outcome, "member_id": member_id("acc", name), "changes": changes}


def taken_back(*steps: list[dict[str, Any]]) -> list[tuple[int, int, str, int]]:
    """Returns (line, line in the file, outcome there, the line after which it comes) of each row of an undo."""
    rows = reverse_rows([row for one in step if (row := undo_row(one))] for step in steps)
    return [(row.line, *row.undoes) for row in rows if row.undoes and row.undoes.line]


def test_row_has_the_old_values_and_the_ids() -> None:
    assert undo_row(change(2, "rejected")) is None
    assert undo_row(change(2, "unchanged")) is None
    moved = undo_row(change(2, "updated", "new", client_member_id="old", last_name="Lee"))
    assert moved
    assert vars(moved.member) == {
        "account_id": "acc",
        "client_member_id": "old",
        "first_name": "",
        "last_name": "Lee",
        "phone_number": "",
    }
    assert (moved.previous, moved.deletes) == ("new", False)
    created = undo_row(change(2, "created"))
    assert created
    assert (created.deletes, created.member.first_name) == (True, "")


def test_removed_member_is_restored_by_no_line() -> None:
    removal = change(0, "removed", last_name="Lee") | {"line": None}
    removed = undo_row(removal)
    assert removed
    assert (removed.undoes, removed.deletes, removed.member.last_name) == ((0, "deleted", 0), False, "Lee")
    assert undo_row(removal | {"outcome": "kept"}) is None


def test_row_knows_the_row_before_it_about_its_member() -> None:
    steps = [
        [change(9, "updated", "new", client_member_id="old")],
        [change(8, "created", "other")],
        [change(7, "updated", "old", last_name="Lee")],
    ]
    assert taken_back(*steps) == [(1, 9, "updated", 0), (2, 8, "created", 0), (3, 7, "updated", 1)]


def test_ring_exchanges_ids_and_a_chain_does_not() -> None:
    there, back = (
        change(2, "updated", "b", client_member_id="a"),
        change(3, "updated", "a", client_member_id="b"),
    )
    assert taken_back([back], [there]) == [(1, 3, "updated", 0), (2, 2, "updated", 1)]
    assert taken_back([back, there]) == [(1, 3, "updated", 0), (2, 2, "updated", 0)]


def test_member_that_was_created_and_deleted_has_no_row() -> None:
    gone = [change(9, "deleted"), change(8, "updated", last_name="Lee"), change(7, "created")]
    steps = [[gone[0]], [change(5, "created", "other")], [gone[1]], [gone[2]], [change(4, "deleted")]]
    assert taken_back(*steps) == [(1, 5, "created", 0), (2, 4, "deleted", 0)]


def test_applied_order_is_reversed_ring_by_ring() -> None:
    order = AppliedOrder([2, 5, 4, 9, 3], [[5, 4, 9]])
    assert list(AppliedOrder.from_bytes(order.to_bytes()).reversed_steps()) == [[3], [5, 4, 9], [2]]


def test_rejected_rows_have_the_cells_of_an_upsert() -> None:
    rows = [
        undo_row(change(7, "created")),
        undo_row(change(8, "updated", "new", client_member_id="a\u2028b")),
    ]
    numbered = [row._replace(line=line) for line, row in enumerate(rows, 1) if isinstance(row, MemberRow)]
    chunk = Chunk(1, "\n".join(encode_row(row).decode() for row in numbered))
    cells = [dict(zip(COLUMNS, found.cells, strict=True)) for found in undo_cells(chunk)]
    assert [(one["import_line"], one["action"], one["client_member_id"]) for one in cells] == [
        ("7", "delete", "1"),
        ("8", "", "a\u2028b"),
    ]
    assert cells[1]["previous_client_member_id"] == "new"
