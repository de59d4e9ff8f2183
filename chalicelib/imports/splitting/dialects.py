"""Detects how the cells of a CSV file are separated and quoted, and which row names the columns. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from chalicelib.errors import Unreadable
from chalicelib.imports.rows.columns import RESULT_COLUMNS
from chalicelib.imports.text.csv_reader import (
    MAX_ROW,
    UNTERMINATED,
    Chunk,
    Dialect,
    RejectedRow,
    Row,
    rows,
    scan_rows,
)

DELIMITERS = ",;\t|"
TITLE_ROWS = 20  # rows that may come before the column names: titles, comments, dates
MEMBER_CELLS = 4  # a row with so many filled cells may be a member, and is never passed over
_SEP_LINE = re.compile(r'"?sep=([,;\t|])"? *(?=\n)', re.IGNORECASE)  # tells Excel the delimiter
_SINGLE_QUOTED = re.compile(r" *'.*' *[,;\t|] *'.*' *")
_TYPOGRAPHIC = re.compile(r" *[“”„‟«»‘‚‛].*[“”«»‘’] *[,;\t|] *[“”„‟«»‘‚‛].*[“”«»‘’] *")
_RESULT_HEADER_END = "," + ",".join(RESULT_COLUMNS)  # of a rejected.csv
# A backslash before a quote that does not close its cell; and one before two quotes of which the second does.
_ESCAPED_QUOTE = re.compile(r'\\"(?:" *(?=[,;\t|\n]|\Z)|(?! *(?:[,;\t|\n"]|\Z)))')


class BackslashEscapes(Exception):
    """A backslash escapes quotes in this file: read it from its start again, in that dialect."""


class ColumnNames(NamedTuple):
    """The row that names the columns, and the rows above it."""

    row: Row
    rows_above: list[Row]


def detect_dialect(blocks: Iterable[str], field_of: Callable[[str], object]) -> tuple[Dialect, Iterator[str]]:
    """Returns (the dialect, the blocks without a line `sep=…`). Raises Unreadable: typographic_quotes.

    Without that line the delimiter is the one with which one of the first rows has the most cells that `field_of`
    recognizes, or else the most cells.
    """
    rest = iter(blocks)
    read: list[str] = []
    while sum(map(len, read)) <= MAX_ROW and (block := next(rest, None)) is not None:
        read.append(block)
    start = "".join(read)[: 2 * MAX_ROW]
    quote = _quote(start)
    if sep := _SEP_LINE.match(start):
        # Its line feed stays, so that the lines after it keep their numbers.
        return Dialect(sep[1], quote), _skip(chain(read, rest), sep.end())

    def score(delimiter: str) -> tuple[int, int]:
        found = islice(rows(Chunk(1, start), Dialect(delimiter, quote)), TITLE_ROWS)
        cells = [row.cells for row in found if isinstance(row, Row)] or [[]]
        return max((sum(field_of(cell) is not None for cell in row), len(row)) for row in cells)

    return Dialect(max(DELIMITERS, key=score), quote), chain(read, rest)


def _quote(start: str) -> str:
    """Returns the quote around the cells of the first lines. Raises Unreadable."""
    lines = start.split("\n", TITLE_ROWS)[:TITLE_ROWS]
    if lines[0].endswith(_RESULT_HEADER_END):
        return '"'  # whatever the rejected cells look like
    if any(_TYPOGRAPHIC.fullmatch(line) for line in lines):
        detail = "The cells are in typographic quotes. Replace them by straight ones, or remove them."
        raise Unreadable(detail, code="typographic_quotes")
    return "'" if any(_SINGLE_QUOTED.fullmatch(line) for line in lines) else '"'


def _skip(blocks: Iterable[str], size: int) -> Iterator[str]:
    """Yields the blocks without their first `size` characters."""
    for block in blocks:
        yield block[size:]
        size = max(0, size - len(block))


def check_escapes(text: str, dialect: Dialect) -> None:
    """Raises BackslashEscapes if whole rows show that the file is in that dialect, and not in `dialect`."""
    if (
        "\\" in text and dialect == Dialect(dialect.delimiter) and _ESCAPED_QUOTE.search(text)
    ):  # fast without one
        raise BackslashEscapes


def find_column_names(
    found: Iterable[Row | RejectedRow], names_columns: Callable[[Sequence[str]], bool]
) -> ColumnNames:
    """Returns the first of the rows that names the columns, else the first row. Raises Unreadable.

    Only rows with few cells are passed over. Rows of members would be lost.
    """
    above: list[Row] = []
    first: Row | None = None
    for row in islice(found, TITLE_ROWS):
        if isinstance(row, RejectedRow):
            if first:
                break
            raise Unreadable(f"The first line cannot be read: {row.reason}", code=row.code)
        first = first or row
        if names_columns(row.cells):
            return ColumnNames(row, above)
        if sum(bool(cell.strip()) for cell in row.cells) >= MEMBER_CELLS:
            break
        above.append(row)
    if first is None:
        raise Unreadable("The file is empty.", code="empty_file")
    return ColumnNames(first, [])


def check_end(last: Chunk, dialect: Dialect, width: int) -> None:
    """Raises Unreadable (truncated_file) if the file ends within a quote: the last chunk is all that is looked at.

    A quote may be forgotten in any line. But if the text has no line end, and no row of the header's width comes
    after the line with the open quote, the end of the file is missing.
    """
    if last.text.endswith("\n") or dialect.quote not in last.text:
        return
    is_open = False
    for _, _, cells, code in scan_rows(last.text.split("\n"), dialect):
        if code == UNTERMINATED:
            is_open = True
        elif cells is not None and len(cells) >= width:
            is_open = False
    if is_open:
        detail = (
            "The file ends within a quote, so its end is missing. Send the whole file, or close the quote."
        )
        raise Unreadable(detail, code="truncated_file")
