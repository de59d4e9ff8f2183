"""Reads one chunk: parses, validates and normalizes its rows. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from chalicelib.fields.phone import PhoneRule
from chalicelib.members.model import NewMember
from chalicelib.scope import Scope

from .columns import Header
from .csv_reader import Chunk, Dialect, RejectedRow, Row, rows
from .member_row import MemberRow
from .outcomes import Outcome

FORBIDDEN = Outcome(
    "rejected",
    "account_forbidden",
    "account_id: The caller that started this import has no access to this account.",
)

REPEATED_HEADER = Outcome(
    "rejected", "repeated_header", "This line repeats the column names; it is no member."
)
COMMENT = Outcome("rejected", "comment", "The line starts with #, so it is a comment and no member.")

BACKSLASH = Outcome(
    "rejected",
    "backslash",
    "A name or id has a backslash, which may be an escape. Write the cell without it.",
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


def data_rows(
    chunk: Chunk, dialect: Dialect, header_line: int | None, *, number: int
) -> list[Row | RejectedRow]:
    """Returns the rows of the chunk with this number, without the header and what is above it."""
    found = list(rows(chunk, dialect))
    if number:
        return found
    return found[1:] if header_line is None else [row for row in found if row.line > header_line]


def read_chunk(
    found: list[Row | RejectedRow], header: Header, rule: PhoneRule, scope: Scope, dialect: Dialect
) -> ReadChunk:
    """Returns the rows that may be written to accounts in `scope`, and the rejected ones."""
    member_rows: list[MemberRow] = []
    rejected: dict[int, Outcome] = {}
    for row in found:
        member = header.member(row, rule)
        if isinstance(member, RejectedRow):
            repeated = _repeats_header(row.cells, header)
            rejected[row.line] = (
                REPEATED_HEADER if repeated else Outcome("rejected", member.code, member.reason)
            )
        elif row.cells[0].startswith("#") and _is_comment(row.cells[0], header):
            rejected[row.line] = COMMENT
        elif not dialect.escape and _may_be_escaped(member):
            rejected[row.line] = BACKSLASH
        elif not scope.includes(member.account_id):
            rejected[row.line] = FORBIDDEN
        else:
            member_rows.append(MemberRow(row.line, member))
    return ReadChunk(member_rows, rejected)


def _repeats_header(cells: Sequence[str], header: Header) -> bool:
    """Returns whether a row names the columns again, as in files that were joined."""
    if len(cells) < header.width:
        return False
    return all(_same_name(cells[i], header.columns[i]) for i in header.fields.values())


def _same_name(cell: str, column: str) -> bool:
    return cell.strip().casefold() == column.strip().casefold()


def _is_comment(first_cell: str, header: Header) -> bool:
    """Returns whether a row that starts with # is a comment; an id may start with it."""
    starts_with_id = 0 in (header.fields["client_member_id"], header.fields.get("account_id"))
    return not starts_with_id or first_cell.startswith("# ")


def _may_be_escaped(member: NewMember) -> bool:
    """Returns whether a backslash seems to escape: no name has one, and no id two at once."""
    ids = member.client_member_id, member.account_id
    return "\\" in member.first_name or "\\" in member.last_name or any("\\\\" in text for text in ids)
