"""Writes rows as lines of a CSV file. Pure."""

import re
from collections.abc import Iterable

# Without it Excel reads the file in an old encoding, and garbles and saves the accents.
BYTE_ORDER_MARK = "\ufeff"
# csv.writer leaves a cell with a leading space unquoted, and the reader skips such spaces.
_UNQUOTED = re.compile(r'(?! )[^",\r\n]*')


def csv_text(rows: Iterable[Iterable[str]]) -> str:
    """Returns rows as CSV, each with a line feed."""
    return "".join(",".join(map(quoted, cells)) + "\n" for cells in rows)


def quoted(cell: str) -> str:
    """Returns a cell as it is in a CSV, in quotes if it needs them."""
    return cell if not cell or _UNQUOTED.fullmatch(cell) else '"' + cell.replace('"', '""') + '"'
