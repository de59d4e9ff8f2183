"""Reads one chunk: parses, validates and normalizes its rows. Pure."""

import re
from typing import NamedTuple

from chalicelib.fields.phone import PhoneRule
from chalicelib.scope import Scope

from .columns import OTHER_HEADER, Header
from .csv_reader import Chunk, RejectedRow, Row, rows
from .member_row import MemberRow
from .outcomes import Outcome
from .warnings import RowWarning, row_warnings

TRAILERS = ("trailer", "trl")  # the first cell of a last row that names the number of rows
_TRAILER_LINE = re.compile(r'[\s"]*tr(ai)?l', re.IGNORECASE)  # few last lines are parsed
_TRAILER_COUNT = re.compile("[0-9]{1,12}")
FORBIDDEN = Outcome(
    "rejected",
    "account_forbidden",
    "account_id: The caller that started this import has no access to this account.",
)


class ReadChunk(NamedTuple):
    """The rows of a chunk that describe members, the outcomes of the other ones by line, and warnings."""

    rows: list[MemberRow]
    rejected: dict[int, Outcome]
    warnings: list[RowWarning]

    @property
    def size(self) -> int:
        """The number of its rows."""
        return len(self.rows) + len(self.rejected)

    @property
    def other_headers(self) -> int:
        """The number of lines that name the columns in another order."""
        return sum(outcome.code == OTHER_HEADER for outcome in self.rejected.values())

    def counts(self) -> dict[str, int]:
        """Returns what reading the chunk adds to the import's counts."""
        rejected, headers = len(self.rejected), self.other_headers
        return {"rows_found": self.size, "rows": rejected, "rejected": rejected, "other_headers": headers}


def data_rows(chunk: Chunk, delimiter: str, *, first: bool, trailer: bool) -> list[Row | RejectedRow]:
    """Returns the rows of a chunk, without the header in the first one, and without a trailer."""
    found = list(rows(chunk, delimiter))[1 if first else 0 :]
    if trailer and found and trailer_rows(found[-1]) is not None:
        found.pop()
    return found


def last_trailer_rows(chunk: Chunk, delimiter: str) -> int | None:
    """Returns the number of rows that the last line of a file names, None if it is no trailer."""
    line = chunk.text.rstrip().rpartition("\n")[2]
    last = next(rows(Chunk(1, line), delimiter), None) if _TRAILER_LINE.match(line) else None
    return trailer_rows(last) if last else None


def trailer_rows(row: Row | RejectedRow) -> int | None:
    """Returns the number of rows that a trailer such as `TRAILER,1200` names, None for other rows."""
    cells = [cell.strip() for cell in row.cells]
    while cells and not cells[-1]:
        cells.pop()
    if len(cells) == 2 and cells[0].casefold() in TRAILERS and _TRAILER_COUNT.fullmatch(cells[1]):
        return int(cells[1])
    return None


def read_chunk(found: list[Row | RejectedRow], header: Header, rule: PhoneRule, scope: Scope) -> ReadChunk:
    """Returns the rows that may be written to accounts in `scope`, and the rejected ones."""
    member_rows: list[MemberRow] = []
    rejected: dict[int, Outcome] = {}
    warnings: list[RowWarning] = []
    for row in found:
        found_row = header.member_row(row, rule)
        if isinstance(found_row, RejectedRow):
            rejected[row.line] = Outcome("rejected", found_row.code, found_row.reason)
        elif not scope.includes(found_row.member.account_id):
            rejected[row.line] = FORBIDDEN
        else:
            member_rows.append(found_row)
            warnings += row_warnings(row, header.fields, found_row.member)
    return ReadChunk(member_rows, rejected, warnings)
