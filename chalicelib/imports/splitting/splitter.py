"""Splits a dropped object into chunks: any size, encoding, dialect and packing, in bounded memory."""

import re
import secrets
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple, Self

from chalicelib.clock import now
from chalicelib.errors import Unreadable
from chalicelib.imports.records.model import ImportRecord, LineAbove
from chalicelib.imports.records.storage import ImportStorage
from chalicelib.imports.rows.chunk_reader import last_trailer_rows, trailer_rows
from chalicelib.imports.rows.column_names import field_of
from chalicelib.imports.rows.columns import Header
from chalicelib.imports.text.csv_reader import USUAL_DIALECT, Chunk, Dialect, RejectedRow, Row, rows
from chalicelib.imports.text.encodings import shown_name
from chalicelib.imports.text.file_names import is_workbook

from .chunking import chunks
from .decoding import Decoder, OtherEncoding
from .dialects import (
    BackslashEscapes,
    ColumnNames,
    check_end,
    check_escapes,
    detect_dialect,
    find_column_names,
)
from .encoding_guess import TRANSPARENT, NameSample, Reading, guess_encoding
from .unpacking import opened_workbook, unpacked_blocks

PUTS_IN_FLIGHT = 4  # chunks that are stored while the next is read
MIN_START = 4  # bytes that show a byte order mark or UTF-16
_LINE_END = re.compile(rb"[\r\n]")
MAX_SHOWN_SHEETS, MAX_SHOWN_SHEET = 20, 64  # sheets, characters of their names; Excel allows 31


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file is read: a guess until it is split."""

    encoding: str = "utf-8"
    certain: bool = False  # the encoding is known; else it is UTF-8 only if the file shows it
    declared: bool = False  # by the sender
    guess: Reading | None = None  # of an encoding that is not UTF-8
    escape: str = ""  # a backslash in a file in which it escapes quotes

    @property
    def decoder(self) -> Decoder:
        """A decoder of this encoding."""
        unicode = self.encoding.startswith(("utf-8", "utf-16"))
        return Decoder(self.encoding, certain=self.certain, declared=self.declared and not unicode)


def split_object(storage: ImportStorage, record: ImportRecord) -> ImportRecord:
    """Stores the chunks of the import's object, and returns the record, ready to load. Raises Unreadable."""
    plan = _first_plan(storage, record)
    while True:  # No row is loaded before the whole file is split, so the split can start again.
        try:
            return _store_chunks(storage, record, plan)
        except OtherEncoding as found:
            plan = _with_encoding(storage, record, plan, is_utf_8=found.is_utf_8)
        except BackslashEscapes:
            plan = replace(plan, escape="\\")


def _first_plan(storage: ImportStorage, record: ImportRecord) -> Plan:
    """Returns how to read a file by its first bytes and its declared encoding. Raises Unreadable."""
    start, declared = b"", record.encoding
    if is_workbook(record.source.key):
        if declared not in (None, "utf-8"):
            detail = (
                f"The file was declared as {declared}, but a workbook is UTF-8. Send it without an encoding."
            )
            raise Unreadable(detail, code="wrong_encoding")
        return Plan(certain=True)
    with unpacked_blocks(storage, record.source) as blocks:
        while len(start) < MIN_START and (block := next(blocks, None)) is not None:
            start += block  # an archive's blocks may be short
    if marked := _marked_encoding(start):
        if declared and not declared.startswith(marked.removesuffix("-sig")):
            detail = f"The file was declared as {declared}, but its byte order mark says {marked}."
            raise Unreadable(detail, code="wrong_encoding")
        return Plan(marked, certain=True)
    if declared:
        return Plan(declared, certain=declared != "utf-8", declared=True)
    if unmarked := _unmarked_utf_16(start):
        return Plan(unmarked, certain=True)
    if b"\0" in _LINE_END.split(start, maxsplit=1)[0]:
        detail = "This is a binary file, not a CSV. Save it as CSV in UTF-8, or as .xlsx under that name."
        raise Unreadable(detail, code="binary_file")
    return Plan()


def _marked_encoding(start: bytes) -> str | None:
    """Returns the encoding that a byte order mark names, None without one."""
    if start.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) and not start.startswith(b"\xff\xfe\0\0"):  # UTF-32
        return "utf-16"
    return None


def _unmarked_utf_16(start: bytes) -> str | None:
    """Returns the encoding of a text in UTF-16 without a byte order mark, by its first two ASCII characters."""
    if len(start) < MIN_START:
        return None
    if start[1:4:2] == b"\0\0" and all(start[:4:2]):
        return "utf-16-le"
    return "utf-16-be" if start[:4:2] == b"\0\0" and all(start[1:4:2]) else None


