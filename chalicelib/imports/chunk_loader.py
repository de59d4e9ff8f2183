"""Loads one chunk: reads and judges its rows, writes the members, stores the rejected rows, counts."""

import json
from collections import Counter
from collections.abc import Callable, Mapping

from chalicelib.dynamodb.table import Table
from chalicelib.fields.phone import PhoneRule

from .bulk_writer import BulkWriter
from .csv_reader import RejectedRow, rows
from .dry_run import DryRun
from .model import ImportRecord
from .outcomes import MemberRow, Outcome
from .repository import ImportRepository
from .results import chunk_results
from .storage import ImportStorage

Settle = Callable[[list[MemberRow]], Mapping[int, Outcome]]  # returns the outcomes of rows by line
FORBIDDEN = Outcome(
    "rejected",
    "account_forbidden",
    "account_id: The caller that started this import has no access to this account.",
)


class ChunkLoader:
    """Loads the chunk at an import's position, for the worker that has the lease. Each load may be repeated."""

    def __init__(
        self,
        table: Table,
        repository: ImportRepository,
        storage: ImportStorage,
        phone_rule: PhoneRule,
        writes_in_flight: int,
    ) -> None:
        self._table = table
        self._repository = repository
        self._storage = storage
        self._phone_rule = phone_rule
        self._writes_in_flight = writes_in_flight

    def load(self, record: ImportRecord) -> ImportRecord:
        """Writes the rows of the chunk, and returns the import, one position further. Raises Busy."""
        return self._load(record, self._bulk_writer(record).write)

    def reject(self, record: ImportRecord, outcome: Outcome) -> ImportRecord:
        """Gives this outcome to the rows that no earlier attempt has settled, and returns the import. Raises Busy."""
        bulk_writer = self._bulk_writer(record)

        def settle(entries: list[MemberRow]) -> Mapping[int, Outcome]:
            settled = bulk_writer.recall(entries) if record.step_started else {}
            return {entry.line: outcome for entry in entries} | settled

        return self._load(record, settle)

    def _bulk_writer(self, record: ImportRecord) -> BulkWriter:
        """Returns the writer of the chunk's rows, which knows what an earlier attempt has saved."""
        kind = DryRun if record.mode == "validate" else BulkWriter
        return kind(
            self._table,
            record.id,
            record.mode,
            self._writes_in_flight,
            known=self._checkpoint(record) if record.step_started else {},
            save_checkpoint=lambda outcomes: self._storage.put_checkpoint(
                record.folder, record.position, json.dumps(outcomes)
            ),
        )

    def _checkpoint(self, record: ImportRecord) -> Mapping[int, Outcome]:
        text = self._storage.checkpoint(record.folder, record.position)
        return {int(line): Outcome(*outcome) for line, outcome in json.loads(text or "{}").items()}

    def _load(self, record: ImportRecord, settle: Settle) -> ImportRecord:
        header = self._repository.header(record)
        rule = PhoneRule(record.region or self._phone_rule.region, self._phone_rule.check)
        found = list(rows(self._storage.chunk(record.folder, record.position), record.delimiter))
        if record.position == 0:
            del found[0]  # the header
        entries: list[MemberRow] = []
        rejected: list[RejectedRow] = []
        cells = {row.line: row.cells for row in found}
        for row in found:
            member = header.member(row, rule)
            if isinstance(member, RejectedRow):
                rejected.append(member)
            elif not record.scope.includes(member.account_id):
                rejected.append(FORBIDDEN.rejected_row(row.line, row.cells))
            else:
                entries.append(MemberRow(row.line, member))
        outcomes = settle(entries)
        rejected += (
            outcome.rejected_row(line, cells[line])
            for line, outcome in outcomes.items()
            if outcome.outcome == "rejected"
        )
        rejected.sort()
        self._storage.put_rejected(record.folder, record.position, chunk_results(header, rejected))
        counts = Counter(outcome.outcome for outcome in outcomes.values())
        counts |= {"rejected": len(rejected), "rows": len(found)}
        advanced = self._repository.advance(record, counts)
        return advanced or self._repository.get(record.id)
