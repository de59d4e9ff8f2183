"""What an import leaves behind: rejected.csv gives back what it was given, is safe to open, and goes in again."""

import csv
import io
import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.columns import MAX_COLUMNS, MAX_HEADER, RESULT_COLUMNS, Header, field_of
from chalicelib.imports.csv_reader import MAX_ROW, Chunk, Row, delimited, pieces, rows
from chalicelib.imports.decoding import Decoder
from chalicelib.imports.escaping import escaped, unescaped
from chalicelib.imports.outcomes import OUTCOMES, Outcome
from chalicelib.imports.results import SAMPLE, RejectionSummary, rejected_header, rejected_rows
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.pipeline import Pipeline

COLUMNS = ["notes", "first_name", "last_name", "phone_number", "client_member_id", "account_id"]
HEADER = ",".join(COLUMNS[1:])
PHONE = COLUMNS.index("phone_number")
FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
SEPARATORS = ",;|\t\r\n"  # at which a spreadsheet may split a line

# What reading leaves in a cell: no CR, for line ends are line feeds by then, and no halves of characters.
letters = st.characters(exclude_categories=["Cs"], exclude_characters="\r\0")
tricky = st.text(st.sampled_from("'=+-@\t\n \u00a0\uff1da,\";|1("), max_size=8)
cells = tricky | st.text(letters, max_size=20)


def result(header: Header, found: Sequence[Row]) -> str:
    """rejected.csv of a file in which all these rows were rejected."""
    outcomes = {row.line: Outcome("rejected", row.code or "some_code", "Some reason, said.") for row in found}
    return rejected_header(header) + rejected_rows(header, found, outcomes)


def read_back(text: str) -> list[Row]:
    """A file's rows as an import reads them, the header first."""
    delimiter, blocks = delimited(Decoder("utf-8-sig").texts([text.encode()]), field_of)
    assert delimiter == ","
    return [row for piece in pieces(blocks, 1024, delimiter) for row in rows(piece, delimiter)]


@given(cells)
def test_an_escaped_cell_comes_back_as_it_was(cell: str) -> None:
    assert unescaped(escaped(cell)) == cell


@given(cells, st.sampled_from(["", " ", "\u00a0 "]))
def test_an_escaped_cell_starts_no_formula(cell: str, blanks: str) -> None:
    """With blanks before it neither: some programs take them off first."""
    text = escaped(blanks + cell)
    assert not text.startswith(FORMULA)
    assert not text.strip().startswith(FORMULA) or not text.strip()


@pytest.mark.parametrize("separators", [*SEPARATORS, SEPARATORS])
@given(cells)
def test_no_part_of_an_escaped_cell_starts_a_formula(separators: str, cell: str) -> None:
    """Where a spreadsheet splits at another delimiter, and takes off the blanks and quotes of each part."""
    for part in re.split(f"[{separators}]", escaped(cell)):
        assert not re.match(r'[\s"]*[=+\-@\uff1d\uff0b\uff0d\uff20]', part)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a,b\t@SUM(A1)|+1", "a,b\t'@SUM(A1)|'+1"),
        ('x; "=1+1"', 'x;\' "=1+1"'),
        ("one\n-two", "one\n'-two"),
        ("a;'=1", "a;''=1"),
        ("\t=1", "'\t'=1"),
        ("Müller; Jr., O'Neil-Lee 1+1=2", "Müller; Jr., O'Neil-Lee 1+1=2"),
    ],
)
def test_a_formula_behind_any_delimiter_gets_an_apostrophe(cell: str, expected: str) -> None:
    assert escaped(cell) == expected
    assert unescaped(expected) == cell


