"""Detects the delimiter of a CSV file, and splits its text into chunks of whole rows, in bounded memory. Pure."""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

from .csv_reader import MAX_ROW, UNTERMINATED, Chunk, Row, end_of_last_row, rows, scan_rows

DELIMITERS = ",;\t"
_SEP_LINE = re.compile(r'"?sep=([,;\t|])"? *(?=\n)', re.IGNORECASE)  # tells Excel the delimiter
MAX_LINES = 10_000  # of one chunk: the memory of a load grows with its rows, which may be one letter long
CTRL_Z = "\x1a"  # some old programs mark the end of a file with it


def detect_delimiter(blocks: Iterable[str], field_of: Callable[[str], object]) -> tuple[str, Iterator[str]]:
    """Returns (the delimiter, the blocks without a line `sep=…`).

    Without that line it is the delimiter with which the first row has the most cells that `field_of` recognizes, or
    else the most cells.
    """
    rest = iter(blocks)
    read: list[str] = []
    while sum(map(len, read)) <= MAX_ROW and (block := next(rest, None)) is not None:
        read.append(block)
    start = "".join(read)
    if sep := _SEP_LINE.match(start):
        # Its line feed stays, so that the lines after it keep their numbers.
        return sep[1], _skip(chain(read, rest), sep.end())

    def score(delimiter: str) -> tuple[int, int]:
        first = next(rows(Chunk(1, start[: 2 * MAX_ROW]), delimiter), Row(1, []))
        return sum(field_of(cell) is not None for cell in first.cells), len(first.cells)

    return max(DELIMITERS, key=score), chain(read, rest)


def _skip(blocks: Iterable[str], size: int) -> Iterator[str]:
    """Yields the blocks without their first `size` characters."""
    for block in blocks:
        yield block[size:]
        size = max(0, size - len(block))


def chunks(blocks: Iterable[str], size: int, delimiter: str = ",") -> Iterator[Chunk]:
    """Yields chunks of about `size` characters, at most MAX_LINES each, split between rows.

    Blank chunks are skipped: a small archive may contain thousands of them.
    """
    line, text = 1, ""
    for block in _split_long_blocks(_truncate_lines(blocks)):
        text += block
        if len(text) < size and text.count("\n") < MAX_LINES:
            continue
        end = _end_of_last_row(text, delimiter)
        if end:
            if not text.isspace():
                yield Chunk(line, text[:end])
            line += text.count("\n", 0, end)
            text = text[end:]
    text = text.rstrip(CTRL_Z)
    if text and not text.isspace():
        yield Chunk(line, text)


def _truncate_lines(blocks: Iterable[str]) -> Iterator[str]:
    """Yields the blocks with each line truncated after MAX_ROW: enough of it to be rejected as too long."""
    length = 0  # of the current line, as far as it was yielded
    for block in blocks:
        head, newline, rest = block.partition("\n")
        head = head[: max(0, MAX_ROW + 1 - length)]
        yield head + newline + rest
        length = len(rest) - (rest.rfind("\n") + 1) if newline else length + len(head)


def _split_long_blocks(blocks: Iterable[str]) -> Iterator[str]:
    """Yields the blocks, those with more than MAX_LINES in parts."""
    for block in blocks:
        if block.count("\n") <= MAX_LINES:
            yield block
            continue
        lines = io.StringIO(block)
        while part := "".join(islice(lines, MAX_LINES)):
            yield part


def _end_of_last_row(text: str, delimiter: str) -> int:
    """Returns the index after the last complete row, 0 if no row is complete."""
    whole = text[: text.rfind("\n") + 1]  # the text after the last line feed is incomplete
    if '"' not in whole:
        return len(whole)
    end = end_of_last_row(whole, delimiter)
    return _end_by_row(whole.split("\n")[:-1], delimiter) if end is None else end


def _end_by_row(lines: list[str], delimiter: str) -> int:
    """Returns the index after the last complete row, where some rows may be rejected."""
    end = 0
    for first, count, _, code in scan_rows(lines, delimiter):
        if code == UNTERMINATED:
            break  # the rest of this row may follow
        end = first + count
    return sum(map(len, lines[:end])) + end
