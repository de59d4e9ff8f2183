"""Rows of a chunk: their lines and cells, and what an unreadable row costs."""

import csv
import io
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.imports.text.csv_reader import (
    MAX_ROW,
    SHOWN_OF_LONG_ROW,
    UNTERMINATED,
    Chunk,
    Dialect,
    RejectedRow,
    Row,
    end_of_last_row,
    rows,
    scan_rows,
)


def read(text: str) -> list[tuple[int, list[str]]]:
    """Returns the readable rows, as (line, cells)."""
    return [(row.line, row.cells) for row in rows(Chunk(1, text)) if isinstance(row, Row)]


def codes(text: str) -> list[tuple[int, str]]:
    """Returns (line, code) of each row, "" for a readable one."""
    return [(row.line, row.code if isinstance(row, RejectedRow) else "") for row in rows(Chunk(1, text))]


def test_rows_have_the_line_they_start_on() -> None:
    assert read('a,b\n"x\ny",2\n\n3,4\n') == [(1, ["a", "b"]), (2, ["x\ny", "2"]), (5, ["3", "4"])]


def test_blank_rows_are_skipped() -> None:
    assert read("a\n\n , \n,,\n\t\nb") == [(1, ["a"]), (6, ["b"])]


def test_quote_inside_a_word_is_literal() -> None:
    assert read('5" pipe,2\nO"Neil,3\n') == [(1, ['5" pipe', "2"]), (2, ['O"Neil', "3"])]


def test_unclosed_quote_rejects_only_its_line() -> None:
    assert codes('a,"b\nc,d\ne,f\n') == [(1, "unclosed_quote"), (2, ""), (3, "")]


def test_unclosed_quote_before_many_rows_rejects_only_its_line() -> None:
    found = codes('a,"\n' + "z,y\n" * MAX_ROW)
    assert len(found) == MAX_ROW + 1
    assert [line for line, code in found if code] == [1]


def test_row_over_the_limit_is_rejected_and_truncated() -> None:
    text = f'a,{"x" * MAX_ROW}\n"{"y" * MAX_ROW}",b\nc,d\n'
    assert codes(text) == [(1, "row_too_long"), (2, "row_too_long"), (3, "")]
    assert max(len(row.cells[0]) for row in rows(Chunk(1, text))) == SHOWN_OF_LONG_ROW


@given(st.lists(st.lists(st.text(alphabet='xä,"\n ', min_size=1).filter(str.strip), min_size=1), max_size=20))
def test_rows_of_csv_writer_are_read_back(table: list[list[str]]) -> None:
    """Exactly if quoted; unquoted cells lose leading blanks, which no field keeps."""

    def read_back(quoting: Literal[0, 1]) -> list[list[str]]:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n", quoting=quoting).writerows(table)
        return [cells for _, cells in read(text.getvalue())]

    assert read_back(csv.QUOTE_ALL) == table
    unquoted = [[cell.lstrip(" ") for cell in cells] for cells in read_back(csv.QUOTE_MINIMAL)]
    assert unquoted == [[cell.lstrip(" ") for cell in cells] for cells in table]


@given(st.lists(st.sampled_from(["a", ",", '"', "\n", " ", "x" * (MAX_ROW // 3)]), max_size=60))
def test_last_row_ends_where_scanned_rows_end(parts: list[str]) -> None:
    text = "".join(parts) + "\n"
    lines = text.split("\n")[:-1]
    scanned = list(scan_rows(lines, Dialect()))
    unterminated = (first for first, _, _, code in scanned if code == UNTERMINATED)
    complete = next(unterminated, len(lines))  # lines
    end = end_of_last_row(text, Dialect())
    if end is None:
        assert any(cells is None for _, _, cells, _ in scanned)
    else:
        assert end == sum(len(line) + 1 for line in lines[:complete])