def test_escaping_takes_time_in_proportion_to_the_cell() -> None:
    begun = time.process_time()
    for cell in ("'" * MAX_ROW, " " * MAX_ROW, "', " * (MAX_ROW // 3), "'=;" * (MAX_ROW // 3)):
        assert unescaped(escaped(cell)) == cell
    assert time.process_time() - begun < 2


@given(st.lists(st.lists(cells, min_size=6, max_size=9).filter(lambda row: any(map(str.strip, row)))))
def test_rejected_rows_come_back_as_they_were(table: list[list[str]]) -> None:
    """Whatever is in them, and however many cells more than the header they have."""
    found = [Row(2 + 3 * i, row) for i, row in enumerate(table)]
    header, *again = read_back(result(Header(COLUMNS), found))
    assert header.cells == [*COLUMNS, *RESULT_COLUMNS]
    size = len(COLUMNS)
    for before, after in zip(found, again, strict=True):
        own, excess = before.cells[:size], before.cells[size:]
        excess = excess if any(cell.strip() for cell in excess) else []
        # An apostrophe that some program put before a formula is that escape already.
        assert [*map(unescaped, after.cells[:size])] == [*map(unescaped, own)]
        assert after.cells[size] == str(before.line)
        assert [*map(unescaped, after.cells[size + 3 :])] == [*map(unescaped, excess)]


@given(st.lists(st.lists(cells, min_size=3, max_size=9).filter(lambda row: any(map(str.strip, row)))))
def test_the_rejected_rows_of_rejected_rows_have_no_more_columns(table: list[list[str]]) -> None:
    first = result(Header(COLUMNS), [Row(2 + i, row) for i, row in enumerate(table)])
    header, *again = read_back(first)
    second = result(Header(header.cells), again)
    size = len(COLUMNS)
    one, two = (list(csv.reader(io.StringIO(text))) for text in (first, second))
    assert [row[:size] + row[size + 1 :] for row in one[1:]] == [
        row[:size] + row[size + 1 :] for row in two[1:]
    ]
    assert one[0] == two[0]


@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS[PHONE:] + COLUMNS[:PHONE]])
@given(table=st.lists(st.lists(cells | st.just("+1"), min_size=6, max_size=9), min_size=1, max_size=3))
def test_rejected_rows_start_no_formula_at_any_delimiter(columns: list[str], table: list[list[str]]) -> None:
    """Read by the rules of CSV, or split at each delimiter whatever the quotes; a number alone is none."""
    text = result(Header(columns), [Row(2 + i, row) for i, row in enumerate(table)])
    parts = re.split(r"[,;|\t\n]", text)
    for separator in ",;|\t":
        cells = [cell for row in csv.reader(io.StringIO(text), delimiter=separator) for cell in row]
        parts += re.split(f"[{separator}\n]", text)
        parts += [part for cell in cells for part in cell.split("\n")]
    bare = {re.sub(r'\A[\s"\ufeff]+|[\s"]+\Z', "", part) for part in parts}
    assert not [part for part in bare if part.startswith(FORMULA) and not re.fullmatch(r"\+[0-9]+", part)]


def test_a_phone_number_in_the_first_column_is_escaped() -> None:
    """A spreadsheet that splits at semicolons reads the whole line as one cell, here +1,5+A1."""
    header = Header(["phone_number", "last_name", "first_name", "client_member_id", "account_id"])
    [_, after] = read_back(result(header, [Row(2, ["+1", "5+A1", "x", "1", "a"])]))
    assert after.cells[:2] == ["'+1", "5+A1"]
    assert unescaped(after.cells[0]) == "+1"


def test_a_phone_number_of_digits_keeps_its_plus() -> None:
    """A spreadsheet cannot take digits for more than a number; in another column what starts so is escaped."""
    row = Row(2, ["+1", "+1", "x", "+13235550001", "1", "a"])
    [_, after] = read_back(result(Header(COLUMNS), [row]))
    assert after.cells[:4] == ["'+1", "'+1", "x", "+13235550001"]


@pytest.mark.parametrize(
    "phone",
    [
        *("+1-323-555-1234", "+1 (323) 555-0001", "+49 30/12", "+1.5"),  # sums, to a spreadsheet
        *("+cmd|' /C calc'!A0", "=3235550001", "+1+A1", "-1", "@1"),
    ],
)
def test_a_formula_in_the_phone_column_is_escaped(phone: str) -> None:
    [_, after] = read_back(result(Header(COLUMNS), [Row(2, ["", "x", "x", phone, "1", "a"])]))
    assert after.cells[PHONE] == f"'{phone}"


def test_rejected_rows_stand_in_the_order_of_the_file_with_their_lines() -> None:
    """Those that went in are not among them."""
    text = HEADER + "".join(f'\n"A\n{i}",Lee,1,{i},a' for i in range(9))
    header, *found = rows(Chunk(1, text))
    outcomes = {
        row.line: Outcome("rejected", "c", "r") if i % 2 else Outcome("created")
        for i, row in enumerate(found)
    }
    parts = [rejected_rows(Header(header.cells), found[i : i + 4], outcomes) for i in range(0, 9, 4)]
    lines = [row[5] for row in csv.reader(io.StringIO("".join(parts)))]
    assert lines == ["4", "8", "12", "16"]


def test_a_row_that_could_not_be_read_is_there_whole() -> None:
    """So that it can be mended; only one that is too long is cut."""
    long = "x," * 900
    text = f'{HEADER}\nAnn,"{long}\nBen,{"y" * MAX_ROW}\n'
    header, open_quote, too_long = rows(Chunk(1, text))
    [_, first, second] = read_back(result(Header(header.cells), [open_quote, too_long]))
    assert (first.cells[0], first.cells[-2]) == (f'Ann,"{long}', "unclosed_quote")
    assert (len(second.cells[0]), second.cells[-2]) == (1000, "row_too_long")


def test_a_row_with_cells_in_excess_is_still_too_long_when_it_comes_again() -> None:
    """Its last cells are not lost: without them it might pass for a right one."""
    row = Row(2, ["Ann", "Lee", "3235550001", "1", "a", "=more"])
    header, again = read_back(result(Header(HEADER.split(",")), [row]))
    assert again.cells[-1] == "'=more"
    judged = Header(header.cells).member(again, PhoneRule())
    assert isinstance(judged, Row)
    assert judged.code == "too_many_cells"


def test_columns_of_the_senders_own_are_kept_whatever_their_names() -> None:
    header = Header(["Line", *COLUMNS, "code"])
    assert [header.columns[i] for i in header.kept] == ["Line", *COLUMNS, "code"]


