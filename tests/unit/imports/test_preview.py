"""The preview of a file: read as an import would read it, as far as its start shows."""

import gzip
import io
import zipfile
from typing import Any

import pytest

from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.records.model import Source
from chalicelib.imports.records.new_import import NewImport
from chalicelib.imports.records.preview import Preview
from chalicelib.imports.splitting.preview import PREVIEW_ROWS, preview
from chalicelib.imports.splitting.sent_file import PREVIEW_BYTES
from tests.support.workbooks import workbook

HEADER = "First name,Last name,Phone,Member ID,Account\n"
ROW = "Zoë,Müller,3235550001,1,7\n"
FIELDS = ["first_name", "last_name", "phone_number", "client_member_id", "account_id"]


def shown(body: str | bytes, *, partial: bool = False, region: str = "US", **options: Any) -> Preview:
    new = NewImport(**options)
    source = Source(bucket="", key=new.filename)
    record = new.record(["7"]).model_copy(update={"source": source})
    sent = body.encode() if isinstance(body, str) else body
    return preview(sent, record, PhoneRule(region), partial=partial)


def fields(found: Preview) -> list[str | None]:
    return [column.field for column in found.columns]


def test_usual_columns_need_no_choice() -> None:
    found = shown(HEADER + ROW)
    assert (fields(found), found.missing, found.problem) == (FIELDS, [], None)
    assert found.modes == ["create", "upsert", "delete", "sync"]
    assert found.rows[0].cells == ["Zoë", "Müller", "3235550001", "1", "7"]
    assert found.encoding == "utf-8"
    assert [one.names for one in found.encoding_candidates] == [["Zoë", "Müller"]]


def test_unknown_column_is_missing_until_it_is_chosen() -> None:
    text = "Clinic North\nFirst name;Last name;Handy;Member ID\nAnn;Lee;3235550001;1\nBad;Lee;12;2\n"
    found = shown(text, account_id="7")
    assert [column.name for column in found.columns if column.field is None] == ["Handy"]
    assert (found.missing, found.modes) == (["phone_number"], ["delete"])
    assert found.problem
    assert found.problem.code == "missing_columns"
    assert [line.text for line in found.lines_above_header] == ["Clinic North"]
    assert [row.line for row in found.rows] == [3, 4]

    chosen = shown(text, account_id="7", columns={"Handy": "phone_number"})
    assert (chosen.missing, chosen.problem) == ([], None)
    assert [(row.code, row.column) for row in chosen.rows] == [(None, None), ("phone_not_possible", 2)]


def test_no_known_column_takes_first_full_row_as_names() -> None:
    found = shown("Liste\nVorname,Name,Handy,Nr,Konto\nAnn,Lee,3235550001,1,7\n")
    assert [column.name for column in found.columns] == ["Vorname", "Name", "Handy", "Nr", "Konto"]
    assert found.missing == ["account_id", "client_member_id", "first_name", "last_name", "phone_number"]
    assert found.modes == []


def test_two_columns_of_one_name_leave_the_choice() -> None:
    found = shown("First name,Last name,Phone,Phone number,Phone,Member ID,Account\nA,B,1,2,3,4,7\n")
    assert fields(found) == [
        "first_name",
        "last_name",
        None,
        "phone_number",
        None,
        "client_member_id",
        "account_id",
    ]
    same = shown("First name,Last name,Phone,Phone,Member ID,Account\nA,B,1,2,3,7\n")
    assert (same.missing, same.problem and same.problem.code) == (["phone_number"], "duplicate_columns")
    assert [column.means for column in same.columns][2:4] == ["phone_number", "phone_number"]


def test_rows_are_judged_by_mode_region_and_accounts() -> None:
    text = HEADER + "Ann,Lee,020 7946 0018,1,7\n,Lee,+442079460018,2,7\nAnn,Lee,,3,8\n"
    assert [row.code for row in shown(text).rows] == ["phone_not_possible", "blank", "blank"]
    assert [row.code for row in shown(text, region="GB").rows] == [None, "blank", "blank"]
    found = shown(text, region="GB", mode="upsert")
    assert [row.code for row in found.rows] == [None, None, "account_forbidden"]
    surplus = shown(HEADER + "Ann,Lee,3235550001,1,7,x\n").rows[0]
    assert (surplus.code, surplus.cells[-1]) == ("too_many_cells", "x")


