"""Which members the rows of a sync name, the rejected ones too. Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

from chalicelib.fields.characters import is_blank
from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.rows.chunk_reader import BACKSLASH, COMMENT, ReadChunk
from chalicelib.imports.rows.column_names import PREVIOUS_ID
from chalicelib.imports.rows.columns import Header
from chalicelib.imports.rows.member_row import MemberRow
from chalicelib.imports.text.csv_reader import RejectedRow, Row
from chalicelib.members.items import SHARDS, shard_of
from chalicelib.members.model import MemberKey

NO_MEMBER = "repeated_header"  # the code of rows that name no member
_MOST_ACCOUNTS = 2  # that are noted: a file of more than one fails
_RULE = PhoneRule("US")  # no phone number is read


class NamedMembers(NamedTuple):
    """At most two of the accounts that rows name, the client member ids by shard, and the number of other rows."""

    accounts: list[str]
    ids: list[list[str]]
    unreadable: int

    def to_bytes(self) -> bytes:
        """Returns the form in storage: the accounts on the first line, then the ids of each shard."""
        return b"\n".join(map(orjson.dumps, ([*self.accounts], *self.ids)))


def accounts_of(text: bytes) -> list[str]:
    """Returns the accounts in the stored form."""
    accounts: list[str] = orjson.loads(text.partition(b"\n")[0])
    return accounts


def ids_of(text: bytes, shard: int) -> list[str]:
    """Returns the ids of a shard in the stored form."""
    ids: list[str] = orjson.loads(text.split(b"\n")[1 + shard])
    return ids


def named_members(found: ReadChunk, rows: Iterable[Row | RejectedRow], header: Header) -> NamedMembers:
    """Returns the members that the rows of a chunk name; `found` are the same rows as they were read."""
    accounts: dict[str, None] = {}
    ids: list[list[str]] = [[] for _ in range(SHARDS)]
    unreadable = 0
    keys = [key for row in found.rows for key in row.keys]
    reader = _IdReader(header)
    for row in rows:
        outcome = found.rejected.get(row.line)
        if outcome is None or outcome.code == NO_MEMBER:
            continue
        try:
            doubtful = outcome == BACKSLASH or (outcome == COMMENT and reader.id_comes_first)
            keys += [] if doubtful else reader.keys(row)
            unreadable += doubtful
        except ValueError:
            unreadable += 1
    for account_id, client_member_id in keys:
        if account_id not in accounts and len(accounts) < _MOST_ACCOUNTS:
            accounts[account_id] = None
        ids[shard_of(client_member_id)].append(client_member_id)
    return NamedMembers(list(accounts), ids, unreadable)


class _IdReader:
    """Reads the ids of rows whose other cells are invalid, by the rules of rows that delete: only the ids matter."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._ids = Header(header.columns, header.account_id, header.column_map, "delete")
        self._places = {
            name: i for name, i in header.fields.items() if name in ("account_id", "client_member_id")
        }
        self._previous = header.fields.get(PREVIOUS_ID)
        self.id_comes_first = 0 in (*self._places.values(), self._previous)

    def keys(self, row: Row | RejectedRow) -> Iterator[MemberKey]:
        """Yields the keys of the members that a row names. Raises ValueError if one cannot be read."""
        if isinstance(row, RejectedRow):
            raise ValueError(row.code)  # noqa: TRY004 - the row is invalid, not its type
        cells = [
            cell if i in self._places.values() or i >= len(self._header.columns) else ""
            for i, cell in enumerate(row.cells)
        ]
        place = self._places.get("account_id")
        if self._header.account_id is not None and place is not None and place < len(cells):
            cells[place] = ""  # another account is no doubt about the id
        yield self._key(row, cells)
        if self._previous is not None and not is_blank(row.cells[self._previous]):
            cells[self._places["client_member_id"]] = row.cells[self._previous]
            yield self._key(row, cells)

    def _key(self, row: Row, cells: list[str]) -> MemberKey:
        found = self._ids.member_row(Row(row.line, cells), _RULE)
        if not isinstance(found, MemberRow):
            raise ValueError(found.code)  # noqa: TRY004 - a cell is invalid, not a type
        return found.key
