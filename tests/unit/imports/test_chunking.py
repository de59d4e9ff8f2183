"""Chunks of a file: the same rows wherever it is split, in bounded memory."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.imports.splitting.chunking import MAX_LINES, chunks
from chalicelib.imports.text.csv_reader import MAX_ROW, Chunk, RejectedRow, rows


@given(st.text(alphabet='ab,"\n ', max_size=80), st.integers(1, 9), st.integers(1, 30))
def test_rows_are_the_same_wherever_a_file_is_split(text: str, block: int, size: int) -> None:
    blocks = [text[i : i + block] for i in range(0, len(text), block)]
    found = [row for chunk in chunks(blocks, size) for row in rows(chunk)]
    assert found == list(rows(Chunk(1, text)))


def test_line_of_any_length_needs_bounded_memory() -> None:
    blocks = ["a,b\n", *["x" * 50_000] * 200, "\nc,d\n"]
    split = list(chunks(blocks, 1000))
    assert max(len(chunk.text) for chunk in split) < 4 * MAX_ROW
    found = [row for chunk in split for row in rows(chunk)]
    assert [row.line for row in found] == [1, 2, 3]
    assert [row.code for row in found if isinstance(row, RejectedRow)] == ["row_too_long"]


def test_chunk_has_a_limited_number_of_lines() -> None:
    lines = 5 * MAX_LINES
    split = list(chunks(["x\n" * lines], 10**9))
    assert max(chunk.text.count("\n") for chunk in split) <= MAX_LINES
    assert [row.line for chunk in split for row in rows(chunk)] == list(range(1, lines + 1))
