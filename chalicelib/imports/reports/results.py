"""Builds the results of an import, rejected.csv and report.json, as text and JSON. Pure."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.cells.csv_text import BYTE_ORDER_MARK, csv_text
from chalicelib.cells.escaping import escape, unescape
from chalicelib.cells.spreadsheets import without_mark
from chalicelib.fields.characters import REPLACEMENT_CHARACTER
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.rows.columns import RESULT_COLUMNS, Header
from chalicelib.imports.rows.warnings import WarningSummary
from chalicelib.imports.text.csv_reader import RejectedRow

# Bytes of rejected.csv after which a page is full. Lambda returns at most 6 MB, and a control character takes one
# byte here and seven there: JSON within JSON.
PAGE_BYTES = 500_000
SCANNED_BYTES = 4_000_000  # of a result for one page at most: a filter may select few rows
SAMPLE_SIZE = 20  # rejected rows shown in a report


@dataclass
class RowSummary:
    """The number of rejected rows by code, the first of them as a sample, and the warnings about other rows.

    `changed_by` has the number of rows that kept a newer change, by who made it. `write_units` are those of the rows
    that change or delete members.
    """

    codes: Counter[str] = field(default_factory=Counter)
    sample: list[dict[str, Any]] = field(default_factory=list)
    warnings: WarningSummary = field(default_factory=WarningSummary)
    changed_by: Counter[str] = field(default_factory=Counter)
    write_units: int = 0

    def add(self, row: RejectedRow) -> None:
        """Counts a row."""
        self.codes[row.code] += 1
        if len(self.sample) < SAMPLE_SIZE:
            self.sample.append({"line": row.line, "code": row.code, "reason": row.reason})


def rejected_file(
    header: Header, chunks: Iterable[Sequence[RejectedRow]], summary: RowSummary
) -> Iterator[str]:
    """Yields the parts of rejected.csv: its start, then the rejected rows of each chunk; adds them to `summary`."""
    yield rejected_header(header)
    for rows in chunks:
        for row in rows:
            summary.add(row)
        yield rejected_rows(header, rows)


def rejected_header(header: Header) -> str:
    """Returns the start of rejected.csv: the byte order mark and the header line."""
    names = (escape(unescape(header.columns[i])) for i in header.original_indexes)
    return BYTE_ORDER_MARK + csv_text([[*names, *RESULT_COLUMNS]])


def rejected_rows(header: Header, rows: Iterable[RejectedRow]) -> str:
    """Returns rows of rejected.csv: the file's own cells, then line, code and reason.

    Excess cells follow, so that nothing is lost and the row is still too long.
    """
    return csv_text(_result_cells(header, row) for row in rows)


def _result_cells(header: Header, row: RejectedRow) -> list[str]:
    cells = [_safe_cell(header, i, cell) for i, cell in enumerate(row.cells)]
    size = len(header.original_indexes)
    missing = [""] * (size - len(cells))
    excess = cells[header.width :] if any(map(str.strip, row.cells[header.width :])) else []
    return [*cells[:size], *missing, str(row.line), row.code, row.reason, *excess]


def rejected_page(
    header: Header, lines: Iterable[bytes], limit: int, code: str | None = None
) -> tuple[list[dict[str, Any]], int]:
    """Returns (at most `limit` rejected rows, those with a code alone, the bytes of rejected.csv read for them).

    `lines` must start at a row, or ValueError or csv.Error may be raised. A row's `column` is the index of the
    invalid cell, None if the whole row is invalid. Cells beyond the columns come last.
    """
    size = 0

    def counted() -> Iterator[str]:
        nonlocal size
        for line in lines:
            size += len(line)
            yield line.decode()

    own = header.original_indexes
    columns = {field: own.index(i) for field, i in header.fields.items() if i in own}
    rows: list[dict[str, Any]] = []
    taken = before = 0
    for cells in csv.reader(counted()):
        line, found, reason = cells[len(own) : len(own) + len(RESULT_COLUMNS)]
        before, row_size = size, size - before
        if code not in (None, found):
            if size > SCANNED_BYTES:
                break
            continue
        column = columns.get(reason.partition(":")[0])
        excess = cells[len(own) + len(RESULT_COLUMNS) :]
        shown = [unescape(cell) for cell in (*cells[: len(own)], *excess)]
        rows.append({"line": int(line), "code": found, "reason": reason, "cells": shown, "column": column})
        taken += row_size
        if len(rows) == limit or taken > PAGE_BYTES or size > SCANNED_BYTES:
            break
    return rows, size


def report(record: ImportRecord, header: Header | None, summary: RowSummary) -> dict[str, Any]:
    """Returns the report of an import that has ended; `header` is None if the file was not read that far."""
    seconds = 0.0
    if record.started_at and record.finished_at:
        started, finished = (datetime.fromisoformat(time) for time in (record.started_at, record.finished_at))
        seconds = (finished - started).total_seconds()
    return record.shown().model_dump() | {
        "invalid_bytes": record.invalid_bytes,
        "delimiter": record.delimiter,
        "quote": record.quote,
        "escape": record.escape,
        "lines_above_header": [line.model_dump() for line in record.lines_above_header],
        "sheets": record.sheets,
        "columns": {
            "used": {name: header.columns[i] for name, i in header.fields.items()} if header else {},
            "ignored": header.ignored if header and record.mode != "undo" else [],
        },
        "passed_over": header.passed_over if header else {},
        "codes": dict(summary.codes),
        "sample": summary.sample,
        "changed_since_by": dict(summary.changed_by.most_common(SAMPLE_SIZE)),
        "warnings": summary.warnings.kinds(),
        "seconds": seconds,
        "rows_per_second": round(record.counts.rows / seconds) if seconds else None,
    }


def _safe_cell(header: Header, index: int, cell: str) -> str:
    """Returns a cell safe to open in a spreadsheet. An E.164 phone number may keep its plus.

    But not in the first column: with another delimiter it would start a formula with the cells after it. A NUL
    becomes REPLACEMENT_CHARACTER: with it rejected.csv would not be text.
    """
    cell = unescape(cell).replace("\0", REPLACEMENT_CHARACTER)
    if cell.startswith("#") and index not in header.fields.values():
        cell = without_mark(cell)
    is_phone = 0 < index == header.fields.get("phone_number") and re.fullmatch(r"\+[0-9]+", cell)
    return cell if is_phone else escape(cell)


class ConcatenatedFile:
    """A file that consists of texts; boto3 uploads it in parts and holds a few at a time."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._rest = texts
        self._buffer = b""

    def read(self, size: int = -1) -> bytes:
        """Returns the next `size` bytes, fewer at the end; all the rest for -1."""
        while (size < 0 or len(self._buffer) < size) and (text := next(self._rest, None)) is not None:
            self._buffer += text.encode()
        end = len(self._buffer) if size < 0 else size
        taken, self._buffer = self._buffer[:end], self._buffer[end:]
        return taken
