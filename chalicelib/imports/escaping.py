"""Makes cells safe to open in a spreadsheet, reversibly. Pure."""

import re

# A spreadsheet runs a cell that starts like this, after blanks and quotes; and so a part of a cell, where it splits
# lines at another delimiter than ours. An escape is one apostrophe more in front of that, behind the delimiter.
# Apostrophes in front do not change what matches, so taking one away always gives the cell back.
_FORMULA = "(?='*+(?:[^\\S\t\r\n]|\")*+[=+\\-@\uff1d\uff0b\uff0d\uff20])"
_TAB = "(?='*+[\t\r\n])"  # in front of a cell it may be dropped
_PART = r"(?:\A|(?<=[,;|\t\r\n]))"
_UNSAFE = re.compile(rf"\A{_TAB}|{_PART}{_FORMULA}")
_ESCAPE = re.compile(rf"\A'{_TAB}|{_PART}'{_FORMULA}")


def escaped(cell: str) -> str:
    """A cell that is safe to open in a spreadsheet, whatever delimiter that takes: a;=1 becomes a;'=1."""
    return _UNSAFE.sub("'", cell)


def unescaped(cell: str) -> str:
    """The cell that `escaped` was given."""
    return _ESCAPE.sub("", cell) if "'" in cell else cell