@pytest.mark.parametrize("size", [MAX_COLUMNS, 6])
def test_rejected_rows_of_the_largest_header_can_be_read_again(size: int) -> None:
    """Neither the columns that rejected.csv adds count, nor the quotes before formulas."""
    names = [*COLUMNS[1:], *["=" * 30] * (size - len(COLUMNS[1:]))]
    names[-1] += "=" * (MAX_HEADER - len(",".join(names)) - 1)
    header = Header(names)
    header.check_length()
    [row] = read_back(rejected_header(header))
    again = Header(row.cells)
    again.check_length()
    assert again.kept == header.kept


def test_a_nul_does_not_make_a_binary_file_of_the_results() -> None:
    text = result(Header(COLUMNS), [Row(2, ["\0", "A\0n", "x", "1", "1", "a"])])
    assert "\0" not in text


def test_codes_and_a_sample_are_counted_as_the_rows_pass() -> None:
    header = Header(COLUMNS)
    found = [Row(i, ["x"] * (6 + i % 3), code="odd" if i % 2 else "even") for i in range(2, 102)]
    outcomes = {row.line: Outcome("rejected", row.code, "A reason,\nof two lines.") for row in found}
    text = rejected_rows(header, found, outcomes)
    tally = RejectionSummary(header)
    assert "".join(tally.count([text])) == text
    assert tally.codes == {"odd": 50, "even": 50}
    assert len(tally.sample) == SAMPLE
    assert tally.sample[0] == {"line": 2, "code": "even", "reason": "A reason,\nof two lines."}


# Through the pipeline

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "windows-1252"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_rejected_rows_go_in_once_they_are_corrected(
    pipeline: Pipeline, table: MemberRepository, account: str, encoding: str, delimiter: str
) -> None:
    """Whatever the file was, they come as UTF-8 with commas, and with the mark that a spreadsheet needs."""
    lines = [
        HEADER.split(","),
        ["Zoë", "=Müller", "12", "1", account],
        ["Ann", "Lee", "3235550002", "2", account],
    ]
    body = "\r\n".join(delimiter.join(line) for line in lines).encode(encoding)
    first = pipeline.run("drops/a.csv", body)
    assert (first.counts.created, first.counts.rejected) == (1, 1)
    raw = pipeline.result(first.id, "rejected.csv", "utf-8")
    assert raw.startswith("\ufefffirst_name,last_name,")
    assert f"\nZoë,'=Müller,12,1,{account},2,phone_not_possible," in raw

    again = pipeline.run("drops/a.rejected.csv", raw.replace(",12,", ",(323) 555-0001,"))

    assert (again.counts.rows, again.counts.created) == (1, 1)
    member = table.get(MemberKey(account, "1"))
    assert (member.first_name, member.last_name, member.phone_number) == ("Zoë", "=Müller", "+13235550001")


def test_what_a_spreadsheet_saves_of_rejected_rows_goes_in(
    pipeline: Pipeline, table: MemberRepository, account: str
) -> None:
    """Saved as plain CSV it comes in windows-1252, with semicolons in half of Europe, and CRLF."""
    text = f"{HEADER}\nZoë,Lee,12,007,{account}\n"
    raw = pipeline.result(pipeline.run("drops/a.csv", text).id, "rejected.csv")
    table_of = csv.reader(io.StringIO(raw.replace(",12,", ",3235550001,")))
    saved = "\r\n".join(";".join(row) for row in table_of).encode("windows-1252")
    assert pipeline.run("drops/b.csv", saved).counts.created == 1
    assert table.get(MemberKey(account, "007")).first_name == "Zoë"


def test_a_report_has_what_its_reader_asks_for(pipeline: Pipeline, account: str) -> None:
    text = "Note;First Name;Last;Phone;Member ID;Account\n"
    text += f"x;Ann;Lee;3235550001;1;{account}\nx;Ben;Lee;12;2;{account}\n"
    record = pipeline.run("drops/a.csv", text)
    report = pipeline.report(record.id)
    assert report["id"] == record.id
    assert report["source"] == record.source.model_dump()
    assert report["source"]["version"]
    assert report["source"]["size"] == len(text)
    assert (report["status"], report["mode"], report["error"]) == ("completed", "create", None)
    assert (report["encoding"], report["delimiter"]) == ("utf-8", ";")
    assert report["columns"] == {
        "used": {
            "first_name": "First Name",
            "last_name": "Last",
            "phone_number": "Phone",
            "client_member_id": "Member ID",
            "account_id": "Account",
        },
        "ignored": ["Note"],
    }
    assert report["counts"]["rows"] == sum(report["counts"][name] for name in OUTCOMES) == 2
    assert report["codes"] == {"phone_not_possible": 1}
    assert report["created_at"] <= report["started_at"] <= report["finished_at"]
    assert report["seconds"] >= 0
    assert report["seconds"] == 0 or report["rows_a_second"] == round(2 / report["seconds"])
    [shown] = report["sample"]
    assert (shown["line"], shown["code"]) == (3, "phone_not_possible")
    assert shown["reason"].startswith("phone_number: ")
