"""Reads one chunk: parses, validates and normalizes its rows. Pure."""

import re
from typing import NamedTuple

from chalicelib.cells.escaping import unescape
from chalicelib.cells.spreadsheets import exact_text
from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.text.csv_reader import Chunk, Dialect, RejectedRow, Row, rows
from chalicelib.scope import Scope

from .cell_damage import IDS
from .columns import OTHER_HEADER, Header
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
COMMENT = Outcome("rejected", "comment", "The line starts with #, so it is a comment and no member.")
BACKSLASH = Outcome(
    "rejected",
    "backslash",
    "A name or id has a backslash, which may be an escape. Write the cell without it.",
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


def data_rows(
    chunk: Chunk, dialect: Dialect, header_line: int | None, *, first: bool, trailer: bool
) -> list[Row | RejectedRow]:
    """Returns the rows of a chunk without a trailer, those of the first one without the header and lines above it."""
    found = list(rows(chunk, dialect))
    if first:
        found = found[1:] if header_line is None else [row for row in found if row.line > header_line]
    if trailer and found and trailer_rows(found[-1]) is not None:
        found.pop()
    return found


def last_trailer_rows(chunk: Chunk, dialect: Dialect) -> int | None:
    """Returns the number of rows that the last line of a file names, None if it is no trailer."""
    line = chunk.text.rstrip().rpartition("\n")[2]
    last = next(rows(Chunk(1, line), dialect), None) if _TRAILER_LINE.match(line) else None
    return trailer_rows(last) if last else None


def trailer_rows(row: Row | RejectedRow) -> int | None:
    """Returns the number of rows that a trailer such as `TRAILER,1200` names, None for other rows."""
    cells = [cell.strip() for cell in row.cells]
    while cells and not cells[-1]:
        cells.pop()
    if len(cells) == 2 and cells[0].casefold() in TRAILERS and _TRAILER_COUNT.fullmatch(cells[1]):
        return int(cells[1])
    return None


def read_chunk(
    found: list[Row | RejectedRow], header: Header, rule: PhoneRule, scope: Scope, *, literal: bool
) -> ReadChunk:
    """Returns the rows that may be written to accounts in `scope`, and the rejected ones.

    `literal` says whether no backslash in a cell is an escape.
    """
    member_rows: list[MemberRow] = []
    rejected: dict[int, Outcome] = {}
    warnings: list[RowWarning] = []
    for row in found:
        found_row = header.member_row(row, rule)
        if isinstance(found_row, RejectedRow):
            rejected[row.line] = Outcome("rejected", found_row.code, found_row.reason)
        elif row.cells[0].startswith("#") and _is_comment(row.cells[0], header):
            rejected[row.line] = COMMENT
        elif not literal and _may_be_escaped(found_row) and not _has_exact_text(row.cells):
            rejected[row.line] = BACKSLASH
        elif not scope.includes(found_row.member.account_id):
            rejected[row.line] = FORBIDDEN
        else:
            member_rows.append(found_row)
            warnings += row_warnings(row, header.fields, found_row.member)
    return ReadChunk(member_rows, rejected, warnings)


def _is_comment(first_cell: str, header: Header) -> bool:
    """Returns whether a row that starts with # is a comment; an id may start with it."""
    starts_with_id = any(header.fields.get(name) == 0 for name in IDS)
    return not starts_with_id or first_cell.startswith("# ")


def _has_exact_text(cells: list[str]) -> bool:
    """Returns whether an export wrote the row, and marked what is not to be read as something else."""
    return any(exact_text(unescape(cell)) is not None for cell in cells)


def _may_be_escaped(row: MemberRow) -> bool:
    """Returns whether a backslash seems to escape: no name has one, and no id two at once."""
    member = row.member
    ids = member.client_member_id, member.account_id, row.previous
    return "\\" in member.first_name or "\\" in member.last_name or any("\\\\" in text for text in ids)
