"""Reads one chunk: parses, validates and normalizes its rows. Pure."""

import re
from typing import NamedTuple

from chalicelib.fields.phone import PhoneRule
from chalicelib.scope import Scope

from .columns import Header
from .csv_reader import Chunk, RejectedRow, Row, rows
from .member_row import MemberRow
from .outcomes import Outcome

TRAILERS = ("trailer", "trl")  # the first cell of a last row that names the number of rows
_TRAILER_LINE = re.compile(r'[\s"]*tr(ai)?l', re.IGNORECASE)  # few last lines are parsed
_TRAILER_COUNT = re.compile("[0-9]{1,12}")
FORBIDDEN = Outcome(
    "rejected",
    "account_forbidden",
    "account_id: The caller that started this import has no access to this account.",
)


class ReadChunk(NamedTuple):
    """The rows of a chunk that describe members, and the outcomes of the other ones by line."""

    rows: list[MemberRow]
    rejected: dict[int, Outcome]

    @property
    def size(self) -> int:
        """The number of its rows."""
        return len(self.rows) + len(self.rejected)

    def counts(self) -> dict[str, int]:
        """Returns what reading the chunk adds to the import's counts."""
        rejected = len(self.rejected)
        return {"rows_found": self.size, "rows": rejected, "rejected": rejected}


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
    for row in found:
        member = header.member(row, rule)
        if isinstance(member, RejectedRow):
            rejected[row.line] = Outcome("rejected", member.code, member.reason)
        elif not scope.includes(member.account_id):
            rejected[row.line] = FORBIDDEN
        else:
            member_rows.append(MemberRow(row.line, member))
    return ReadChunk(member_rows, rejected)
