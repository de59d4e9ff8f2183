"""Makes cells safe to open in a spreadsheet, reversibly. Pure."""

import re

# A spreadsheet runs a cell that starts like this, after spaces and quotes. It may split a line at a delimiter other
# than ours, so a part of a cell can be a formula too. An escape is one more apostrophe before the formula.
# Apostrophes before it do not change whether it matches, so removing one always restores the cell.
_FORMULA = "(?='*+(?:[^\\S\t\r\n]|\")*+[=+\\-@\uff1d\uff0b\uff0d\uff20])"
_TAB_OR_LINE_BREAK = "(?='*+[\t\r\n])"  # spreadsheets may drop it before a formula
_PART = r"(?:\A|(?<=[,;|\t\r\n]))"
_UNSAFE = re.compile(rf"\A{_TAB_OR_LINE_BREAK}|{_PART}{_FORMULA}")
_ESCAPE = re.compile(rf"\A'{_TAB_OR_LINE_BREAK}|{_PART}'{_FORMULA}")


def escape(cell: str) -> str:
    """Returns the cell safe to open with any delimiter: a;=1 becomes a;'=1."""
    return _UNSAFE.sub("'", cell)


def unescape(cell: str) -> str:
    """Returns the cell that `escape` was given."""
    return _ESCAPE.sub("", cell) if "'" in cell else cell
