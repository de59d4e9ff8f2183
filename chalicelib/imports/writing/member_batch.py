"""Writes the members of one request under the rules of a file: each by itself, without an import."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import NamedTuple

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.retries import MAX_ATTEMPTS
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionsFailed
from chalicelib.errors import Busy
from chalicelib.imports.records.batch_request import BatchMode
from chalicelib.imports.rows.member_row import MemberRow, encode_row
from chalicelib.imports.rows.outcomes import DEFERRED, Outcome
from chalicelib.imports.rows.row_context import RowContext
from chalicelib.imports.rows.row_hashes import find_dependencies, hash_rows
from chalicelib.members.items import from_item
from chalicelib.members.model import Member, MemberKey

from .batch import PART, BatchWriter, SettledRow, read_members
from .row_rules import rule_of
from .settlement import Settlement

BUSY = Outcome("busy")  # the row may or may not be written; to send it again does no harm


class BatchResult(NamedTuple):
    """The outcome of a row, and its member as it is stored now; None where the row wrote none, or it is deleted."""

    outcome: Outcome
    member: Member | None


@dataclass(frozen=True, slots=True)
class MemberBatch:
    """Writes members of requests; `in_flight` transactions of one request at once."""

    table: Table
    in_flight: int
    history_days: int

    def write(self, rows: Sequence[MemberRow], mode: BatchMode, author: str) -> dict[int, BatchResult]:
        """Writes what the rows ask for, and returns their results by line.

        Rows that depend on each other are settled as those of a file are: in their order, and together where they
        exchange phone numbers.
        """
        context = RowContext("", mode, "", history_days=self.history_days, author=author)
        outcomes = self._write_independent(rows, context)
        deferred = [row for row in rows if outcomes[row.line] == DEFERRED]
        outcomes |= self._resolve(deferred, context)
        written = [row for row in rows if outcomes[row.line].outcome not in ("rejected", BUSY.outcome)]
        members = {key: from_item(item) for key, item in self._read(written).items()}
        return {row.line: BatchResult(outcomes[row.line], members.get(row.key)) for row in rows}

    def _write_independent(self, rows: Sequence[MemberRow], context: RowContext) -> dict[int, Outcome]:
        """Returns the outcomes of the rows by line, DEFERRED for those that depend on each other."""
        parts = [rows[i : i + PART] for i in range(0, len(rows), PART)]
        dependencies = find_dependencies(lambda: [hash_rows(rows)], len(rows))
        write = partial(self._write_part, BatchWriter(self.table, context, dependencies), context)
        with ThreadPoolExecutor(self.in_flight) as pool:
            settled = chain.from_iterable(pool.map(write, parts))
            return {row.line: outcome for row, outcome in settled}

    def _write_part(
        self, writer: BatchWriter, context: RowContext, rows: Sequence[MemberRow]
    ) -> list[SettledRow]:
        try:
            # Most members to create do not exist: where one does, its refused write shows it.
            return writer.write(rows, {} if context.mode == "create" else self._read(rows))
        except Busy:
            return [(row, BUSY) for row in rows]

    def _resolve(self, rows: Sequence[MemberRow], context: RowContext) -> dict[int, Outcome]:
        """Returns the outcomes of rows that depend on each other, by line."""
        outcomes = dict.fromkeys((row.line for row in rows), BUSY)
        rule = rule_of(self.table, context)
        settlement = Settlement(map(encode_row, rows), context, self.table.batch_get, rule)
        try:
            for settled in self._settle(settlement, len(rows) + MAX_ATTEMPTS):
                outcomes |= settled
        except Busy:
            pass  # what is left may be sent again
        return outcomes

    def _settle(self, settlement: Settlement, most: int) -> Iterator[dict[int, Outcome]]:
        """Yields the outcomes of the batches that are written, of the first `most` ones. Raises Busy."""
        for batch in islice(settlement.batches(), most):
            try:
                if writes := batch.writes():
                    self.table.write(writes)
            except ConditionsFailed:
                batch.failed = True  # another caller has changed an item: its rows are judged again
            else:
                yield {queued.line: outcome for queued, outcome in batch.settled}

    def _read(self, rows: Sequence[MemberRow]) -> Mapping[MemberKey, Item]:
        """Returns the existing members that rows are about."""
        return read_members(self.table, (row.key for row in rows))
