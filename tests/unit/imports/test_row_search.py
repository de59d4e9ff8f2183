"""The search for the row of a line in changes.csv."""

from collections.abc import Generator

import pytest

from chalicelib.imports.reports.row_search import SCANNED, find_row

HEADER = b"line,outcome\n"


@pytest.mark.parametrize("count", [0, 1, 3, 5_000, 60_000])
def test_row_is_found_wherever_it_is(count: int) -> None:
    """Some rows have no line, and come first; not every line has a row."""
    removed = [b",removed,x\n"] * (count // 2)
    rows = [f"{2 * n},created,{'x' * (n % 50)}\n".encode() for n in range(1, count + 1)]
    content = HEADER + b"".join(removed + rows)
    read: list[int] = []

    def lines_from(start: int) -> Generator[bytes]:
        for line in content[start:].splitlines(keepends=True) if start < len(content) else ():
            read.append(len(line))
            yield line

    wanted = {1, 2, count // 3 // 2 * 2 + 2, count + 1, 2 * count + 2, 2 * count + 1, 10**9}
    for line in wanted:
        read.clear()
        found = find_row(lines_from, len(HEADER), len(content), line)
        has_row = line % 2 == 0 and line <= 2 * count
        assert found == (rows[line // 2 - 1] if has_row else None)
        assert sum(read) < 2 * SCANNED
