"""The delimiter of a file."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.imports.rows.column_names import field_of
from chalicelib.imports.splitting.chunking import chunks
from chalicelib.imports.splitting.dialects import detect_dialect
from chalicelib.imports.text.csv_reader import rows


@given(st.integers(1, 9))
def test_sep_line_is_found_wherever_blocks_end(block: int) -> None:
    text = 'sep=;\n"a,\nb";c\nd;e\n'
    blocks = [text[i : i + block] for i in range(0, len(text), block)]
    dialect, rest = detect_dialect(blocks, field_of)
    found = [(row.line, row.cells) for chunk in chunks(rest, 5, dialect) for row in rows(chunk, dialect)]
    assert (dialect.delimiter, found) == (";", [(2, ["a,\nb", "c"]), (4, ["d", "e"])])
