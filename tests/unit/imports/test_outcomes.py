"""Outcomes of rows by the known holders of their values."""

import pytest

from chalicelib.dynamodb.items import Item
from chalicelib.imports.model import Mode
from chalicelib.imports.outcomes import (
    KnownHolders,
    MemberRow,
    Outcome,
    existing_member_outcome,
    missing_field_outcome,
    taken_outcome,
)
from chalicelib.members.items import from_item, holder_of, to_claim, to_item
from chalicelib.members.model import MemberKey, Origin, changed_member, member_id, new_member
from tests.support.people import person, phone

IMPORT = "20261123T040000Z-aaaaaaaaaa"
CREATED = Outcome("created")


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


def test_no_outcome_is_known_at_the_start() -> None:
    assert KnownHolders(IMPORT).known_outcome(entry(2), "create") is None


@pytest.mark.parametrize("mode", ["create", "upsert", "validate"])
def test_phone_number_of_an_earlier_row_is_taken(mode: Mode) -> None:
    held = KnownHolders(IMPORT)
    held.add_outcome(entry(2), CREATED, stored(entry(2)), None)
    outcome = held.known_outcome(entry(3, 2, phone_number=phone(1)), mode)
    assert outcome
    assert (outcome.code, "line 2 of" in outcome.reason) == ("phone_number_taken", True)
    assert held.relied_on == {MemberKey("acc", "m1")}  # the outcome relies on the number's holder


def test_upsert_of_a_written_member_has_no_known_outcome() -> None:
    held = KnownHolders(IMPORT)
    held.add_outcome(entry(2), CREATED, stored(entry(2)), None)
    assert held.known_outcome(entry(3, first_name="Ann"), "upsert") is None
    assert held.known_outcome(entry(3), "create") == Outcome("unchanged")


def test_phone_number_released_by_its_member_is_free() -> None:
    held = KnownHolders(IMPORT)
    before = stored(entry(2))
    held.add_phone_holders([before])
    moved = entry(3, phone_number=phone(9))
    after = to_item(changed_member(from_item(before), moved.member), str(Origin(IMPORT, 3, "updated")))
    held.add_outcome(moved, Outcome("updated"), after, before)
    assert held.known_outcome(entry(4, 2, phone_number=phone(1)), "upsert") is None
    outcome = held.known_outcome(entry(5, 3, phone_number=phone(9)), "upsert")
    assert outcome
    assert "line 3 of" in outcome.reason


def test_claim_that_rejected_a_row_rejects_the_next() -> None:
    held = KnownHolders(IMPORT)
    claim = to_claim(new_member(entry(2).member), str(Origin("another", 2, "created")))
    refused = entry(3, 2, phone_number=phone(1))
    reason = taken_outcome("phone_number", holder_of(claim), IMPORT)
    held.add_outcome(refused, reason, claim, None)
    assert held.known_outcome(entry(4, 3, phone_number=phone(1)), "create") == reason


def test_other_account_may_have_the_same_phone_number() -> None:
    held = KnownHolders(IMPORT)
    held.add_phone_holders([stored(entry(2))])
    assert held.known_outcome(MemberRow(3, person("other", 1)), "create") is None
