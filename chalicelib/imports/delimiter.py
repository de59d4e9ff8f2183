"""Detects the delimiter of a CSV file. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from .csv_reader import MAX_ROW, Chunk, Row, rows

DELIMITERS = ",;\t"
_SEP_LINE = re.compile(r'"?sep=([,;\t|])"? *(?=\n)', re.IGNORECASE)  # tells Excel the delimiter


def detect_delimiter(blocks: Iterable[str], field_of: Callable[[str], object]) -> tuple[str, Iterator[str]]:
    """Returns (the delimiter, the blocks without a line `sep=…`).

    Without that line it is the delimiter with which the first row has the most cells that `field_of` recognises, or
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
