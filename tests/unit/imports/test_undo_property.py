"""An undo with nothing in between gives back the members. UNDOS=10000 tries more files."""

import os
import random

import pytest

from chalicelib.clock import now
from chalicelib.imports.rows.outcomes import Outcome
from chalicelib.imports.rows.row_context import Mode, RowContext
from tests.support.account_model import NEW_NAME, AccountModel
from tests.support.model import Stored
from tests.support.settlement import MemoryTable, settlement
from tests.support.undo import settle_in_order, undo_rows
from tests.unit.imports.test_settlement import members, random_file, row

pytestmark = pytest.mark.usefixtures("table_clock")
FILES = int(os.environ.get("UNDOS", "250"))


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


@pytest.mark.parametrize("seed", range(FILES))
def test_undo_changes_no_member_that_others_have_changed(seed: int) -> None:
    """Between the batches of the undo too: what cannot be written is judged again."""
    dice = random.Random(seed)
    stored, lines = random_file(dice, dice.choice([0, 0.5, 1]), dice.choice([0, 0.3]))
    rows = [row(*item) for item in lines.items()]
    table = MemoryTable(members(stored))
    outcomes, order = settle_in_order(table, rows, RowContext("import", "upsert", now()))
    undo = undo_rows(rows, outcomes, order)
    chosen = dice.sample(sorted(table.members()), dice.randint(0, min(2, len(table.members()))))
    for name in chosen:
        table.change_name(name, "Zoe")
    theirs = {name: table.members()[name] for name in chosen}

    context = RowContext("undo", "undo", now(), of="import")
    undone: dict[int, Outcome] = {}
    for batch in settlement(table, undo, context).batches():
        if dice.random() < 0.3 and (left := sorted(table.members().keys() - theirs.keys())):
            table.change_name(name := dice.choice(left), f"Zed{len(theirs)}")
            theirs[name] = table.members()[name]
        batch.failed = not table.write(batch.writes())
        undone |= {} if batch.failed else {queued.line: outcome for queued, outcome in batch.settled}

    assert undone.keys() == {one.line for one in undo}
    found = table.members()
    assert {name: found.get(name) for name in theirs} == theirs
    codes = {one.code for one in undone.values()}
    assert codes <= {"", "changed_since", "phone_number_taken", "client_member_id_taken", "later_row_kept"}
    assert theirs or codes <= {""}


@pytest.mark.parametrize("seed", range(FILES))
def test_undo_and_redo_end_as_their_meaning_says(seed: int) -> None:
    """With changes by others before each, and rows that are not loaded."""
    dice = random.Random(seed)
    stored, lines = random_file(dice, dice.choice([0, 0.3, 0.8, 1]), dice.choice([0, 0.15, 0.4]))
    table = MemoryTable(members(stored))
    model = AccountModel({name: one._replace(birth=f"#{name}") for name, one in stored.items()})
    rows = [row(*item) for item in lines.items()]
    outcomes, order = settle_in_order(table, rows, RowContext("import", "upsert", now()))
    settled = model.load(lines, "upsert", "import:import")
    settled.run()
    model.apply(settled)

    of = "import"
    for name in ("undo", "redo"):
        left_alone = sorted(who for who, one in model.members.items() if one.first_name != NEW_NAME)
        for member in dice.sample(left_alone, min(dice.choice([0, 0, 1, 2]), len(left_alone))):
            table.change_name(member, NEW_NAME)
            model.call("change", member)
        rows = undo_rows(rows, outcomes, order)
        lines = model.undo_rows(f"import:{of}", rows)
        left = [one for one in rows if dice.random() < 0.9] if dice.random() < 0.3 else rows

        outcomes, order = settle_in_order(table, left, RowContext(name, "undo", now(), of=of))
        settled = model.load({one.line: lines[one.line] for one in left}, "undo", f"import:{name}")

        assert {line: one.code or one.outcome for line, one in outcomes.items()} == settled.run()
        model.apply(settled)
        found = {
            name: Stored(member.first_name, member.last_name, member.phone_number, member.version)
            for name, member in table.members().items()
        }
        assert found == {name: one._replace(birth="") for name, one in model.members.items()}
        outcomes |= {one.line: Outcome("rejected", "cancelled") for one in rows if one not in left}
        of = name
