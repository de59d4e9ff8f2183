"""Reads the rows of a chunk of a CSV file: the cells of each, or why it cannot be read. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

MAX_ROW = 64 * 1024  # characters of one row, so that an unclosed quote cannot affect more
SHOWN_OF_LONG_ROW = 1000  # characters
STRAY_QUOTE = "stray_quote"
UNTERMINATED = "open"  # the code of a row whose quote is still open when the lines end
if TYPE_CHECKING:
    from _csv import Reader

BLANK = "\\N"  # MySQL writes it for a missing value
_BLANK_CELL = re.compile(r'(?<![^,;\t|\n"])\\N(?![^,;\t|\n"])')
_END = "\x00"  # follows the last line: the row that contains it did not end
_REASONS = {
    "unclosed_quote": "A quote on this line is not closed. Close it, or remove it.",
    STRAY_QUOTE: "A quote within a cell is not doubled. Double it, or remove it.",
    "row_too_long": f"The row has more than {MAX_ROW:,} characters. Shorten it.",
}


class Dialect(NamedTuple):
    """How the cells of a file are separated and quoted.

    `escape` is the backslash in a file where it makes the next character literal, else empty.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""

    @property
    def strict(self) -> bool:
        """Whether text after a closing quote makes a row unreadable, which is lenient in usual files."""
        return self.quote != '"' or bool(self.escape)

    def reader(self, lines: Iterable[str]) -> "Reader":
        """Returns a reader of the rows. A quote opens a cell after spaces too: some programs write them."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote,
            escapechar=self.escape or None,
            strict=self.strict,
            skipinitialspace=True,
        )

    def has_plain_rows(self, text: str) -> bool:
        """Returns whether each line of the text is a row: nothing in it can join lines."""
        return self.quote not in text and not (self.escape and self.escape in text)


USUAL_DIALECT = Dialect()


class Row(NamedTuple):
    """A row of a file: the line it starts on (from 1), and its cells."""

    line: int
    cells: list[str]


class RejectedRow(NamedTuple):
    """A row that is not imported: its line and cells, a code for machines and the reason for people.

    A row that cannot be split into cells has its first line as its only cell.
    """

    line: int
    cells: list[str]
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive whole rows of a file as text with line feeds, and the line that the first row starts on."""

    line: int
    text: str


def rows(chunk: Chunk, dialect: Dialect = USUAL_DIALECT) -> Iterator[Row | RejectedRow]:
    """Yields the rows of a chunk, with "" for cells that are BLANK. Blank rows are skipped."""
    text = chunk.text
    has_blanks = BLANK in text
    if has_blanks and dialect.escape:
        text = _BLANK_CELL.sub(r"\\\\N", text)  # else the reader would return N
    lines = text.removesuffix("\n").split("\n")
    for first, _, cells, code in scan_rows(lines, dialect):
        if cells is None:
            yield _rejected_row(chunk.line + first, lines[first], code)
            continue
        if has_blanks:
            cells = ["" if cell.strip() == BLANK else cell for cell in cells]  # noqa: PLW2901 (the same row)
        if not "".join(cells).strip():
            continue
        yield Row(chunk.line + first, cells)


def _rejected_row(line: int, text: str, code: str) -> RejectedRow:
    known = "unclosed_quote" if code == UNTERMINATED else code
    shown = text[:SHOWN_OF_LONG_ROW] if known == "row_too_long" else text
    return RejectedRow(line, [shown], known, _REASONS[known])


class _UnreadableRow(Exception):
    """The current row exceeds MAX_ROW; or the lines end within its quote, then the argument is UNTERMINATED."""


def scan_rows(lines: list[str], dialect: Dialect) -> Iterator[tuple[int, int, list[str] | None, str]]:
    """Returns (index of its first line, number of lines, cells, code) of each row.

    Cells are None if the row cannot be read; then the code is unclosed_quote, STRAY_QUOTE, row_too_long or
    UNTERMINATED.

    A row that never ends costs its first line only: reading starts again with the next line. The same holds at the
    end of a chunk, so a file has the same rows wherever it is split.
    """
    quote, short = dialect.quote, max(map(len, lines), default=0) < MAX_ROW
    if short and not dialect.escape and not any(quote in line for line in lines):
        return ((index, 1, cells, "") for index, cells in enumerate(dialect.reader(lines)))
    return _scan_quoted_rows(lines, dialect)


