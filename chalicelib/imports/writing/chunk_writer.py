"""Writes the independent rows of one chunk, several transactions at once.

No other row of the file is about the member of such a row, or asks for its phone number. So these rows may be written
in any order, and written again after a worker died: a member stores the import and line that wrote it.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import Any

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import BATCH_GET_LIMIT, Table
from chalicelib.imports.rows.member_row import MemberRow
from chalicelib.imports.rows.outcomes import Outcome
from chalicelib.imports.rows.row_context import RowContext
from chalicelib.imports.rows.row_hashes import Dependencies
from chalicelib.imports.rows.warnings import RowWarning
from chalicelib.members.model import MemberKey

from .batch import PART, BatchWriter, SettledRow, read_members, written_outcome
from .deletions import deletions_before

SAMPLE = 10  # rows of a chunk whose members are read before a create


class ChunkWriter:
    """Writes the rows of one chunk. A row that depends on another one is deferred (outcomes.DEFERRED).

    `repeated` says whether an earlier attempt may have written some.
    """

    def __init__(
        self,
        table: Table,
        context: RowContext,
        in_flight: int,
        dependencies: Dependencies,
        *,
        repeated: bool = False,
    ) -> None:
        self._table = table
        self._context = context
        self._in_flight = in_flight
        self._dependencies = dependencies
        self._repeated = repeated
        self._batch_writer = BatchWriter(table, context, dependencies)

    @contextmanager
    def writing(self, rows: Sequence[MemberRow]) -> Iterator[Iterator[list[SettledRow]]]:
        """Yields an iterator over settled rows, some at a time, in the order of `rows`. Iterating raises Busy.

        At the end, also an early one, no transaction is in flight any more.
        """
        read_first = self._must_read_first(rows)
        size = BATCH_GET_LIMIT if read_first else PART  # rows of a read, or of a transaction
        parts = [rows[i : i + size] for i in range(0, len(rows), size)]
        with ThreadPoolExecutor(self._in_flight) as pool:
            futures = [pool.submit(self._write, part, read_first=read_first) for part in parts]
            try:
                yield (future.result() for future in futures)
            finally:
                pool.shutdown(cancel_futures=True)

    def written_outcomes(self, rows: Sequence[MemberRow]) -> dict[int, Outcome]:
        """Returns the outcomes of the rows that an earlier attempt has written, by line. Writes nothing."""
        parts = [rows[i : i + BATCH_GET_LIMIT] for i in range(0, len(rows), BATCH_GET_LIMIT)]
        with ThreadPoolExecutor(self._in_flight) as pool:
            stored: dict[MemberKey, Item] = dict(
                chain.from_iterable(known.items() for known in pool.map(self._read, parts))
            )
        found = (
            (row.line, written_outcome(self._context.import_id, row, stored[row.key]))
            for row in rows
            if row.key in stored
        )
        written = {line: outcome for line, outcome in found if outcome}
        return written | deletions_before(self._table, self._context.import_id, rows)

    def warnings(self, settled: Sequence[SettledRow]) -> list[RowWarning]:  # noqa: ARG002 (for DryRunWriter)
        """Returns the warnings about settled rows: only a dry run finds any."""
        return []

    def _write(self, rows: Sequence[MemberRow], *, read_first: bool) -> list[SettledRow]:
        """Settles some rows. Raises Busy."""
        stored = self._read(rows) if read_first else {}
        return self._batch_writer.write(rows, stored, self._deleted(rows))

    def _deleted(self, rows: Sequence[MemberRow]) -> dict[int, Outcome]:
        """Returns the outcomes of rows whose members an earlier attempt has deleted, by line.

        To be called after the members are read: what was deleted before is marked then.
        """
        if not self._repeated or self._context.dry_run:
            return {}
        return deletions_before(self._table, self._context.import_id, rows)

    def _must_read_first(self, rows: Sequence[MemberRow]) -> bool:
        """Returns whether to read the members before they are written: always except for a create.

        A create reads them if most of a sample exist: then the file was imported before, and each row costs a read
        instead of a refused write.
        """
        sample = rows[:SAMPLE] if self._context.mode == "create" else []
        return self._context.mode != "create" or 2 * len(self._read(sample)) > len(sample)

    def _read(self, rows: Sequence[MemberRow]) -> Mapping[MemberKey, Item]:
        """Returns the existing members that these rows are about."""
        return read_members(self._table, chain.from_iterable(row.keys for row in rows))


class DryRunWriter(ChunkWriter):
    """Finds the outcomes of the rows of one chunk: the context is that of a dry run, so nothing is written.

    It also finds the ids that differ by case alone from others in the file and, in capitals or small letters, in
    the table.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._differ_by_case: set[int] = set()  # lines

    def warnings(self, settled: Sequence[SettledRow]) -> list[RowWarning]:
        """Returns the warnings about settled rows."""
        if not self._differ_by_case:
            return []
        lines = (row.line for row, _ in settled if row.line in self._differ_by_case)
        return [RowWarning(line, "case_differs", "client_member_id") for line in lines]

    def _must_read_first(self, rows: Sequence[MemberRow]) -> bool:
        return bool(rows)

    def _write(self, rows: Sequence[MemberRow], *, read_first: bool) -> list[SettledRow]:
        """Returns the outcomes of some rows. Raises Busy."""
        stored = self._read(rows) if read_first else {}
        if self._context.mode == "undo":  # its ids are stored ones
            return self._batch_writer.write(rows, stored)
        named = [row for row in rows if not row.member.client_member_id.isdigit()]
        self._differ_by_case.update(row.line for row in named if self._dependencies.differs_by_case(row))
        self._differ_by_case.update(self._lines_of_alike([row for row in named if row.key not in stored]))
        return self._batch_writer.write(rows, stored)

    def _lines_of_alike(self, rows: Sequence[MemberRow]) -> Iterator[int]:
        """Yields the lines of new members whose ids differ by case alone from those of a stored member."""
        others = {row.line: _other_cases(row.key) for row in rows}
        stored = read_members(self._table, set().union(*others.values()))
        return (line for line, alike in others.items() if not alike.isdisjoint(stored))


def _other_cases(key: MemberKey) -> set[MemberKey]:
    """Returns the keys of the same client member id in capitals and small letters, without the key itself."""
    name = key.client_member_id
    return {MemberKey(key.account_id, other) for other in (name.upper(), name.lower()) if other != name}
