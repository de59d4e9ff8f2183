"""Finds the column names of a file for a preview, also where an import would miss some. Pure."""

from collections.abc import Sequence
from itertools import islice, tee
from typing import NamedTuple

from chalicelib.errors import Unreadable
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.rows.column_names import comparable, field_of, find_columns
from chalicelib.imports.rows.columns import UPSERTS, Header
from chalicelib.imports.text.csv_reader import RejectedRow, Row

from .dialects import MEMBER_CELLS, TITLE_ROWS, ColumnNames
from .file_reading import Rows, column_names, header


class LikelyHeader(NamedTuple):
    """The likely column names of a file, what they mean, and why an import would not read them, if it would not."""

    names: ColumnNames
    fields: dict[str, int]
    full: Header | None
    problem: Unreadable | None


def text_columns(found: Rows, record: ImportRecord) -> tuple[list[int], Rows]:
    """Returns what file_reading.used_columns returns; all columns, while none is known."""
    first, rest = tee(found)
    top = likely_header(first, record)
    return text_indexes(top), (row for row in rest if row.line > top.names.row.line)


def text_indexes(found: LikelyHeader) -> list[int]:
    """Returns the indexes of the columns with names and ids; of all columns, while none is known."""
    used = [index for field, index in found.fields.items() if field != "phone_number"]
    return used or list(range(len(found.names.row.cells)))


def likely_header(found: Rows, record: ImportRecord) -> LikelyHeader:
    """Returns the columns of a file, also if an import would miss some of them. Raises Unreadable."""
    first = list(islice(found, TITLE_ROWS))
    try:
        names = column_names(first, record)
        full = header(names.row.cells, record)
    except Unreadable as error:
        likely = _likely_names(first, record)
        if likely is None:
            raise
        try:
            fields = find_columns(likely.row.cells, record.column_map, upsert=record.mode in UPSERTS).fields
        except Unreadable:
            fields = _unambiguous(likely.row.cells)
        return LikelyHeader(likely, fields, None, _reason(likely, record) or error)
    return LikelyHeader(names, full.fields, full, None)


def _reason(likely: ColumnNames, record: ImportRecord) -> Unreadable | None:
    """Returns why an import does not take these column names."""
    try:
        header(likely.row.cells, record)
    except Unreadable as error:
        return error
    return None


def _unambiguous(columns: Sequence[str]) -> dict[str, int]:
    """Returns the columns of the fields that one column alone means."""
    meanings = [field_of(column) for column in columns]
    return {field: index for index, field in enumerate(meanings) if field and meanings.count(field) == 1}


def _likely_names(first: Sequence[Row | RejectedRow], record: ImportRecord) -> ColumnNames | None:
    """Returns the row that names the most columns, among those above the first member; None if it is unreadable."""
    own = {comparable(name) for name in record.column_map.values()}

    def rank(row: Row) -> tuple[int, int]:
        known = sum(field_of(cell) is not None or comparable(cell) in own for cell in row.cells)
        return known, _filled(row)

    found: list[Row] = []
    for row in first:
        if isinstance(row, RejectedRow):
            break
        found.append(row)
        if _filled(row) >= MEMBER_CELLS:
            break
    if not found:
        return None
    best = max(found, key=rank)
    return ColumnNames(best, found[: found.index(best)])


def _filled(row: Row) -> int:
    return sum(bool(cell.strip()) for cell in row.cells)
