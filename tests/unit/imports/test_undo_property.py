"""An undo with nothing in between gives back the members. UNDOS=10000 tries more files."""

import os
import random

import pytest

from chalicelib.clock import now
from chalicelib.imports.model import Mode, RowContext
from tests.support.settlement import MemoryTable
from tests.support.undo import settle_in_order, undo_rows
from tests.unit.imports.test_settlement import members, random_file, row

FILES = int(os.environ.get("UNDOS", "400"))


def kept(table: MemoryTable) -> dict[str, dict[str, object]]:
    """Returns what an undo gives back of each member; reading them checks claims and history."""
    apart = ("last_modified", "modified_by", "version")
    return {
        name: {field: value for field, value in vars(member).items() if field not in apart}
        for name, member in table.members().items()
    }


@pytest.mark.parametrize("seed", range(FILES))
def test_undo_gives_back_the_members_and_redo_the_file(seed: int) -> None:
    dice = random.Random(seed)
    mode: Mode = dice.choice(["create", "upsert", "upsert", "upsert", "upsert", "delete"])
    deletions = {"create": 0, "delete": 1}.get(mode, dice.choice([0, 0.15, 0.4]))
    stored, lines = random_file(dice, dice.choice([0, 0.3, 0.8, 1]) if mode == "upsert" else 0, deletions)
    rows = [row(*item) for item in lines.items() if item[1].phone_number or mode != "create"]
    table = MemoryTable(members(stored))
    before = kept(table)

    outcomes, order = settle_in_order(table, rows, RowContext("import", mode, now()))
    after = kept(table)
    undo = undo_rows(rows, outcomes, order)
    undone, undo_order = settle_in_order(table, undo, RowContext("undo", "undo", now(), of="import"))

    assert {one.outcome for one in undone.values()} <= {"created", "updated", "deleted"}, undone
    assert kept(table) == before

    redo = undo_rows(undo, undone, undo_order)
    redone, _ = settle_in_order(table, redo, RowContext("redo", "undo", now(), of="undo"))
    assert {one.outcome for one in redone.values()} <= {"created", "updated", "deleted"}, redone
    assert kept(table) == after
