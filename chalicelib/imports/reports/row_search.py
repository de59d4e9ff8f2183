"""Finds the row of a line in changes.csv. Pure."""

from collections.abc import Callable, Generator
from contextlib import closing

SCANNED = 64 * 1024  # bytes that are read in a row; a row has fewer


def find_row(lines_from: Callable[[int], Generator[bytes]], start: int, size: int, line: int) -> bytes | None:
    """Returns the row of a line of the imported file, None if there is none.

    The rows are in the order of the file, after those without a line, so this is a binary search. `lines_from`
    returns the lines from a byte on; the rows begin at `start`.
    """
    low, high = start, size  # a row begins at `low`
    while high - low > SCANNED:
        middle = (low + high) // 2
        with closing(lines_from(middle)) as lines:
            rest_of_row, row = next(lines, b""), next(lines, b"")
        if row and _line(row) <= line:
            low = middle + len(rest_of_row)
        else:
            high = middle
    with closing(lines_from(low)) as lines:
        for row in lines:
            if (number := _line(row)) >= line:
                return row if number == line else None
    return None


def _line(row: bytes) -> int:
    return int(row.partition(b",")[0] or 0)
