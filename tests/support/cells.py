"""Cells that are hard to write to rejected.csv safely and reversibly."""

import re

from hypothesis import strategies as st

from chalicelib.imports.text.csv_reader import BLANK, MAX_ROW

FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
SEPARATORS = ",;|\t\r\n"  # a spreadsheet may split a line at them
# Linear work on so many characters takes a second, quadratic work longer than a test may run (pyproject.toml).
LONG = 16 * MAX_ROW
# Cells that reading may return: no CR, for line ends are line feeds by then, no halves of characters, no byte order
# mark at the start of a line, and no \N, which is read as blank.
letters = st.characters(exclude_categories=["Cs"], exclude_characters="\r\0")
tricky = st.text(st.sampled_from("'=+-@\t\n \u00a0\uff1da,\";|1("), max_size=8)
cells = (
    (tricky | st.text(letters, max_size=20))
    .map(lambda cell: re.sub("\n\ufeff+", "\n", cell))
    .filter(lambda cell: cell.strip() != BLANK)
)
