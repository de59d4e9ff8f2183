"""Opens a file as its first bytes, its sender, and what did not fit before say that it is to be read. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from chalicelib.errors import Unreadable
from chalicelib.imports.records.model import ImportRecord, LineAbove
from chalicelib.imports.rows.column_names import field_of
from chalicelib.imports.rows.columns import Header
from chalicelib.imports.text.csv_reader import USUAL_DIALECT, Chunk, Dialect, RejectedRow, Row, rows
from chalicelib.imports.text.encodings import shown_name
from chalicelib.imports.text.file_names import is_workbook

from .chunking import chunks
from .decoding import Decoder
from .dialects import ColumnNames, detect_dialect, find_column_names
from .encoding_guess import TRANSPARENT, NameSample, Reading, guess_encoding
from .unpacking import Files, opened_workbook, unpacked_blocks

MIN_START = 4  # bytes that show a byte order mark or UTF-16
MAX_SHOWN_SHEETS, MAX_SHOWN_SHEET = 20, 64  # sheets, characters of their names; Excel allows 31
_LINE_END = re.compile(rb"[\r\n]")
Rows = Iterable[Row | RejectedRow]
NamedColumns = Callable[[Rows, ImportRecord], tuple[list[int], Rows]]


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


def first_plan(storage: Files, record: ImportRecord) -> Plan:
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
    if declared in (None, "utf-16") and (unmarked := _unmarked_utf_16(start)):
        return Plan(unmarked, certain=True)
    if declared:
        return Plan(declared, certain=declared != "utf-8", declared=True)
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


def used_columns(found: Rows, record: ImportRecord) -> tuple[list[int], Rows]:
    """Returns (the indexes of the columns with names and ids, the rows after the column names). Raises Unreadable.

    A phone number has digits in any encoding.
    """
    fields = header(column_names(found, record).row.cells, record).fields
    return [index for field, index in fields.items() if field != "phone_number"], found


def with_encoding(
    storage: Files, record: ImportRecord, plan: Plan, *, is_utf_8: bool, columns: NamedColumns = used_columns
) -> Plan:
    """Returns the plan after it was found whether the file is UTF-8. Raises Unreadable."""
    utf_8 = replace(plan, certain=True, escape="")  # escapes of another encoding are none
    if is_utf_8:
        return utf_8
    if plan.declared:
        detail = "The file was declared as utf-8, but it has other bytes. Declare its encoding."
        raise Unreadable(detail, code="wrong_encoding")
    guess = guess_encoding(sample_names(storage, record, columns))
    return replace(utf_8, encoding=shown_name(guess.encoding), guess=guess) if guess else utf_8


def sample_names(storage: Files, record: ImportRecord, columns: NamedColumns) -> NameSample:
    """Returns a sample of the names and ids of a whole file in an unknown encoding. Raises Unreadable."""
    sample = NameSample()
    with opened_file(storage, record, Plan(TRANSPARENT, certain=True)) as (found, dialect, *_):
        used: list[int] = []
        for chunk in found:
            if used and chunk.text.isascii():
                continue
            rest: Rows = rows(chunk, dialect)
            if not used:
                used, rest = columns(rest, record)
            for row in rest:
                cells = row.cells if isinstance(row, Row) else ()
                for cell in (cells[i] for i in used if i < len(cells) and not cells[i].isascii()):
                    sample.add(cell)
    return sample


class OpenedFile(NamedTuple):
    """A file that is read: its chunks, its dialect, its decoder, and the visible sheets of a workbook."""

    chunks: Iterator[Chunk]
    dialect: Dialect
    decoder: Decoder
    sheets: list[str]


@contextmanager
def opened_file(storage: Files, record: ImportRecord, plan: Plan) -> Iterator[OpenedFile]:
    """Yields a file as its plan reads it."""
    if is_workbook(record.source.key):
        with opened_workbook(storage, record.source) as workbook:
            found = chunks(workbook.text, storage.chunk_size)
            yield OpenedFile(found, USUAL_DIALECT, plan.decoder, workbook.names)
        return
    with unpacked_blocks(storage, record.source) as raw:
        decoder = plan.decoder
        dialect, blocks = detect_dialect(decoder.decode(raw), field_of)
        if plan.escape:
            dialect = dialect._replace(escape=plan.escape)
        yield OpenedFile(chunks(blocks, storage.chunk_size, dialect), dialect, decoder, [])


def column_names(found: Rows, record: ImportRecord) -> ColumnNames:
    """Returns the row with a file's column names, among its first rows. Raises Unreadable."""

    def names_columns(cells: Sequence[str]) -> bool:
        try:
            header(cells, record)
        except Unreadable as error:
            return error.code != "missing_columns"
        return True

    names = find_column_names(found, names_columns)
    header(names.row.cells, record).check_length()
    return names


def header(cells: Sequence[str], record: ImportRecord) -> Header:
    """Returns the columns of a file by their names. Raises Unreadable."""
    return Header(cells, record.account_id, record.column_map, record.mode)


def shown_sheets(names: Sequence[str]) -> list[str]:
    """Returns the names of a workbook's visible sheets for the report."""
    return [name[:MAX_SHOWN_SHEET] for name in names[:MAX_SHOWN_SHEETS]]


def shown_lines(names: ColumnNames) -> list[LineAbove]:
    """Returns the lines above the column names for the report."""
    return [
        LineAbove(line=row.line, text=" ".join(filter(None, map(str.strip, row.cells)))[:100])
        for row in names.rows_above
    ]
