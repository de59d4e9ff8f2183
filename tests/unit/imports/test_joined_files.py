"""Byte order marks within a file."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.imports.joined_files import without_marks


@given(st.lists(st.text("ab\n\ufeff ")))
def test_marks_at_starts_of_lines_are_removed_in_any_blocks(blocks: list[str]) -> None:
    lines = "".join(blocks).split("\n")
    assert "".join(without_marks(blocks)) == "\n".join(line.lstrip("\ufeff") for line in lines)


def test_mark_within_a_line_stays() -> None:
    assert "".join(without_marks(["a\ufeffb\n", "\ufeffc"])) == "a\ufeffb\nc"
