"""Splits the text of a CSV file into chunks of whole rows, in bounded memory. Pure."""

import io
from collections.abc import Iterable, Iterator
from itertools import islice

from chalicelib.imports.text.csv_reader import (
    MAX_ROW,
    UNTERMINATED,
    USUAL_DIALECT,
    Chunk,
    Dialect,
    end_of_last_row,
    scan_rows,
)

MAX_LINES = 10_000  # of one chunk: the memory of a load grows with its rows, which may be one letter long
CTRL_Z = "\x1a"  # some old programs mark the end of a file with it


def chunks(blocks: Iterable[str], size: int, dialect: Dialect = USUAL_DIALECT) -> Iterator[Chunk]:
    """Yields chunks of about `size` characters, at most MAX_LINES each, split between rows.

    Blank chunks are skipped: a small archive may contain thousands of them.
    """
    line, text = 1, ""
    for block in _split_long_blocks(_truncate_lines(blocks)):
        text += block
        if len(text) < size and text.count("\n") < MAX_LINES:
            continue
        end = _end_of_last_row(text, dialect)
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


def _end_of_last_row(text: str, dialect: Dialect) -> int:
    """Returns the index after the last complete row, 0 if no row is complete."""
    whole = text[: text.rfind("\n") + 1]  # the text after the last line feed is incomplete
    if dialect.has_plain_rows(whole):
        return len(whole)
    end = end_of_last_row(whole, dialect)
    return _end_by_row(whole.split("\n")[:-1], dialect) if end is None else end


def _end_by_row(lines: list[str], dialect: Dialect) -> int:
    """Returns the index after the last complete row, where some rows may be rejected."""
    end = 0
    for first, count, _, code in scan_rows(lines, dialect):
        if code == UNTERMINATED:
            break  # the rest of this row may follow
        end = first + count
    return sum(map(len, lines[:end])) + end
