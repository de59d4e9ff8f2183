"""The steps before the first write: read the chunks, then decide which rows may concern each other."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.records.model import Failure, ImportRecord, with_status
from chalicelib.imports.records.repository import ImportRepository
from chalicelib.imports.records.steps import Lease, StepRepository
from chalicelib.imports.records.storage import ImportStorage
from chalicelib.imports.rows.chunk_reader import ReadChunk, data_rows, read_chunk
from chalicelib.imports.rows.columns import Header
from chalicelib.imports.rows.removal import Removal
from chalicelib.imports.rows.row_hashes import RowHashes, find_dependencies, hash_rows
from chalicelib.imports.rows.undo_rows import read_undo_chunk, undo_cells
from chalicelib.imports.syncs.named_members import named_members
from chalicelib.imports.syncs.sync_parts import SyncParts
from chalicelib.imports.text.csv_reader import RejectedRow, Row
from chalicelib.imports.text.file_names import is_workbook

from .parts import ImportParts

SEVERAL_ACCOUNTS = Failure(
    code="several_accounts",
    detail="The file names several accounts. A sync takes a whole roster of one: send each as a file of its own.",
)
PARTS_AHEAD = 8  # objects that are read from the bucket at once

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReadSteps:
    """Reads and compares the rows of an import. Writes nothing to the members."""

    repository: ImportRepository
    steps: StepRepository
    storage: ImportStorage
    phone_rule: PhoneRule

    def read(self, record: ImportRecord, lease: Lease) -> None:
        """Stores the rows of a chunk, and their hashes."""
        number = lease.step.number
        rows, header = chunk_rows(self.storage, record, number), self.repository.header(record)
        found = self.member_rows(record, number, rows, header)
        counts = found.counts()
        if record.mode == "sync":
            named = named_members(found, rows, header)
            SyncParts(self.storage, record).put_named(number, named)
            counts["unreadable_ids"] = named.unreadable
        hashes = hash_rows(found.rows, dry_run=record.dry_run)
        ImportParts(self.storage, record).put_read(number, found, hashes)
        self.steps.finish(lease, counts)

    def member_rows(
        self, record: ImportRecord, number: int, rows: list[Row | RejectedRow], header: Header
    ) -> ReadChunk:
        """Returns the members that the rows of a chunk describe."""
        if record.mode == "undo":
            return read_undo_chunk(self.storage.chunk(record.folder, number), record.scope)
        rule = PhoneRule(record.region or self.phone_rule.region, self.phone_rule.check)
        literal = bool(record.dialect.escape) or is_workbook(record.source.key)
        return read_chunk(rows, header, rule, record.scope, literal=literal)

    def decide(self, record: ImportRecord, lease: Lease) -> None:
        """Stores which rows of the whole file may concern each other, if rows will be written."""
        parts = ImportParts(self.storage, record)
        if record.status == "loading":
            with ThreadPoolExecutor(PARTS_AHEAD) as pool:

                def read() -> Iterable[RowHashes]:
                    return in_order(pool, parts.hashes, record.chunks)

                parts.put_dependencies(find_dependencies(read, record.rows_found))
                if record.mode == "sync":
                    self._find_account(record, pool)
        self.steps.finish(lease, {})

    def _find_account(self, record: ImportRecord, pool: ThreadPoolExecutor) -> None:
        """Notes the account of a sync, or lets the import fail if the file names several."""
        parts = SyncParts(self.storage, record)
        accounts = {record.account_id} - {None}
        if not accounts:
            accounts.update(*in_order(pool, parts.accounts, record.chunks))
        if len(accounts) > 1:
            self.repository.transition(with_status(record, "failed", SEVERAL_ACCOUNTS), "loading")
        account_id = accounts.pop() if len(accounts) == 1 else None
        self.repository.put_removal(record, Removal(account_id=account_id))


def chunk_rows(storage: ImportStorage, record: ImportRecord, number: int) -> list[Row | RejectedRow]:
    """Returns the rows of a stored chunk, without the header, what is above it, and a trailer."""
    if record.mode == "undo":
        return undo_cells(storage.chunk(record.folder, number))
    trailer = record.has_trailer and number == record.chunks - 1
    chunk = storage.chunk(record.folder, number)
    return data_rows(chunk, record.dialect, record.header_line, first=number == 0, trailer=trailer)


def in_order(pool: ThreadPoolExecutor, work: Callable[[int], T], count: int) -> Iterator[T]:
    """Yields work(0) to work(count - 1), with PARTS_AHEAD of them under way."""
    for start in range(0, count, PARTS_AHEAD):
        yield from pool.map(work, range(start, min(start + PARTS_AHEAD, count)))