def _scan_quoted_rows(lines: list[str], dialect: Dialect) -> Iterator[tuple[int, int, list[str] | None, str]]:
    """Yields what `scan_rows` returns, for lines that may contain quotes or be too long."""
    start = 0  # of the current row
    size = 0
    quotes = _QuoteScanner(lines, dialect)

    def lines_from(position: int) -> Iterator[str]:
        nonlocal size
        for index in range(position, len(lines)):
            size += len(lines[index]) + 1
            if size > MAX_ROW:
                raise _UnreadableRow
            if index == start + 1:
                quotes.check(start)
            yield lines[index] + "\n"
        yield _END

    while start < len(lines):
        offset, size = start, 0
        found = dialect.reader(lines_from(offset))
        code = UNTERMINATED
        try:
            for cells in found:
                stop = offset + found.line_num
                if stop > len(lines):  # _END was read, as a row of its own or within a quote
                    break
                yield start, stop - start, cells, ""
                start, size = stop, 0
            if start == len(lines):
                return
        except (_UnreadableRow, csv.Error) as error:
            code = _rejection_code(error, lines[start], is_past_end=offset + found.line_num > len(lines))
        yield start, 1, None, code
        start += 1


def _rejection_code(error: Exception, first_line: str, *, is_past_end: bool) -> str:
    if isinstance(error, csv.Error):  # of a strict dialect, also where the lines end within a quote
        return UNTERMINATED if is_past_end else STRAY_QUOTE
    return str(error) or ("row_too_long" if len(first_line) >= MAX_ROW else "unclosed_quote")


def end_of_last_row(text: str, dialect: Dialect) -> int | None:
    """Returns the index after the last complete row of whole lines, None if `scan_rows` may reject a row of them.

    It reads the rows as `scan_rows` does, without handing them over, in two thirds of the time.
    """
    found = dialect.reader(io.StringIO(text + _END))
    try:
        stops = [found.line_num for _ in found]  # the last row contains _END
    except csv.Error:  # a cell has more than 128 kB, or a strict dialect's row ends within a quote
        return None
    if len(stops) == stops[-1]:
        return len(text)  # each line is a row
    offsets = list(accumulate(map(len, io.StringIO(text)), initial=0))
    offsets.append(len(text))  # of the line after _END
    for start, stop in pairwise((0, *stops)):
        if stop - start > 1 and offsets[stop] - offsets[start] > MAX_ROW:
            return None
    return offsets[stops[-2]] if len(stops) > 1 else 0


class _QuoteScanner:
    """Finds the line that closes the open quote of a row, and reads each line once.

    Without it, a hostile file with an open quote on each line would cost 64 kB of reading per line.
    """

    def __init__(self, lines: list[str], dialect: Dialect) -> None:
        self._lines = lines
        self._dialect = dialect
        self._offsets: list[int] = []  # of each line, in characters
        self._next = 0  # no line between a row's first and this one closes a quote

    def check(self, start: int) -> None:
        """Raises _UnreadableRow if the row from line `start`, open at the end of that line, does not end."""
        if not self._offsets:
            self._offsets = list(accumulate((len(line) + 1 for line in self._lines), initial=0))
        limit = self._offsets[start] + MAX_ROW
        self._next = max(self._next, start + 1)
        while self._next < len(self._lines):
            if self._offsets[self._next + 1] > limit:
                raise _UnreadableRow
            if self._closes_quote(self._lines[self._next]):
                return
            self._next += 1
        raise _UnreadableRow(UNTERMINATED)

    def _closes_quote(self, line: str) -> bool:
        """Returns whether a row ends with this line if the line starts within a quote."""
        quote = self._dialect.quote
        if quote not in line:
            return False
        found = self._dialect.reader([f"{quote}{line}\n", _END])
        with suppress(csv.Error):
            next(found)
        return bool(found.line_num == 1)