def _with_encoding(storage: ImportStorage, record: ImportRecord, plan: Plan, *, is_utf_8: bool) -> Plan:
    """Returns the plan after it was found whether the file is UTF-8. Raises Unreadable."""
    utf_8 = replace(plan, certain=True, escape="")  # escapes of another encoding are none
    if is_utf_8:
        return utf_8
    if plan.declared:
        detail = "The file was declared as utf-8, but it has other bytes. Declare its encoding."
        raise Unreadable(detail, code="wrong_encoding")
    guess = guess_encoding(_sample_names(storage, record))
    return replace(utf_8, encoding=shown_name(guess.encoding), guess=guess) if guess else utf_8


def _sample_names(storage: ImportStorage, record: ImportRecord) -> NameSample:
    """Returns a sample of the names and ids of a whole file in an unknown encoding. Raises Unreadable."""
    sample = NameSample()
    with _opened(storage, record, Plan(TRANSPARENT, certain=True)) as (found, dialect, *_):
        used: list[int] = []
        for chunk in found:
            if used and chunk.text.isascii():
                continue
            rest = rows(chunk, dialect)
            used = used or _used_columns(_column_names(rest, record).row, record)
            for row in rest:
                cells = row.cells if isinstance(row, Row) else ()
                for cell in (cells[i] for i in used if i < len(cells) and not cells[i].isascii()):
                    sample.add(cell)
    return sample


def _used_columns(names: Row, record: ImportRecord) -> list[int]:
    """Returns the indexes of the columns with names and ids; a phone number has digits in any encoding."""
    fields = _header(names.cells, record).fields
    return [index for field, index in fields.items() if field != "phone_number"]


class _OpenedFile(NamedTuple):
    """A file that is read: its chunks, its dialect, its decoder, and the visible sheets of a workbook."""

    chunks: Iterator[Chunk]
    dialect: Dialect
    decoder: Decoder
    sheets: list[str]


@contextmanager
def _opened(storage: ImportStorage, record: ImportRecord, plan: Plan) -> Iterator[_OpenedFile]:
    """Yields a file as its plan reads it."""
    if is_workbook(record.source.key):
        with opened_workbook(storage, record.source) as workbook:
            found = chunks(workbook.text, storage.chunk_size)
            yield _OpenedFile(found, USUAL_DIALECT, plan.decoder, workbook.names)
        return
    with unpacked_blocks(storage, record.source) as raw:
        decoder = plan.decoder
        dialect, blocks = detect_dialect(decoder.decode(raw), field_of)
        if plan.escape:
            dialect = dialect._replace(escape=plan.escape)
        yield _OpenedFile(chunks(blocks, storage.chunk_size, dialect), dialect, decoder, [])


def _store_chunks(storage: ImportStorage, record: ImportRecord, plan: Plan) -> ImportRecord:
    """Stores the chunks, and returns the record with its columns and number of chunks.

    Raises Unreadable, and OtherEncoding or BackslashEscapes if the plan is wrong.
    """
    # A new folder for each run: an event may arrive twice, and two runs must not overwrite each other's chunks.
    folder = f"{record.id}/{secrets.token_hex(4)}"
    names, only_header, chunk = None, True, None
    with (
        _opened(storage, record, plan) as (found, dialect, decoder, sheets),
        ThreadPoolExecutor(PUTS_IN_FLIGHT) as pool,
        ChunkPuts(storage, folder, pool) as puts,
    ):
        for chunk in found:
            if not sheets:
                check_escapes(chunk.text, dialect)
            if names is None:
                rest = rows(chunk, dialect)
                names = _column_names(rest, record)
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
        "lines_above_header": _shown_lines(names),
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
        "sheets": [name[:MAX_SHOWN_SHEET] for name in sheets[:MAX_SHOWN_SHEETS]],
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


def _column_names(found: Iterable[Row | RejectedRow], record: ImportRecord) -> ColumnNames:
    """Returns the row with a file's column names, among its first rows. Raises Unreadable."""

    def names_columns(cells: Sequence[str]) -> bool:
        try:
            _header(cells, record)
        except Unreadable as error:
            return error.code != "missing_columns"
        return True

    names = find_column_names(found, names_columns)
    _header(names.row.cells, record).check_length()
    return names


def _header(cells: Sequence[str], record: ImportRecord) -> Header:
    return Header(cells, record.account_id, record.column_map, record.mode)


def _shown_lines(names: ColumnNames) -> list[LineAbove]:
    """Returns the lines above the column names for the report."""
    return [
        LineAbove(line=row.line, text=" ".join(filter(None, map(str.strip, row.cells)))[:100])
        for row in names.rows_above
    ]
