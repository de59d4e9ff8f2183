"""Removes what joining files with `cat` leaves within them. Pure."""

import re
from collections.abc import Iterable, Iterator

BYTE_ORDER_MARK = "\ufeff"
_MARKS = re.compile(f"\n{BYTE_ORDER_MARK}+")


def without_marks(blocks: Iterable[str]) -> Iterator[str]:
    """Yields the text of a file without byte order marks at the starts of lines.

    With them a quote that follows would not open a cell.
    """
    at_start = True  # of a line
    for block in blocks:
        text = block
        if BYTE_ORDER_MARK in block:
            text = _MARKS.sub("\n", ("\n" if at_start else " ") + block)[1:]
        if text:
            at_start = text.endswith("\n")
            yield text
