"""Splits a dropped object into chunks: any size, encoding, dialect and packing, in bounded memory."""

import secrets
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import Self

from chalicelib.clock import now
from chalicelib.errors import Unreadable
from chalicelib.imports.records.model import ImportRecord, LineAbove
from chalicelib.imports.records.storage import ImportStorage
from chalicelib.imports.rows.chunk_reader import last_trailer_rows, trailer_rows
from chalicelib.imports.text.csv_reader import Chunk, Dialect, RejectedRow, Row, rows

from .decoding import OtherEncoding
from .dialects import BackslashEscapes, ColumnNames, check_end, check_escapes
from .file_reading import Plan, column_names, first_plan, opened_file, with_encoding

PUTS_IN_FLIGHT = 4  # chunks that are stored while the next is read
MAX_SHOWN_SHEETS, MAX_SHOWN_SHEET = 20, 64  # sheets, characters of their names; Excel allows 31


def split_object(storage: ImportStorage, record: ImportRecord) -> ImportRecord:
    """Stores the chunks of the import's object, and returns the record, ready to load. Raises Unreadable."""
    plan = first_plan(storage, record)
    while True:  # No row is loaded before the whole file is split, so the split can start again.
        try:
            return _store_chunks(storage, record, plan)
        except OtherEncoding as found:
            plan = with_encoding(storage, record, plan, is_utf_8=found.is_utf_8)
        except BackslashEscapes:
            plan = replace(plan, escape="\\")


def _store_chunks(storage: ImportStorage, record: ImportRecord, plan: Plan) -> ImportRecord:
    """Stores the chunks, and returns the record with its columns and number of chunks.

    Raises Unreadable, and OtherEncoding or BackslashEscapes if the plan is wrong.
    """
    # A new folder for each run: an event may arrive twice, and two runs must not overwrite each other's chunks.
    folder = f"{record.id}/{secrets.token_hex(4)}"
    names, only_header, chunk = None, True, None
    with (
        opened_file(storage, record, plan) as (found, dialect, decoder, sheets),
        ThreadPoolExecutor(PUTS_IN_FLIGHT) as pool,
        ChunkPuts(storage, folder, pool) as puts,
    ):
        for chunk in found:
            if not sheets:
                check_escapes(chunk.text, dialect)
            if names is None:
                rest = rows(chunk, dialect)
                names = column_names(rest, record)
                only_header = _is_empty(list(islice(rest, 2)))
            puts.add(chunk)
    if names is None or chunk is None:
        raise Unreadable("The file is empty.", code="empty_file")
    trailer = last_trailer_rows(chunk, dialect)
    if trailer is None:
        check_end(chunk, dialect, len(names.row.cells))
    if puts.count == 1 and only_header:
        raise Unreadable("The file has a header and no rows.", code="no_rows")
    in_one_step = puts.count == 1 and record.mode != "sync"
    changes: dict[str, object] = {
        "columns": names.row.cells,
        "header_line": names.row.line,
        "lines_above_header": shown_lines(names),
        **_how_read(plan, dialect, sheets, decoder.invalid_bytes),
        **_trailer(record, trailer),
        "chunks": puts.count,
        "folder": folder,
        "status": "loading",
        "stage": "load" if in_one_step else "read",
        "loading_at": now(),
    }
    return record.model_copy(update=changes)


def _how_read(plan: Plan, dialect: Dialect, sheets: Sequence[str], invalid_bytes: int) -> dict[str, object]:
    """Returns what the record says about how the file was read."""
    return {
        **dialect._asdict(),
        "encoding": plan.encoding,
        "encoding_guessed": plan.guess is not None,
        "encoding_examples": plan.guess.examples() if plan.guess else [],
        "invalid_bytes": invalid_bytes,
        "sheets": shown_sheets(sheets),
    }


def _is_empty(first_rows: Sequence[Row | RejectedRow]) -> bool:
    """Returns whether a file has no members, by the first two rows after its column names."""
    return not first_rows or (len(first_rows) == 1 and trailer_rows(first_rows[0]) is not None)


def _trailer(record: ImportRecord, found: int | None) -> dict[str, object]:
    """Returns what a trailer with this number of rows changes in the record. Raises Unreadable."""
    if found is None:
        return {}
    if record.rows not in (None, found):
        detail = f"The last line says that the file has {found:,} rows, but {record.rows:,} were announced."
        raise Unreadable(detail, code="rows_differ")
    return {"rows": found, "has_trailer": True}


class ChunkPuts:
    """Stores chunks, some at once, and counts them."""

    def __init__(self, storage: ImportStorage, folder: str, pool: ThreadPoolExecutor) -> None:
        self.count = 0
        self._storage, self._folder, self._pool = storage, folder, pool
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        while self._waiting and kind is None:
            self._waiting.popleft().result()

    def add(self, chunk: Chunk) -> None:
        """Stores the next chunk."""
        self._waiting.append(self._pool.submit(self._storage.put_chunk, self._folder, self.count, chunk))
        self.count += 1
        if len(self._waiting) > PUTS_IN_FLIGHT:
            self._waiting.popleft().result()


def shown_sheets(names: Sequence[str]) -> list[str]:
    """Returns the names of a workbook's visible sheets for the report."""
    return [name[:MAX_SHOWN_SHEET] for name in names[:MAX_SHOWN_SHEETS]]


def shown_lines(names: ColumnNames) -> list[LineAbove]:
    """Returns the lines above the column names for the report."""
    return [
        LineAbove(line=row.line, text=" ".join(filter(None, map(str.strip, row.cells)))[:100])
        for row in names.rows_above
    ]
