"""The columns of a file, and the member that a row describes."""

import pytest

from chalicelib.errors import Unreadable
from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.rows.columns import MAX_COLUMNS, MAX_HEADER, Header
from chalicelib.imports.rows.member_row import MemberRow
from chalicelib.imports.text.csv_reader import RejectedRow, Row
from chalicelib.members.model import NewMember

COLUMNS = ["first_name", "last_name", "phone_number", "client_member_id", "account_id"]


@pytest.mark.parametrize(
    "columns",
    [
        COLUMNS,
        [name.upper() for name in COLUMNS],
        ["First Name", "LAST-NAME", " Phone ", "Member ID", "Account"],
        ["firstname", "surname", "Mobile", "client member id", "account number"],
        ["id", "notes", *COLUMNS],
    ],
)
def test_columns_are_found_by_their_usual_names(columns: list[str]) -> None:
    assert set(Header(columns).fields) == set(NewMember.model_fields)


def test_other_columns_are_ignored_and_listed() -> None:
    assert Header(["id", *COLUMNS, "Notes"]).ignored == ["id", "Notes"]


def test_missing_column_is_named() -> None:
    with pytest.raises(Unreadable, match="phone_number not found") as raised:
        Header([name for name in COLUMNS if name != "phone_number"])
    assert raised.value.code == "missing_columns"


def test_missing_column_error_lists_the_columns() -> None:
    with pytest.raises(Unreadable, match=r"not found among “First Name, E mail”\.") as raised:
        Header(["First Name", " ", "E\x07mail"])
    assert "E\x07" not in raised.value.detail
    with pytest.raises(Unreadable) as raised:
        Header(["First Name", *["x" * 1000] * 100])
    assert len(raised.value.detail) < 500


def test_first_line_without_known_columns_is_not_shown() -> None:
    """It may be a member, and the detail is sent to all subscribers of notices."""
    with pytest.raises(Unreadable, match="none of its 5 cells") as raised:
        Header(["Ann", "Secretlast", "3235551234", "7", "1"])
    assert "Secretlast" not in raised.value.detail


@pytest.mark.parametrize("upsert", [False, True])
@pytest.mark.parametrize(
    ("given", "cell", "code"),
    [
        ("12", None, ""),  # no such column
        ("12", " 12 ", ""),
        ("Zo\u00eb", "Zoe\u0308", ""),
        ("12", "", ""),
        ("12", "\u00a0 ", ""),
        ("12", "13", "account_differs"),
        ("12", "012", "account_differs"),
        ("12", "x" * 65, "too_long"),
    ],
)
def test_given_account_is_the_only_one_rows_may_name(
    given: str, cell: str | None, code: str, *, upsert: bool
) -> None:
    columns = COLUMNS[:-1] if cell is None else COLUMNS
    cells = ["Ann", "Lee", "3235551234", "7", *([] if cell is None else [cell])]
    found = Header(columns, given, mode="upsert" if upsert else "create").member_row(
        Row(2, cells), PhoneRule()
    )
    if code:
        assert isinstance(found, RejectedRow)
        assert (found.code, found.reason.partition(":")[0]) == (code, "account_id")
    else:
        assert isinstance(found, MemberRow)
        assert found.member.account_id == given


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (["Ann", "Lee", "3235551234", "7"], "too_few_cells"),
        (["Ann", "Lee", "3235551234", "7", "1", "more"], "too_many_cells"),
        (["Ann", "Lee", "3235551234", "7", "1", "", " "], ""),  # spreadsheets append blank cells
        (["", "Lee", "3235551234", "7", "1"], "blank"),
        (["Ann", "Lee", "12", "7", "1"], "phone_not_possible"),
        (["Ann", "Lee", "3235551234", "007", "1"], ""),
        (["Ann", "Lee", "3235551234", "2.5E+11", "1"], "spreadsheet_damage"),
        (["Ann", "Lee", "3235551234", "7", " 1,23457e+011 "], "spreadsheet_damage"),
        (["Ann", "Lee", "3235551234", "1E5", "2.5E+X"], ""),
        (["Ann", "2.5E+11", "3235551234", "7", "1"], ""),
    ],
)
def test_row_is_a_member_or_rejected_with_a_code(cells: list[str], code: str) -> None:
    found = Header(COLUMNS).member_row(Row(2, cells), PhoneRule())
    assert (found.code if isinstance(found, RejectedRow) else "") == code


@pytest.mark.parametrize("name", ["previous_client_member_id", "Old Member ID", "Previous-ID", "old id"])
def test_previous_id_is_a_column_of_upserts(name: str) -> None:
    columns = [name, *COLUMNS]
    assert Header(columns, mode="upsert").fields["previous_client_member_id"] == 0
    assert Header(columns).ignored == [name]
    Header([*columns, "previous id"])  # two columns that are not used


@pytest.mark.parametrize(
    ("cell", "previous", "code"),
    [
        ("", "", ""),
        (" ", "", ""),
        (" 7 ", "", ""),  # the same as the new one
        (" 007", "007", ""),
        ("Zoe\u0308", "Zo\u00eb", ""),
        ('="007"', "007", ""),
        ("'=1", "", "spreadsheet_damage"),  # as rejected.csv has it
        ("x" * 65, "", "too_long"),
        ("1\x01", "", "control_character"),
        ("2.5E+11", "", "spreadsheet_damage"),
        ("\ufffd", "", "damaged_character"),
    ],
)
def test_previous_id_is_normalized_or_rejects_its_row(cell: str, previous: str, code: str) -> None:
    header = Header([*COLUMNS, "previous id"], mode="upsert")
    found = header.member_row(Row(2, ["Ann", "Lee", "3235551234", "7", "1", cell]), PhoneRule())
    if isinstance(found, RejectedRow):
        assert (found.code, found.reason.partition(":")[0]) == (code, "previous_client_member_id")
    else:
        assert (found.previous, "") == (previous, code)


def test_too_many_named_columns_are_rejected() -> None:
    more = ["note"] * (MAX_COLUMNS - len(COLUMNS))
    header = Header([*COLUMNS, *more, "", " "])
    assert header.original_indexes == list(range(MAX_COLUMNS))
    with pytest.raises(Unreadable) as raised:
        Header([*COLUMNS, *more, "", "one too many"])
    assert raised.value.code == "too_many_columns"


def test_header_over_its_length_limit_is_rejected() -> None:
    free = MAX_HEADER - len(",".join(COLUMNS)) - 2
    Header([*COLUMNS, "x" * free]).check_length()
    with pytest.raises(Unreadable) as raised:
        Header([*COLUMNS, "x" * (free + 1)]).check_length()
    assert raised.value.code == "header_too_long"
    assert f"{MAX_HEADER:,}" in raised.value.detail
    assert "xx" not in raised.value.detail


def test_columns_of_an_earlier_rejected_csv_are_not_repeated() -> None:
    header = Header([*COLUMNS, "line", "code", "reason", ""])
    assert [header.columns[i] for i in header.original_indexes] == COLUMNS


def test_sender_columns_named_like_result_columns_are_repeated() -> None:
    header = Header(["Line", *COLUMNS, "code"])
    assert [header.columns[i] for i in header.original_indexes] == ["Line", *COLUMNS, "code"]
