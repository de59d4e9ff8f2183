"""The rows of an undo, built from what an import did with its rows. Pure.

The rows that concern each other are taken back in the reverse of the order in which they were applied. Then each
finds the state that its row has left, so chains and exchanges of ids and phone numbers are reversed.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chalicelib.imports.text.csv_reader import Chunk, RejectedRow, Row
from chalicelib.members.model import MemberKey, NewMember, decode_parts
from chalicelib.scope import Scope

from .chunk_reader import FORBIDDEN, ReadChunk
from .member_row import MemberRow, Undoes, decode_row, pack_row
from .outcomes import APPLIED
from .removal import NO_LINE, REMOVED

# Of rejected.csv: an upsert of its rows does what the undo could not do.
COLUMNS = (
    "import_line",
    "action",
    "account_id",
    "client_member_id",
    "previous_client_member_id",
    "first_name",
    "last_name",
    "phone_number",
)
_BLANK = dict.fromkeys(NewMember.model_fields, "")


def undo_row(change: Mapping[str, Any]) -> MemberRow | None:
    """Returns the row that takes back a row of changes.csv (see changes.read_change), without a line of its own.

    None for a row that changed nothing. A sync deletes the members that it removes, by no row.
    """
    outcome = "deleted" if change["outcome"] == REMOVED else change["outcome"]
    if outcome not in APPLIED:
        return None
    account_id, client_member_id = decode_parts(change["member_id"])
    before = {name: sides["from"] for name, sides in change["changes"].items() if sides["from"]}
    values = {**_BLANK, "account_id": account_id, "client_member_id": client_member_id, **before}
    previous = client_member_id if values["client_member_id"] != client_member_id else ""
    undoes = Undoes(change["line"] or NO_LINE, outcome)
    return MemberRow(0, NewMember.of_valid(values), previous, outcome == "created", undoes)


def reverse_rows(steps: Iterable[Sequence[MemberRow]]) -> Iterator[MemberRow]:
    """Yields the rows of an undo with their lines; each step holds rows that are applied together.

    Left out are the rows about members that the import has both created and deleted: they leave nothing behind.
    """
    rows = _Rows()
    for step in steps:
        rows.add(step)
    yield from rows.with_lines()


class _Rows:
    """Rows of an undo, as text: as objects, a million of them would take a gigabyte."""

    def __init__(self) -> None:
        self._texts: list[bytes | None] = []
        self._earlier = array("q")  # of each row, the index of the one before it about the same member, or -1
        # Of each member the index of its last row, and whether its first row restores it.
        self._last: dict[MemberKey, tuple[int, bool]] = {}

    def add(self, step: Sequence[MemberRow]) -> None:
        """Adds rows that are applied together."""
        found = [self._last.pop(_current_key(row), (-1, False)) for row in step]
        for row, (index, restored) in zip(step, found, strict=True):
            if row.deletes and restored:
                self._remove(index)
                continue
            self._texts.append(pack_row(row))
            self._earlier.append(index)
            if not row.deletes:
                restores = row.undoes is not None and row.undoes.outcome == "deleted"
                self._last[row.key] = (len(self._texts) - 1, restored or restores)

    def _remove(self, index: int) -> None:
        """Removes all rows about a member, from the last one on."""
        while index >= 0:
            self._texts[index] = None
            index = self._earlier[index]

    def with_lines(self) -> Iterator[MemberRow]:
        """Yields the rows with their lines."""
        self._last.clear()
        lines, line = array("q"), 0
        for text, index in zip(self._texts, self._earlier, strict=True):
            line += text is not None
            lines.append(line)
            if text:
                yield with_line(decode_row(text), line, lines[index] if index >= 0 else 0)


def with_line(row: MemberRow, line: int, after: int = 0) -> MemberRow:
    """Returns a row with its line, and that of the row before it about the same member, 0 without one."""
    undoes = row.undoes._replace(after=after) if row.undoes else None
    return row._replace(line=line, undoes=undoes)


def _current_key(row: MemberRow) -> MemberKey:
    """Returns the key that the member of a row has since the import."""
    return row.previous_key if row.previous else row.key


def read_undo_chunk(chunk: Chunk, scope: Scope) -> ReadChunk:
    """Returns the rows of a chunk that may be written to accounts in `scope`, and the rejected ones."""
    rows = _rows(chunk)
    rejected = {row.line: FORBIDDEN for row in rows if not scope.includes(row.member.account_id)}
    return ReadChunk([row for row in rows if row.line not in rejected], rejected, [])


def undo_cells(chunk: Chunk) -> list[Row | RejectedRow]:
    """Returns the rows of a chunk as cells of COLUMNS."""
    return [Row(row.line, _cells(row)) for row in _rows(chunk)]


def _cells(row: MemberRow) -> list[str]:
    line = str(row.undoes.line or "") if row.undoes else ""
    values = vars(row.member) | {
        "import_line": line,
        "action": "delete" if row.deletes else "",
        "previous_client_member_id": row.previous,
    }
    return [values[name] for name in COLUMNS]


def _rows(chunk: Chunk) -> list[MemberRow]:
    return [decode_row(text) for text in chunk.text.encode().splitlines()]
