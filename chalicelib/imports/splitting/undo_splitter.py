"""Splits what an import did into the chunks of its undo: any number of rows, in bounded memory."""

import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count

from chalicelib.clock import now
from chalicelib.errors import NotFound, NotUndoable, Unreadable
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.storage import CHANGES, ImportStorage
from chalicelib.imports.reports.applied_order import ORDER, AppliedOrder
from chalicelib.imports.reports.changes import HEADER, read_change
from chalicelib.imports.rows.member_row import MemberRow, decode_row, encode_row, pack_row
from chalicelib.imports.rows.removal import NO_LINE
from chalicelib.imports.rows.undo_rows import COLUMNS, reverse_rows, undo_row, with_line
from chalicelib.imports.text.csv_reader import Chunk

from .chunking import MAX_LINES
from .splitter import PUTS_IN_FLIGHT, ChunkPuts

NOTHING_TO_UNDO = "The import has changed no member."


def check_undoable(record: ImportRecord) -> None:
    """Raises NotUndoable for an import that cannot be taken back."""
    if record.dry_run:
        raise NotUndoable("A dry run has changed no member.", code="is_a_dry_run")
    if not record.shown().finished_at:
        raise NotUndoable(
            "The import has not ended. Wait for its end, or cancel it.", code="import_not_ended"
        )
    counts = record.counts
    if not counts.created + counts.updated + counts.deleted + counts.removed:
        raise NotUndoable(NOTHING_TO_UNDO, code="nothing_to_undo")


def split_undo(storage: ImportStorage, record: ImportRecord, original: ImportRecord) -> ImportRecord:
    """Stores the chunks of an undo, and returns its record, ready to load. Raises Unreadable."""
    folder = f"{record.id}/{secrets.token_hex(4)}"  # a new one for each run, as in splitter.py
    try:
        with ThreadPoolExecutor(PUTS_IN_FLIGHT) as pool, ChunkPuts(storage, folder, pool) as puts:
            for chunk in _chunks(_rows(storage, original), storage.chunk_size):
                puts.add(chunk)
    except NotFound as error:
        raise Unreadable(error.detail, code=error.code) from None
    if not puts.count:
        raise Unreadable(NOTHING_TO_UNDO, code="nothing_to_undo")
    changes: dict[str, object] = {"columns": list(COLUMNS), "header_line": 1, "encoding": "utf-8"}
    changes |= {"chunks": puts.count, "folder": folder, "status": "loading"}
    changes |= {"stage": "read" if puts.count > 1 else "load", "loading_at": now()}
    return record.model_copy(update=changes)


def _rows(storage: ImportStorage, original: ImportRecord) -> Iterator[MemberRow]:
    """Yields the rows of an undo: those that concern each other first, in the reverse of their order."""
    lines = count(1)
    applied: set[int] = set()
    if original.rows_deferred:
        order = _order(storage, original)
        applied = set(order.lines)
        deferred = {line: pack_row(row) for line, row in _undo_rows(storage, original) if line in applied}
        steps = ([decode_row(deferred.pop(line)) for line in step] for step in order.reversed_steps())
        for row in reverse_rows(steps):
            next(lines)
            yield row
    for line, row in _undo_rows(storage, original):
        if line not in applied:
            yield with_line(row, next(lines))


def _order(storage: ImportStorage, original: ImportRecord) -> AppliedOrder:
    """Returns the order in which the deferred rows of an import were applied. Raises NotFound."""
    try:
        return AppliedOrder.from_bytes(storage.result(original.id, ORDER))
    except NotFound:
        if storage.result_size(original.id, CHANGES):  # its deferred rows were all rejected, or unchanged
            return AppliedOrder([], [])
        raise


def _undo_rows(storage: ImportStorage, original: ImportRecord) -> Iterator[tuple[int, MemberRow]]:
    """Yields (line in the original, its undo) of each row that changed a member, and of each removed member.

    Raises NotFound.
    """
    lines, _ = storage.result_lines(original.id, CHANGES, len(HEADER.encode()))
    with closing(lines):
        for text in lines:
            change = read_change(text.decode())
            if row := undo_row(change):
                yield change["line"] or NO_LINE, row


def _chunks(rows: Iterable[MemberRow], size: int) -> Iterator[Chunk]:
    """Yields chunks of about `size` characters, at most MAX_LINES rows each."""
    texts: list[str] = []
    first = length = 0
    for row in rows:
        texts.append(encode_row(row).decode())
        first = first or row.line
        length += len(texts[-1])
        if length >= size or len(texts) == MAX_LINES:
            yield Chunk(first, "\n".join(texts))
            texts, first, length = [], 0, 0
    if texts:
        yield Chunk(first, "\n".join(texts))
