"""Results of an import: rejected rows that are safe to open and can be imported again, and their summary."""

import csv
import io
import re
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.cells.escaping import unescape
from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.reports.results import (
    SAMPLE_SIZE,
    RowSummary,
    rejected_file,
    rejected_header,
    rejected_page,
    rejected_rows,
)
from chalicelib.imports.rows.column_names import field_of
from chalicelib.imports.rows.columns import MAX_COLUMNS, MAX_HEADER, RESULT_COLUMNS, Header
from chalicelib.imports.splitting.chunking import chunks
from chalicelib.imports.splitting.decoding import Decoder
from chalicelib.imports.splitting.dialects import detect_dialect
from chalicelib.imports.text.csv_reader import (
    MAX_ROW,
    SHOWN_OF_LONG_ROW,
    Chunk,
    Dialect,
    RejectedRow,
    Row,
    rows,
)
from tests.support.cells import FORMULA, cells

COLUMNS = ["notes", "first_name", "last_name", "phone_number", "client_member_id", "account_id"]
HEADER = ",".join(COLUMNS[1:])
PHONE = COLUMNS.index("phone_number")
first_cell = cells.filter(lambda cell: not cell.startswith("\ufeff"))  # at the start of a line
blank_free = st.tuples(first_cell, st.lists(cells, min_size=5, max_size=8)).map(
    lambda parts: [parts[0], *parts[1]]
)
blank_free = blank_free.filter(lambda row: any(map(str.strip, row)))


def rejected(line: int, row: list[str], code: str = "some_code") -> RejectedRow:
    return RejectedRow(line, row, code, "Some reason, with a comma.")


def rejected_csv(header: Header, found: Iterable[RejectedRow]) -> str:
    return rejected_header(header) + rejected_rows(header, found)


def read_back(text: str) -> Iterator[Row]:
    """Yields the rows of a file as an import reads them, the header first."""
    dialect, blocks = detect_dialect(Decoder("utf-8-sig").decode([text.encode()]), field_of)
    assert dialect == Dialect()
    for chunk in chunks(blocks, 1024, dialect):
        for row in rows(chunk, dialect):
            assert isinstance(row, Row)
            yield row


@given(st.lists(blank_free))
@example(
    [["=1'", "=2", "a", "1", "b", "c", "x'"]]
)  # its line looks as if single quotes were around the cells
@example([["“a”", "“b”", "c", "1", "d", "e", "“f”"]])
def test_rejected_rows_are_read_back_unchanged(table: list[list[str]]) -> None:
    """With any content, and with any number of excess cells."""
    found = [rejected(2 + 3 * i, row) for i, row in enumerate(table)]
    header, *again = read_back(rejected_csv(Header(COLUMNS), found))
    assert header.cells == [*COLUMNS, *RESULT_COLUMNS]
    size = len(COLUMNS)
    for before, after in zip(found, again, strict=True):
        own, excess = before.cells[:size], before.cells[size:]
        excess = excess if any(cell.strip() for cell in excess) else []
        # An apostrophe that the sender put before a formula is an escape already.
        assert [*map(unescape, after.cells[:size])] == [*map(unescape, own)]
        assert after.cells[size] == str(before.line)
        assert [*map(unescape, after.cells[size + 3 :])] == [*map(unescape, excess)]


@given(st.lists(st.lists(cells, min_size=3, max_size=9).filter(lambda row: any(map(str.strip, row)))))
def test_rows_rejected_twice_have_the_same_columns(table: list[list[str]]) -> None:
    first = rejected_csv(Header(COLUMNS), [rejected(2 + i, row) for i, row in enumerate(table)])
    header, *again = read_back(first)
    second = rejected_csv(Header(header.cells), [rejected(row.line, row.cells) for row in again])
    line = len(COLUMNS)
    one, two = (list(csv.reader(io.StringIO(text))) for text in (first, second))
    assert one[0] == two[0]
    for before, after in zip(one[1:], two[1:], strict=True):
        before[0] = before[0].lstrip("\ufeff")  # reading leaves out byte order marks at the start of a line
        assert before[:line] + before[line + 1 :] == after[:line] + after[line + 1 :]


@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS[PHONE:] + COLUMNS[:PHONE]])
@given(table=st.lists(st.lists(cells | st.just("+1"), min_size=6, max_size=9), min_size=1, max_size=3))
def test_rejected_rows_start_no_formula_at_any_delimiter(columns: list[str], table: list[list[str]]) -> None:
    """Read as CSV, or split at each delimiter despite quotes. A number alone is not a formula."""
    text = rejected_csv(Header(columns), [rejected(2 + i, row) for i, row in enumerate(table)])
    parts = re.split(r"[,;|\t\n]", text)
    for separator in ",;|\t":
        found = [cell for row in csv.reader(io.StringIO(text), delimiter=separator) for cell in row]
        parts += re.split(f"[{separator}\n]", text)
        parts += [part for cell in found for part in cell.split("\n")]
    bare = {re.sub(r'\A[\s"\ufeff]+|[\s"]+\Z', "", part) for part in parts}
    assert not [part for part in bare if part.startswith(FORMULA) and not re.fullmatch(r"\+[0-9]+", part)]


