"""Outcomes of rows, and members that rows ask for."""

import pytest

from chalicelib.dynamodb.items import Item
from chalicelib.imports.rows.member_row import MemberRow, decode_row, encode_row
from chalicelib.imports.rows.outcomes import (
    Outcome,
    changed_since,
    desired_member,
    existing_member_outcome,
    missing_field_outcome,
)
from chalicelib.imports.rows.row_context import RowContext
from chalicelib.members.items import to_item
from chalicelib.members.model import Origin, member_id, new_member
from tests.support.people import person, phone

IMPORT = "20261123T040000Z-aaaaaaaaaa"
ARRIVED = "2026-11-23T04:00:00.000Z"
UPSERT = RowContext(IMPORT, "upsert", "9999-12-31T23:59:59.999Z")


def entry(line: int, number: int = 1, **fields: str) -> MemberRow:
    return MemberRow(line, person("acc", number, **fields))


def stored(row: MemberRow, import_id: str = IMPORT) -> Item:
    """Returns the item of a written row."""
    return to_item(new_member(row.member), str(Origin(import_id, row.line, "created")))


def test_row_equal_to_its_member_is_unchanged() -> None:
    assert existing_member_outcome(entry(3), stored(entry(2)), IMPORT) == Outcome("unchanged")


def test_second_row_of_member_is_rejected_naming_first_line() -> None:
    outcome = existing_member_outcome(entry(3, first_name="Ann"), stored(entry(2)), IMPORT)
    assert (outcome.outcome, outcome.code) == ("rejected", "client_member_id_taken")
    assert "line 2 of this file" in outcome.reason


def test_rejection_by_an_earlier_member_names_its_id() -> None:
    outcome = existing_member_outcome(entry(3, first_name="Ann"), stored(entry(2), "another"), IMPORT)
    assert f"member {member_id('acc', 'm1')}" in outcome.reason
    assert "line" not in outcome.reason


@pytest.mark.parametrize(
    ("blanks", "expected"),
    [({}, None), ({"last_name": ""}, "last_name"), ({"phone_number": "", "first_name": ""}, "first_name")],
)
def test_missing_field_is_the_first_blank_one(blanks: dict[str, str], expected: str | None) -> None:
    assert entry(2, 1, **blanks).missing_field == expected


def test_blank_field_of_a_new_member_rejects_the_row() -> None:
    outcome = missing_field_outcome(entry(2, last_name=""))
    assert (outcome.outcome, outcome.code) == ("rejected", "blank")
    assert outcome.reason.startswith("last_name: ")


def test_blank_fields_keep_stored_values() -> None:
    old = new_member(entry(2, first_name="Ann", last_name="Lee").member)
    new = entry(3, first_name="", last_name="Low", phone_number="").with_stored(old)
    assert (new.first_name, new.last_name, new.phone_number) == ("Ann", "Low", phone(1))


def test_upsert_asks_for_stored_values_of_blank_fields() -> None:
    desired = desired_member(entry(3, last_name="", phone_number=phone(9)), stored(entry(2)), UPSERT)
    assert desired == person("acc", 1, phone_number=phone(9))


def test_upsert_of_equal_values_is_unchanged() -> None:
    assert desired_member(entry(3, last_name=""), stored(entry(2)), UPSERT) == Outcome("unchanged")


BEFORE, LATER = "2026-11-23T03:59:59.999Z", "2026-11-23T04:00:00.001Z"
OTHER = "20261123T035900Z-bbbbbbbbbb"


@pytest.mark.parametrize(
    ("by", "last_modified", "origin", "expected"),
    [
        ("user:ann", BEFORE, None, False),
        ("user:ann", ARRIVED, None, False),
        ("user:ann", LATER, None, True),
        (None, LATER, None, True),  # an item of the old app
        (f"import:{IMPORT}", LATER, Origin(IMPORT, 2, "created", ARRIVED), False),
        (f"import:{IMPORT}", LATER, Origin(OTHER, 2, "created", LATER), False),  # a ring is half applied
        (
            f"import:{OTHER}",
            LATER,
            Origin(OTHER, 2, "created", BEFORE),
            False,
        ),  # an older file that loaded late
        (f"import:{OTHER}", BEFORE, Origin(OTHER, 2, "updated", LATER), True),  # a newer file
        (f"import:{OTHER}", LATER, Origin(OTHER, 2, "updated"), True),  # of an earlier version
        ("user:ann", LATER, Origin(OTHER, 2, "created", BEFORE), True),  # changed by a user after an import
        ("import:z", LATER, Origin("z", 2, "updated", ARRIVED), True),  # at the same time: by id
        ("import:0", LATER, Origin("0", 2, "updated", ARRIVED), False),
    ],
)
def test_member_changed_after_the_file_arrived_stays(
    by: str | None, last_modified: str, origin: Origin | None, *, expected: bool
) -> None:
    member = new_member(person("acc", 1), by)
    member.last_modified = last_modified
    row, context = entry(3, first_name="New"), UPSERT._replace(arrived_at=ARRIVED)
    found = desired_member(row, to_item(member, str(origin or "")), context)
    assert found == (changed_since(by) if expected else row.member)


def test_equal_row_of_a_changed_member_is_unchanged() -> None:
    item = to_item(new_member(person("acc", 1), "user:ann"))
    assert desired_member(entry(3), item, UPSERT._replace(arrived_at=ARRIVED)) == Outcome("unchanged")


def test_row_of_new_member_asks_for_itself() -> None:
    assert desired_member(entry(3), None, UPSERT._replace(mode="create")) == person("acc", 1)


@pytest.mark.parametrize("previous", ["", "m\u00e9"])
def test_decoded_row_equals_encoded_one(previous: str) -> None:
    row = entry(7, first_name="Zo\u00eb", phone_number="")._replace(previous=previous)
    assert decode_row(encode_row(row)) == row


def test_row_keeps_values_of_the_member_it_moves() -> None:
    row = entry(3, 2, first_name="", phone_number="")._replace(previous="m1")
    previous = stored(entry(2, first_name="Ann"))
    assert desired_member(row, None, UPSERT, previous) == person(
        "acc", 2, first_name="Ann", phone_number=phone(1)
    )


def test_move_to_the_id_of_another_member_is_rejected() -> None:
    row = entry(3, 2)._replace(previous="m1")
    outcome = desired_member(row, stored(entry(2, 2)), UPSERT, stored(entry(2), "another"))
    assert isinstance(outcome, Outcome)
    assert outcome.code == "client_member_id_taken"
    assert "line 2 of this file" in outcome.reason
