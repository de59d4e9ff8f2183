"""What a row of an undo asks for, by the state of its member."""

from dataclasses import replace

import pytest

from chalicelib.imports.rows.member_row import MemberRow, Undoes, decode_row, encode_row
from chalicelib.imports.rows.outcomes import changed_since
from chalicelib.imports.rows.row_context import RowContext
from chalicelib.imports.writing.undo_rules import LATER_ROW_KEPT, NO_HISTORY, Restoration, undone_member
from chalicelib.members.history import Entry
from chalicelib.members.items import to_item
from chalicelib.members.model import MemberKey, Origin, changed_member, key_of, new_member
from tests.support.people import person

FILE, UNDO = "import:file", "import:undo"
CONTEXT = RowContext("undo", "undo", "2026-11-23T04:00:00.000Z", of="file")
OLD = person("acc", 1)
NEW = person("acc", 1, first_name="New")


def row(outcome: str, after: int = 0, previous: str = "") -> MemberRow:
    blank = OLD.model_copy(update={"last_name": "", "phone_number": ""})
    member = OLD if outcome == "deleted" else blank
    return MemberRow(3, member, previous, outcome == "created", Undoes(7, outcome, after))


def judged(asked: MemberRow, by: str | None, origin: str) -> object:
    """Returns what a row asks for if its member was last changed like this; by None if nobody is there."""
    item = to_item(new_member(NEW, by), origin) if by else None
    return undone_member(asked, item, CONTEXT, None, lambda _: [])


def entry(by: str, origin: Origin | None, *, deletes: bool = True) -> Entry:
    before = new_member(NEW, "user:bob")
    after = None if deletes else changed_member(before, NEW, by)
    return Entry(key_of(NEW), "2026-11-23T05:00:00.000Z", by, origin, before, after)


MADE, UNDONE = str(Origin("file", 7, "updated")), str(Origin("undo", 2, "updated"))


@pytest.mark.parametrize(
    ("after", "by", "origin", "applied"),
    [
        (0, FILE, MADE, True),
        (0, UNDO, MADE, True),  # a ring is half applied
        (2, UNDO, UNDONE, True),  # a later row was taken back
        (0, FILE, str(Origin("file", 8, "updated")), False),  # a later row was not
        (2, FILE, str(Origin("file", 8, "updated")), False),
        (2, UNDO, str(Origin("undo", 1, "updated")), False),
        (0, UNDO, UNDONE, False),
    ],
)
def test_member_that_the_import_left_is_changed_back(
    after: int, by: str, origin: str, *, applied: bool
) -> None:
    assert judged(row("updated", after), by, origin) == (OLD if applied else LATER_ROW_KEPT)
    assert judged(row("created", after), by, origin) == (None if applied else LATER_ROW_KEPT)
    assert judged(row("deleted", after), by, origin) == LATER_ROW_KEPT


@pytest.mark.parametrize("outcome", ["created", "updated", "deleted"])
@pytest.mark.parametrize(
    ("by", "origin"), [("user:ann", MADE), ("import:other", str(Origin("other", 7, "updated")))]
)
def test_member_changed_by_others_stays(outcome: str, by: str, origin: str) -> None:
    assert judged(row(outcome), by, origin) == changed_since(by)


DELETION = entry(FILE, Origin("file", 7, "deleted"))


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([DELETION], Restoration(DELETION.before, DELETION)),
        ([entry(UNDO, Origin("undo", 2, "deleted")), DELETION], None),
        ([entry(FILE, Origin("file", 9, "updated"), deletes=False), DELETION], None),
        ([entry("user:ann", None), DELETION], changed_since("user:ann")),
        ([entry("import:other", Origin("other", 7, "deleted")), DELETION], changed_since("import:other")),
        ([entry(FILE, Origin("file", 6, "deleted"))], LATER_ROW_KEPT),
        ([], NO_HISTORY),
    ],
)
def test_deleted_member_is_restored_from_its_history(entries: list[Entry], found: object) -> None:
    """Its history notes it at the last change under the id."""
    asked = undone_member(row("deleted"), None, CONTEXT, None, lambda _: entries)
    assert asked == (found or Restoration(DELETION.before, entries[0]))


def test_absent_member_is_not_created_in_place_of_a_change() -> None:
    for outcome in ("created", "updated"):
        for entries, found in (
            ([DELETION], LATER_ROW_KEPT),
            ([entry("user:ann", None)], changed_since("user:ann")),
        ):
            asked = undone_member(row(outcome), None, CONTEXT, None, lambda _, entries=entries: entries)  # type: ignore[misc]
            assert asked == found
    assert judged(row("updated"), None, "") == NO_HISTORY
    deleted = judged(row("created"), None, "")
    assert getattr(deleted, "outcome", "") == "unchanged"


def test_change_before_the_import_is_not_a_newer_one() -> None:
    """Of a member that a later row has moved away, and that of another caller before both rows."""
    own, later = Origin("file", 7, "updated"), Origin("file", 9, "updated")
    earlier = entry("user:ann", None)
    for newer in (
        [entry(FILE, later, deletes=False), entry(FILE, own, deletes=False)],
        [replace(entry(FILE, later, deletes=False), before_origin=own)],  # the row has created the member
    ):
        for outcome in ("created", "updated"):
            entries = [*newer, earlier]
            asked = undone_member(row(outcome), None, CONTEXT, None, lambda _, entries=entries: entries)  # type: ignore[misc]
            assert asked == LATER_ROW_KEPT


def test_moved_member_moves_back_unless_its_id_is_taken() -> None:
    moved = to_item(new_member(person("acc", 2, first_name="New"), FILE), MADE)
    asked = row("updated", previous="m2")
    assert undone_member(asked, None, CONTEXT, moved, lambda _: []) == OLD.model_copy(
        update={"last_name": person("acc", 2).last_name, "phone_number": person("acc", 2).phone_number}
    )
    holder = to_item(new_member(NEW, "user:ann"))
    found = undone_member(asked, holder, CONTEXT, moved, lambda _: [])
    assert getattr(found, "code", "") == "client_member_id_taken"
    seen: list[MemberKey] = []

    def entries(key: MemberKey) -> list[Entry]:
        seen.append(key)
        return []

    assert undone_member(asked, holder, CONTEXT, None, entries) == NO_HISTORY
    assert seen == [MemberKey("acc", "m2")]


@pytest.mark.parametrize("asked", [row("created"), row("updated", 5, "m9"), row("deleted")])
def test_stored_row_of_an_undo_is_read_back(asked: MemberRow) -> None:
    assert decode_row(encode_row(asked)) == asked
