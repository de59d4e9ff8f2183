"""Writes rows as lines of a CSV file. Pure."""

import re
from collections.abc import Iterable, Sequence

# Without it Excel reads the file in an old encoding, and garbles and saves the accents.
BYTE_ORDER_MARK = "\ufeff"
# csv.writer leaves a cell with a leading space unquoted, and the reader skips such spaces.
_UNQUOTED = re.compile(r'(?! )[^",\r\n]*')


def csv_lines(rows: Iterable[Sequence[str]]) -> str:
    """Returns the rows, each as a line with a line feed."""
    return "".join(",".join(map(_quote, cells)) + "\n" for cells in rows)


def _quote(cell: str) -> str:
    return cell if not cell or _UNQUOTED.fullmatch(cell) else '"' + cell.replace('"', '""') + '"'
