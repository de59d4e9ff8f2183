"""Options of an import with rules of their own."""

from typing import Any

import pytest

from chalicelib.errors import Invalid
from chalicelib.fields.validation import validate
from chalicelib.imports.records.new_import import NewImport


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Handy": "phone_number"}, {"phone_number": "Handy"}),
        (
            {"Handy": "Phone", "Kd.-Nr.": "Member ID"},
            {"phone_number": "Handy", "client_member_id": "Kd.-Nr."},
        ),
        ("Phone=Handy", {"phone_number": "Handy"}),
        (" phone_number = Handy ,Member ID=Nr=1", {"phone_number": "Handy", "client_member_id": "Nr=1"}),
        (' {"Handy, privat = x": "phone_number"}', {"phone_number": "Handy, privat = x"}),
        ("Handy=Phone", {"phone_number": "Handy"}),  # only one side names a field
        ({"phone_number": "Handy"}, {"phone_number": "Handy"}),
        ({"account": "client_member_id"}, {"client_member_id": "account"}),
        ("client_member_id=account", {"client_member_id": "account"}),
        ("Phone=Mobile", {"phone_number": "Mobile"}),
        ({"Mobile": "Phone"}, {"phone_number": "Mobile"}),
        (
            {"first_name": "last_name", "last_name": "first_name"},
            {"last_name": "first_name", "first_name": "last_name"},
        ),
    ],
)
def test_own_column_names_are_read_by_field(value: object, expected: dict[str, str]) -> None:
    assert validate(NewImport, {"columns": value}).columns == expected


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "unknown_field"),
        ("Handy", "unknown_field"),
        ("Phone=", "unknown_field"),
        ("Handy=Nummer", "unknown_field"),
        ({"Handy": "mail"}, "unknown_field"),
        ({"": "phone_number"}, "unknown_field"),
        ('{"Handy": 7}', "wrong_type"),
        ("{", "wrong_type"),
        ("Phone=Handy,Mobile=Tel", "repeated_field"),
        ({"Handy": "phone_number", "handy ": "client_member_id"}, "repeated_field"),
        ({"x" * 201: "phone_number"}, "too_long"),
        (["Phone=Handy"], "wrong_type"),
        ({"Handy": ["phone_number"]}, "wrong_type"),
        (7, "wrong_type"),
    ],
)
def test_invalid_column_names_are_refused(value: Any, code: str) -> None:
    with pytest.raises(Invalid) as raised:
        validate(NewImport, {"columns": value})
    assert [(error.pointer, error.code) for error in raised.value.errors] == [("#/columns", code)]


@pytest.mark.parametrize(("value", "rows"), [(7, 7), ("7", 7), (" 007 ", 7), (7.0, 7), (0, 0)])
def test_number_of_rows_may_be_a_text_or_whole_float(value: object, rows: int) -> None:
    assert validate(NewImport, {"rows": value}).rows == rows


@pytest.mark.parametrize("value", [True, 7.5, "7.0", "", "-1", -1, 10**10, "\u0667"])
def test_other_number_of_rows_is_refused(value: object) -> None:
    with pytest.raises(Invalid):
        validate(NewImport, {"rows": value})
