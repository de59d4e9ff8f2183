"""Reads the first rows of a file as an import of it would, before it is imported. It stores nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, get_args

from chalicelib.cells.escaping import unescape
from chalicelib.errors import Unreadable
from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.records.model import EncodingCandidate, Failure, ImportRecord
from chalicelib.imports.records.preview import Preview, PreviewColumn, PreviewRow
from chalicelib.imports.rows.chunk_reader import read_chunk, trailer_rows
from chalicelib.imports.rows.column_names import field_of
from chalicelib.imports.rows.columns import MAX_COLUMNS, Header, missing_fields, original_indexes
from chalicelib.imports.rows.row_context import FileMode
from chalicelib.imports.text.csv_reader import Chunk, Dialect, RejectedRow, Row, rows
from chalicelib.imports.text.file_names import is_workbook

from .decoding import OtherEncoding
from .dialects import BackslashEscapes, check_escapes
from .encoding_guess import Reading, UnsureEncoding, readings_to_compare
from .file_reading import Plan, first_plan, opened_file, sample_names, with_encoding
from .likely_header import LikelyHeader, likely_header, text_columns, text_indexes
from .sent_file import SentFile, unpacked_start, whole_lines
from .splitter import shown_lines, shown_sheets

PREVIEW_ROWS = 10
MAX_CELL = 200  # characters
MODES: tuple[FileMode, ...] = tuple(mode for mode in get_args(FileMode) if mode != "validate")


class _Start(NamedTuple):
    """The first chunk of a file, and how it was read. `unsure` is why an import would not read it in any encoding."""

    chunk: Chunk
    dialect: Dialect
    sheets: list[str]
    plan: Plan
    unsure: UnsureEncoding | None


def preview(body: bytes, record: ImportRecord, rule: PhoneRule, *, partial: bool) -> Preview:
    """Returns how an import with the record's options would read a file, of which a `partial` body is the start."""
    try:
        if not is_workbook(record.source.key):
            body, partial = unpacked_start(SentFile(body), record, partial=partial)
            plain = record.source.model_copy(update={"key": "plain.csv"})
            record = record.model_copy(update={"source": plain})
            if partial:
                body = whole_lines(body, first_plan(SentFile(body), record).encoding)
        return _preview(SentFile(body), record, rule, partial=partial)
    except Unreadable as error:
        return Preview(problem=_failure(error))


def _failure(error: Unreadable | None) -> Failure | None:
    return Failure(code=error.code, detail=error.detail) if error else None


def _preview(file: SentFile, record: ImportRecord, rule: PhoneRule, *, partial: bool) -> Preview:
    start = _read_start(file, record)
    found = likely_header(rows(start.chunk, start.dialect), record)
    columns, first_rows = found.names.row.cells, _first_rows(start, found)
    shown = original_indexes(columns)[:MAX_COLUMNS]
    used = {index: field for field, index in found.fields.items()}
    plan, examples = start.plan, _examples(first_rows, found)
    first, literal = first_rows[:PREVIEW_ROWS], bool(start.dialect.escape or start.sheets)
    has_letters = plan.certain or examples or not partial
    return Preview(
        encoding=None if start.sheets or not has_letters else plan.encoding.removesuffix("-sig"),
        encoding_guessed=plan.guess is not None,
        encoding_sure=start.unsure is None,
        encoding_candidates=_candidates(file, record, start, examples),
        delimiter=start.dialect.delimiter,
        sheets=shown_sheets(start.sheets),
        lines_above_header=shown_lines(found.names),
        columns=[
            PreviewColumn(name=unescape(columns[i]), field=used.get(i), means=field_of(columns[i]))
            for i in shown
        ],
        missing=missing_fields(found.fields, record.account_id, record.mode),
        modes=[mode for mode in MODES if not missing_fields(found.fields, record.account_id, mode)],
        rows=_shown_rows(first, found, shown, _judged(first, found.full, record, rule, literal=literal)),
        problem=_failure(found.problem or start.unsure),
    )


def _read_start(file: SentFile, record: ImportRecord) -> _Start:
    """Returns the first chunk. Where the encoding is not sure, it is read in the likeliest one. Raises Unreadable."""
    plan, unsure = first_plan(file, record), None
    while True:
        try:
            with opened_file(file, record, plan) as (found, dialect, _, sheets):
                chunk = next(found, None)
                if chunk is None:
                    raise Unreadable("The file is empty.", code="empty_file")
                if not sheets:
                    check_escapes(chunk.text, dialect)
                return _Start(chunk, dialect, sheets, plan, unsure)
        except BackslashEscapes:
            plan = replace(plan, escape="\\")
        except OtherEncoding as other:
            try:
                plan = with_encoding(file, record, plan, is_utf_8=other.is_utf_8, columns=text_columns)
            except UnsureEncoding as error:
                plan, unsure = Plan(error.candidates[0].encoding, certain=True), error


def _first_rows(start: _Start, found: LikelyHeader) -> list[Row | RejectedRow]:
    """Returns the rows after the column names, without a trailer."""
    rest = (row for row in rows(start.chunk, start.dialect) if row.line > found.names.row.line)
    return [row for row in rest if trailer_rows(row) is None]


def _examples(first_rows: Sequence[Row | RejectedRow], found: LikelyHeader) -> list[str]:
    """Returns up to three names or ids with letters beyond ASCII."""
    used = text_indexes(found)
    cells = (row.cells[i] for row in first_rows if isinstance(row, Row) for i in used if i < len(row.cells))
    return Reading("", tuple(dict.fromkeys(cell.strip() for cell in cells if not cell.isascii()))).examples()


def _candidates(
    file: SentFile, record: ImportRecord, start: _Start, examples: list[str]
) -> list[EncodingCandidate]:
    """Returns the encodings that the file may be in, the one that it is read in first, with names in each."""
    if start.unsure:
        return start.unsure.candidates
    if start.plan.guess and (sample := sample_names(file, record, text_columns)).cells:
        return readings_to_compare(sample)
    if not examples or start.sheets:
        return []
    return [EncodingCandidate(encoding=start.plan.encoding.removesuffix("-sig"), names=examples)]


def _judged(
    first: list[Row | RejectedRow],
    full: Header | None,
    record: ImportRecord,
    rule: PhoneRule,
    *,
    literal: bool,
) -> dict[int, tuple[str, str]]:
    """Returns code and reason of the rows that are rejected for what they say, by line."""
    if full is None:
        return {}
    rejected = read_chunk(first, full, rule, record.scope, literal=literal).rejected
    return {line: (outcome.code, outcome.reason) for line, outcome in rejected.items()}


def _shown_rows(
    first: Sequence[Row | RejectedRow],
    found: LikelyHeader,
    shown: list[int],
    judged: dict[int, tuple[str, str]],
) -> list[PreviewRow]:
    """Returns the rows with the cells of the `shown` columns, and the surplus ones after them."""
    width, positions = len(found.names.row.cells), {index: place for place, index in enumerate(shown)}
    shown_rows = []
    for row in first:
        code, reason = judged.get(row.line, (None, None))
        field = (reason or "").partition(":")[0]
        cells = [row.cells[i] for i in shown if i < len(row.cells)] + row.cells[width:]
        shown_rows.append(
            PreviewRow(
                line=row.line,
                cells=[unescape(cell)[:MAX_CELL] for cell in cells],
                code=code,
                reason=reason,
                column=positions.get(found.fields[field]) if field in found.fields else None,
            )
        )
    return shown_rows