def test_doubtful_encoding_shows_names_in_each() -> None:
    body = HEADER + "Jan,Zięba,3235550001,1,7\n"
    found = shown(body.encode("windows-1250"))
    assert found.problem
    assert found.problem.code == "unsure_encoding"
    assert [(one.encoding, one.names) for one in found.encoding_candidates[:2]] == [
        ("windows-1252", ["Ziêba"]),
        ("windows-1250", ["Zięba"]),
    ]
    chosen = shown(body.encode("windows-1250"), encoding="windows-1250")
    assert (chosen.problem, chosen.rows[0].cells[1]) == (None, "Zięba")
    guessed = shown((HEADER + ROW).encode("windows-1252"))
    assert (guessed.encoding, guessed.encoding_guessed, guessed.problem) == ("windows-1252", True, None)
    assert guessed.encoding_candidates[0].names == ["Zoë"]
    assert len(guessed.encoding_candidates) == 3
    unnamed = (HEADER + "Jan,Zięba,3235550001,1,7\n").replace("Phone", "Handy").encode("windows-1250")
    assert (len(shown(unnamed).encoding_candidates), shown(unnamed).encoding_sure) == (3, False)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1252"]
)
def test_start_of_file_is_read_in_whole_lines(encoding: str) -> None:
    body = (HEADER + ROW * 9000).encode(encoding)
    for size in range(PREVIEW_BYTES, PREVIEW_BYTES - len(ROW.encode(encoding)), -1):  # each end within a row
        found = shown(body[:size], partial=True)
        assert (found.problem, found.missing) == (None, [])
        assert len(found.rows) == PREVIEW_ROWS
        assert {tuple(row.cells) for row in found.rows} == {tuple(ROW.strip().split(","))}


def test_ascii_start_does_not_tell_the_encoding() -> None:
    rows = "Ann,Lee,3235550001,1,7\n" * 9000
    assert shown((HEADER + rows)[:PREVIEW_BYTES], partial=True).encoding is None
    assert shown(HEADER + rows[:23]).encoding == "utf-8"


def test_start_of_gz_is_enough_and_zip_is_whole() -> None:
    text = HEADER + "".join(f"Ann,Lee,3235550001,{number * 7919},7\n" for number in range(20_000))
    packed = gzip.compress(text.encode())
    found = shown(packed[: len(packed) // 2], partial=True, filename="roster.csv.gz")
    assert (found.problem, len(found.rows)) == (None, PREVIEW_ROWS)
    broken = shown(packed[: len(packed) // 2], filename="roster.csv.gz")
    assert len(broken.rows) == PREVIEW_ROWS  # more than 64 kB are not read, so its end is not missed
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("roster.csv", text)
    assert shown(target.getvalue(), filename="roster.zip").rows == found.rows


def test_workbook_shows_first_sheet() -> None:
    body = workbook([HEADER.strip().split(","), ["Zoë", "Müller", 3235550001, 1, 7]], after=["Archive"])
    found = shown(body, filename="roster.xlsx")
    assert (found.sheets, found.encoding, found.problem) == (["Roster", "Archive"], None, None)
    assert found.rows[0].cells == ["Zoë", "Müller", "3235550001", "1", "7"]


@pytest.mark.parametrize(
    ("body", "code", "options"),
    [
        (b"\0\1\2\3", "binary_file", {}),
        (b"\n\n", "empty_file", {}),
        (b"x" * PREVIEW_BYTES, "row_too_long", {"partial": True}),
        (b"PK", "not_zip", {"filename": "a.zip"}),
        (b"no", "not_gzip", {"filename": "a.csv.gz"}),
        (b"no", "not_workbook", {"filename": "a.xlsx"}),
        ((HEADER + ROW).encode(), "wrong_encoding", {"encoding": "windows-1252"}),
    ],
)
def test_unreadable_file_has_problem_of_its_import(body: bytes, code: str, options: dict[str, Any]) -> None:
    found = shown(body, **options)
    assert found.problem
    assert (found.problem.code, found.columns, found.rows) == (code, [], [])
    assert found.problem.detail.endswith(".")
