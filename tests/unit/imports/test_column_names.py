"""What the names of columns mean, and which of several columns is used."""

import pytest

from chalicelib.errors import Unreadable
from chalicelib.imports.rows.column_names import (
    ACTION,
    COLUMN_NAMES,
    PREVIOUS_ID,
    Found,
    field_of,
    find_columns,
)
from chalicelib.members.model import NewMember


def test_usual_names_cover_all_fields() -> None:
    assert set(COLUMN_NAMES.values()) == {*NewMember.model_fields, PREVIOUS_ID, ACTION}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("First Name *", "first_name"),
        ("*First Name", "first_name"),
        ("Last\u00a0Name\u00a0*", "last_name"),
        ("Phone\u00a0", "phone_number"),
        ("\u200bPhone\ufeff", "phone_number"),
        ("Member ID #", "client_member_id"),
        ("Account\n(required)", "account_id"),
        ("Account [required]", "account_id"),
        ("Account required", "account_id"),
        ("Last Name (as on the card)", "last_name"),
        ("\uff08\u5fc5\u9808\uff09Phone", "phone_number"),  # full-width brackets
        ("\uff30\uff48\uff4f\uff4e\uff45", "phone_number"),  # full-width letters
        ("1. Phone", "phone_number"),
        ("02) First Name", "first_name"),
        ("#3 - Surname", "last_name"),
        ("(4) Member Number", "client_member_id"),
        ("5_account_id", "account_id"),
        ("1Phone", None),
        ("Phone 2", None),
        ("Member #", None),
        ("required", None),
        ("(Phone)", "phone_number"),
        ("First Name (guarantor)", None),
        ("Phone (Emergency Contact)", None),
        ("Last Name (maiden)", None),
        ("Account (name)", None),
        ("Account Name", None),
        ("E-mail", None),
        ("", None),
    ],
)
def test_decorated_name_means_a_field(name: str, field: str | None) -> None:
    assert field_of(name) == field


@pytest.mark.parametrize(
    ("columns", "field", "used", "others"),
    [
        (["Mobile", "Phone"], "phone_number", 1, [0]),
        (["Cell", "Mobile", "Telephone"], "phone_number", 2, [0, 1]),
        (["Account", "Account Number"], "account_id", 1, [0]),
        (["Account Number", "Account ID", "Account"], "account_id", 1, [0, 2]),
        (["Client ID", "Member ID"], "client_member_id", 1, [0]),
        (["Phone (work)", "Phone"], "phone_number", 1, [0]),
        (["Mobile", "mobile", "Phone"], "phone_number", 2, [0, 1]),
    ],
)
def test_more_exact_name_is_preferred(columns: list[str], field: str, used: int, others: list[int]) -> None:
    assert find_columns(columns, {}) == Found({field: used}, {field: others})


@pytest.mark.parametrize(
    "columns",
    [["Phone", "phone"], ["first_name", "last_name", "First Name"], ["Phone (home)", "Phone (work)"]],
)
def test_two_equal_names_are_refused(columns: list[str]) -> None:
    with pytest.raises(Unreadable) as raised:
        find_columns(columns, {})
    assert raised.value.code == "duplicate_columns"


def test_own_name_is_used_whatever_it_means_else() -> None:
    columns = ["Account", "Phone", " handy\u00a0Nr. ", "Member ID"]
    found = find_columns(columns, {"phone_number": "Handy Nr.", "client_member_id": "account"})
    assert found == Found(
        {"phone_number": 2, "client_member_id": 0}, {"phone_number": [1], "client_member_id": [3]}
    )


@pytest.mark.parametrize(
    ("columns", "code"), [(["Phone"], "missing_columns"), (["Handy", "HANDY"], "duplicate_columns")]
)
def test_own_name_that_is_missing_or_repeated_is_refused(columns: list[str], code: str) -> None:
    with pytest.raises(Unreadable, match=r"Handy|phone_number") as raised:
        find_columns(columns, {"phone_number": "Handy"})
    assert raised.value.code == code