def test_phone_number_in_the_first_column_is_escaped() -> None:
    """A spreadsheet that splits at semicolons reads the whole line as one cell, here +1,5+A1."""
    header = Header(["phone_number", "last_name", "first_name", "client_member_id", "account_id"])
    [_, after] = read_back(rejected_csv(header, [rejected(2, ["+1", "5+A1", "x", "1", "a"])]))
    assert after.cells[:2] == ["'+1", "5+A1"]
    assert unescape(after.cells[0]) == "+1"


def test_e164_phone_number_keeps_its_plus() -> None:
    """To a spreadsheet digits are a number; in other columns a plus is escaped."""
    row = rejected(2, ["+1", "+1", "x", "+13235550001", "1", "a"])
    [_, after] = read_back(rejected_csv(Header(COLUMNS), [row]))
    assert after.cells[:4] == ["'+1", "'+1", "x", "+13235550001"]


@pytest.mark.parametrize(
    "phone",
    [
        *("+1-323-555-1234", "+1 (323) 555-0001", "+49 30/12", "+1.5"),  # sums, to a spreadsheet
        *("+cmd|' /C calc'!A0", "=3235550001", "+1+A1", "-1", "@1"),
    ],
)
def test_formula_in_the_phone_column_is_escaped(phone: str) -> None:
    row = rejected(2, ["", "x", "x", phone, "1", "a"])
    [_, after] = read_back(rejected_csv(Header(COLUMNS), [row]))
    assert after.cells[PHONE] == f"'{phone}"


def test_rejected_rows_keep_file_order_and_lines() -> None:
    text = HEADER + "".join(f'\n"A\n{i}",Lee,1,{i},a' for i in range(9))
    header, *found = rows(Chunk(1, text))
    bad = [rejected(row.line, row.cells) for row in found[1::2]]
    parts = [rejected_rows(Header(header.cells), bad[i : i + 2]) for i in (0, 2)]
    lines = [row[5] for row in csv.reader(io.StringIO("".join(parts)))]
    assert lines == ["4", "8", "12", "16"]


def test_unreadable_row_is_repeated_whole_unless_too_long() -> None:
    long = "x," * 900
    text = f'{HEADER}\nAnn,"{long}\nBen,{"y" * MAX_ROW}\n'
    header, *found = rows(Chunk(1, text))
    unreadable = [row for row in found if isinstance(row, RejectedRow)]
    [_, first, second] = read_back(rejected_csv(Header(header.cells), unreadable))
    assert (first.cells[0], first.cells[-2]) == (f'Ann,"{long}', "unclosed_quote")
    assert (len(second.cells[0]), second.cells[-2]) == (SHOWN_OF_LONG_ROW, "row_too_long")


def test_row_with_excess_cells_is_rejected_again() -> None:
    """Without its last cells it could pass for a valid row."""
    row = rejected(2, ["Ann", "Lee", "3235550001", "1", "a", "=more"])
    header, again = read_back(rejected_csv(Header(HEADER.split(",")), [row]))
    assert again.cells[-1] == "'=more"
    found = Header(header.cells).member_row(again, PhoneRule())
    assert isinstance(found, RejectedRow)
    assert found.code == "too_many_cells"


def test_page_of_rejected_rows_shows_excess_cells_last() -> None:
    header = Header(HEADER.split(","))
    row = rejected(2, ["Ann", "Lee", "3235550001", "1", "a", "=more"])
    lines = [line.encode() for line in rejected_rows(header, [row]).splitlines(keepends=True)]
    [shown], _ = rejected_page(header, lines, 10)
    assert shown["cells"] == ["Ann", "Lee", "3235550001", "1", "a", "=more"]


@pytest.mark.parametrize("size", [MAX_COLUMNS, 6])
def test_rejected_csv_of_the_largest_header_is_importable(size: int) -> None:
    """The added columns and the escapes do not count toward the limits."""
    names = [*COLUMNS[1:], *["=" * 30] * (size - len(COLUMNS[1:]))]
    names[-1] += "=" * (MAX_HEADER - len(",".join(names)) - 1)
    header = Header(names)
    header.check_length()
    [row] = read_back(rejected_header(header))
    again = Header(row.cells)
    again.check_length()
    assert again.original_indexes == header.original_indexes


def test_rejected_csv_contains_no_nul() -> None:
    assert "\0" not in rejected_csv(Header(COLUMNS), [rejected(2, ["\0", "A\0n", "x", "1", "1", "a"])])


def test_rejected_rows_of_chunks_give_one_csv_and_summary() -> None:
    header = Header(COLUMNS)
    found = [
        RejectedRow(i, ["x"] * (6 + i % 3), "odd" if i % 2 else "even", "A reason,\nof two lines.")
        for i in range(2, 102)
    ]
    summary = RowSummary()
    text = "".join(rejected_file(header, [[], *(found[i : i + 15] for i in range(0, 100, 15))], summary))
    assert text == rejected_header(header) + rejected_rows(header, found)
    assert summary.codes == {"odd": 50, "even": 50}
    assert len(summary.sample) == SAMPLE_SIZE
    assert [row["line"] for row in summary.sample] == list(range(2, 2 + SAMPLE_SIZE))
    assert summary.sample[0] == {"line": 2, "code": "even", "reason": "A reason,\nof two lines."}
