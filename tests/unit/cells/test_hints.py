"""The quick looks at a row's cells miss nothing that the thorough checks find."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.cells.escaping import unescape
from chalicelib.cells.garbled import garbled_text, has_stray_quotes, may_be_damaged
from chalicelib.cells.spreadsheets import damaged_cell, exact_text, may_be_wrapped, unwrap

# Letters, quotes, what stands at the start of formulas, and a filler that Python takes for a letter.
CELLS = st.lists(st.text("aZéД1'’\"“=+@ \n,;?&#\u3164\u200b", max_size=6), min_size=1, max_size=3)


@given(CELLS)
def test_no_wrapped_cell_is_missed(cells: list[str]) -> None:
    if not may_be_wrapped("\n".join(cells)):
        assert [unwrap(unescape(cell)) for cell in cells] == cells
        assert not any(map(exact_text, cells))


@given(cells=CELLS, is_name=st.booleans())
def test_no_damaged_cell_is_missed(cells: list[str], *, is_name: bool) -> None:
    if not may_be_damaged("\n".join(cells)):
        assert not any(map(damaged_cell, cells))
        assert not any(garbled_text(cell, is_name=is_name) for cell in cells)
        assert not any(has_stray_quotes(cell, is_name=is_name) for cell in cells)


@pytest.mark.parametrize("name", ["O'Neil", "D’Angelo", "Мар'яна", "Zoë", "Smith, Jr."])
def test_usual_names_need_neither(name: str) -> None:
    text = f"Ada\n{name}\n3235551234"
    assert not may_be_wrapped(text)
    assert not may_be_damaged(text)


@pytest.mark.parametrize("cell", ["'00123", "’Anna’", "'=1", "\u3164’Anna’\u3164", "'", "a'"])
def test_apostrophes_beside_no_letter_are_looked_at(cell: str) -> None:
    assert may_be_wrapped(f"Ada\n{cell}\nBen") or "'" not in cell
    assert may_be_damaged(f"Ada\n{cell}\nBen")
