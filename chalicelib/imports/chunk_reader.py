"""Reads one chunk: parses, validates and normalizes its rows. Pure."""

from typing import NamedTuple

from chalicelib.fields.phone import PhoneRule
from chalicelib.scope import Scope

from .columns import OTHER_HEADER, Header
from .csv_reader import Chunk, RejectedRow, Row, rows
from .member_row import MemberRow
from .outcomes import Outcome
from .warnings import RowWarning, row_warnings

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


def data_rows(chunk: Chunk, delimiter: str, *, number: int) -> list[Row | RejectedRow]:
    """Returns the rows of the chunk with this number, without the header."""
    found = list(rows(chunk, delimiter))
    return found[1:] if number == 0 else found


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
