"""Loads one chunk: reads and judges its rows, writes the members, stores the rejected rows, counts."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class ChunkLoader:
    """Loads the chunk at an import's position, for the worker that has the lease. Each load may be repeated."""

    table: Table
    repository: ImportRepository
    storage: ImportStorage
    phone_rule: PhoneRule
    in_flight: int

    def load(self, record: ImportRecord) -> ImportRecord:
        """Writes the rows of the chunk, and returns the import, one position further. Raises Busy."""
        return self._load(record, self._bulk_writer(record).write)

    def reject(self, record: ImportRecord, outcome: Outcome) -> ImportRecord:
        """Gives this outcome to the rows that no earlier attempt has settled, and returns the import. Raises Busy."""
        bulk_writer = self._bulk_writer(record)

        def settle(member_rows: list[MemberRow]) -> Mapping[int, Outcome]:
            settled = bulk_writer.recall(member_rows) if record.step_started else {}
            return {row.line: outcome for row in member_rows} | settled

        return self._load(record, settle)

    def _bulk_writer(self, record: ImportRecord) -> BulkWriter:
        """Returns the writer of the chunk's rows, which knows what an earlier attempt has saved."""
        text = self.storage.checkpoint(record.folder, record.position) if record.step_started else None
        known = {int(line): Outcome(*outcome) for line, outcome in json.loads(text or "{}").items()}

        def save(outcomes: Mapping[int, Outcome]) -> None:
            self.storage.put_checkpoint(record.folder, record.position, json.dumps(outcomes))

        kind = DryRun if record.mode == "validate" else BulkWriter
        return kind(self.table, record.id, record.mode, self.in_flight, known=known, save_checkpoint=save)

    def _load(self, record: ImportRecord, settle: Settle) -> ImportRecord:
        """Settles the rows of the chunk that can be read, stores the rejected ones, and returns the import."""
        header = self.repository.header(record)
        rule = PhoneRule(record.region or self.phone_rule.region, self.phone_rule.check)
        found = list(rows(self.storage.chunk(record.folder, record.position), record.delimiter))
        if record.position == 0:
            del found[0]  # the header
        member_rows: list[MemberRow] = []
        rejected: list[RejectedRow] = []
        cells = {row.line: row.cells for row in found}
        for row in found:
            member = header.member(row, rule)
            if isinstance(member, RejectedRow):
                rejected.append(member)
            elif not record.scope.includes(member.account_id):
                rejected.append(FORBIDDEN.rejected_row(row.line, row.cells))
            else:
                member_rows.append(MemberRow(row.line, member))
        outcomes = settle(member_rows)
        rejected += (
            outcome.rejected_row(line, cells[line])
            for line, outcome in outcomes.items()
            if outcome.outcome == "rejected"
        )
        rejected.sort()
        self.storage.put_chunk_results(record.folder, record.position, chunk_results(header, rejected))
        counts = Counter(outcome.outcome for outcome in outcomes.values())
        counts |= {"rejected": len(rejected), "rows": len(found)}
        return self.repository.advance(record, counts) or self.repository.get(record.id)
