"""Cells that are safe to open in a spreadsheet, and restored exactly."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.cells.escaping import escape, unescape
from tests.support.cells import FORMULA, LONG, SEPARATORS, cells


@given(cells)
def test_escaped_cell_is_restored(cell: str) -> None:
    assert unescape(escape(cell)) == cell


@given(cells, st.sampled_from(["", " ", "\u00a0 "]))
def test_escaped_cell_starts_no_formula(cell: str, blanks: str) -> None:
    """Nor after leading blanks, which some programs remove."""
    text = escape(blanks + cell)
    assert not text.startswith(FORMULA)
    assert not text.strip().startswith(FORMULA) or not text.strip()


@pytest.mark.parametrize("separators", [*SEPARATORS, SEPARATORS])
@given(cells)
def test_no_part_of_an_escaped_cell_starts_a_formula(separators: str, cell: str) -> None:
    """A spreadsheet may split at another delimiter, and remove the blanks and quotes of each part."""
    for part in re.split(f"[{separators}]", escape(cell)):
        assert not re.match(r'[\s"]*[=+\-@\uff1d\uff0b\uff0d\uff20]', part)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a,b\t@SUM(A1)|+1", "a,b\t'@SUM(A1)|'+1"),
        ('x; "=1+1"', 'x;\' "=1+1"'),
        ("one\n-two", "one\n'-two"),
        ("a;'=1", "a;''=1"),
        ("\t=1", "'\t'=1"),
        ("Müller; Jr., O'Neil-Lee 1+1=2", "Müller; Jr., O'Neil-Lee 1+1=2"),
    ],
)
def test_formula_after_any_delimiter_gets_an_apostrophe(cell: str, expected: str) -> None:
    assert escape(cell) == expected
    assert unescape(expected) == cell


def test_escaping_takes_linear_time() -> None:
    for cell in ("'" * LONG, " " * LONG, "', " * (LONG // 3), "'=;" * (LONG // 3)):
        assert unescape(escape(cell)) == cell
