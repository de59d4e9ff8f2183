"""From a file to numbered rows of cells: unpacking, finding the delimiter, cutting at row borders. Pure."""

import csv
import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, chain, islice
from typing import NamedTuple

from chalicelib.errors import Unreadable

# A quote opens a cell after blanks too: some programs write a blank behind each delimiter.
_reader = partial(csv.reader, skipinitialspace=True)
DELIMITERS = ",;\t"
UNREADABLE = "\ufffd"  # what decoding leaves where a byte is no character
MAX_ROW = 64 * 1024  # characters of one row; an unclosed quote cannot swallow more than this
MAX_LINES = 10_000  # of one piece: what a load holds goes by its rows, and those may be one letter long
UNPACKED = 1024 * 1024  # bytes unpacked at once


class Row(NamedTuple):
    """One row of a file: the line it starts on (from 1), its cells, and why it cannot be read, if so."""

    line: int
    cells: list[str]
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive whole rows of a file, lines ending in a line feed, and the line the first one starts on."""

    line: int
    text: str


def unpacked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks of a .gz file unpacked, of every member it has. Raises Unreadable."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    for block in blocks:
        data = block
        while data:
            if unpacker.eof:
                if not data.strip(b"\0"):
                    break  # padding
                unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            try:
                yield unpacker.decompress(data, UNPACKED)
            except zlib.error:
                raise Unreadable("The file is no gzip archive, or a damaged one.", code="not_gzip") from None
            data = unpacker.unconsumed_tail or unpacker.unused_data
    yield unpacker.flush()
    if not unpacker.eof:
        raise Unreadable("The gzip archive ends too early.", code="not_gzip")


# A first line for Excel alone, that says what the delimiter is.
_SAID = re.compile(r'"?sep=([,;\t|])"? *(?=\n)', re.IGNORECASE)


def delimited(blocks: Iterable[str], known: Callable[[str], object]) -> tuple[str, Iterator[str]]:
    """(the delimiter that the file says it has, or that its first row with text uses; the blocks).

    It is the one that makes the most cells `known` as columns, or else the most cells.
    """
    rest = iter(blocks)
    held: list[str] = []
    while sum(map(len, held)) <= MAX_ROW and (block := next(rest, None)) is not None:
        held.append(block)
    start = "".join(held)
    said = _SAID.match(start)
    if said:  # a blank line stays, so that those after it keep their numbers
        return said[1], _after(chain(held, rest), said.end())

    def promise(delimiter: str) -> tuple[int, int]:
        first = next(rows(Chunk(1, start[: 2 * MAX_ROW]), delimiter), Row(1, []))
        return sum(known(cell) is not None for cell in first.cells), len(first.cells)

    return max(DELIMITERS, key=promise), chain(held, rest)


def _after(blocks: Iterable[str], size: int) -> Iterator[str]:
    """The blocks without their first `size` characters."""
    for block in blocks:
        yield block[size:]
        size = max(0, size - len(block))


def bounded(blocks: Iterable[str]) -> Iterator[str]:
    """The blocks, a line of any length cut soon after MAX_ROW, so that it can be held and then rejected."""
    held = 0  # characters of the line under way that were handed on
    for block in blocks:
        head, newline, rest = block.partition("\n")
        head = head[: max(0, MAX_ROW + 1 - held)]
        yield head + newline + rest
        held = len(rest) - (rest.rfind("\n") + 1) if newline else held + len(head)


def _short(blocks: Iterable[str]) -> Iterator[str]:
    """The blocks, those of more than MAX_LINES cut into several."""
    for block in blocks:
        if block.count("\n") <= MAX_LINES:
            yield block
            continue
        lines = io.StringIO(block)
        while part := "".join(islice(lines, MAX_LINES)):
            yield part


def pieces(blocks: Iterable[str], size: int, delimiter: str = ",") -> Iterator[Chunk]:
    """The text in pieces of about `size` characters or MAX_LINES, cut between rows; one is held at a time.

    A piece of nothing but blanks is left out: a small archive may hold thousands of them.
    """
    line, waiting = 1, ""
    for block in _short(bounded(blocks)):
        waiting += block
        if len(waiting) < size and waiting.count("\n") < MAX_LINES:
            continue
        end = _last_border(waiting, delimiter)
        if end:
            if not waiting.isspace():
                yield Chunk(line, waiting[:end])
            line += waiting.count("\n", 0, end)
            waiting = waiting[end:]
    waiting = waiting.rstrip("\x1a")  # Ctrl-Z, by which old programs mark the end of a file
    if waiting and not waiting.isspace():
        yield Chunk(line, waiting)


def _last_border(text: str, delimiter: str) -> int:
    """Where the last whole row of the text ends. Without quotes that is its last line end."""
    if '"' not in text:
        return text.rfind("\n") + 1
    end = 0
    lines = text.split("\n")[:-1]  # what follows the last line end is not whole
    for first, count, _, code in _scan(lines, delimiter):
        if code == "open":
            break  # the rest of this row may still come
        end = first + count
    return sum(map(len, lines[:end])) + end


def rows(piece: Chunk, delimiter: str = ",") -> Iterator[Row]:
    """The rows of a piece. Lines without any text are passed over."""
    lines = piece.text.removesuffix("\n").split("\n")
    for first, _, cells, code in _scan(lines, delimiter):
        number = piece.line + first
        if cells is None:
            known = "unclosed_quote" if code == "open" else code
            shown = lines[first][:1000] if known == "row_too_long" else lines[first]
            yield Row(number, [shown], known, _REASONS[known])
        elif any(cell and not cell.isspace() for cell in cells):
            yield Row(number, cells)


_REASONS = {
    "unclosed_quote": "A quote on this line is never closed.",
    "row_too_long": f"The row is longer than {MAX_ROW} characters.",
}


class _Endless(Exception):
    """The row under way passes MAX_ROW, or is open where the lines end: its argument says so."""


def _scan(lines: list[str], delimiter: str) -> Iterator[tuple[int, int, list[str] | None, str]]:
    """Yields (index of its first line, lines, cells, code) of each row.

    Cells are None where the code says why: unclosed_quote, row_too_long, or open where the lines end in a quote.

    A row that never ends (a quote that nothing closes) costs its first line alone: reading starts again with
    the next line. This holds at a border too, so that a file reads the same however it is cut.
    """
    start = 0  # of the row under way
    size = 0
    quotes = _Quotes(lines, delimiter)

    def feed(position: int) -> Iterator[str]:
        nonlocal size
        for index in range(position, len(lines)):
            size += len(lines[index]) + 1
            if size > MAX_ROW:
                raise _Endless("")
            if index == start + 1:
                quotes.check(start)
            yield lines[index] + "\n"
        yield _END

    while start < len(lines):
        begun, size = start, 0
        found = _reader(feed(begun), delimiter=delimiter)
        code = "open"
        try:
            for cells in found:
                stop = begun + found.line_num
                if stop > len(lines):  # the end was reached: as a row of its own, or within an open quote
                    break
                yield start, stop - start, cells, ""
                start, size = stop, 0
            if start == len(lines):
                return
        except _Endless as end:
            code = str(end) or ("row_too_long" if len(lines[start]) >= MAX_ROW else "unclosed_quote")
        yield start, 1, None, code
        start += 1


class _Quotes:
    """Looks ahead for the line that ends a row with an open quote, and looks at each line once.

    Reading such rows to the limit one after the other would take 64 kB of work for each of a hostile file's lines.
    """

    def __init__(self, lines: list[str], delimiter: str) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._borders: list[int] = []  # how many characters stand before each line
        self._reached = 0  # no line before this one, and after the row's first, closes a quote

    def check(self, start: int) -> None:
        """Raises _Endless if the row from line `start`, open at the end of that line, does not end."""
        if not self._borders:
            self._borders = list(accumulate((len(line) + 1 for line in self._lines), initial=0))
        limit = self._borders[start] + MAX_ROW
        self._reached = max(self._reached, start + 1)
        while self._reached < len(self._lines):
            if self._borders[self._reached + 1] > limit:
                raise _Endless("")
            if self._closes(self._lines[self._reached]):
                return
            self._reached += 1
        raise _Endless("open")

    def _closes(self, line: str) -> bool:
        """Whether a row that is within quotes where this line starts ends with this line."""
        if '"' not in line:
            return False
        found = _reader([f'"{line}\n', _END], delimiter=self._delimiter)
        next(found)
        return found.line_num == 1


_END = "\x00"
