"""What an import leaves behind: rejected.csv and report.json, as text and JSON. Pure."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from .columns import RESULT_COLUMNS, Header
from .csv_reader import UNREADABLE, Row
from .escaping import escaped, unescaped
from .model import ImportRecord
from .outcomes import Outcome

# Of rejected.csv, after which a page is full. Lambda answers with 6 MB at most, and a control character takes one
# byte here and seven there: JSON within JSON.
PAGE_BYTES = 500_000
SAMPLE = 20  # reasons shown in a report
# Excel takes a CSV without this mark for the old encoding of its machine: the accents of names would be garbled
# on its screen, and then in what it saves for the next import.
BYTE_ORDER_MARK = "\ufeff"


class RejectionSummary:
    """The rejected rows counted by code, the first few kept as they pass."""

    def __init__(self, header: Header | None = None) -> None:
        self._added = len(header.kept) if header else 0
        self.codes: Counter[str] = Counter()
        self.sample: list[dict[str, Any]] = []

    def count(self, parts: Iterable[str]) -> Iterator[str]:
        """The parts of rejected.csv, unchanged."""
        for part in parts:
            for cells in csv.reader(io.StringIO(part)):
                line, code, reason = cells[self._added : self._added + len(RESULT_COLUMNS)]
                self.codes[code] += 1
                if len(self.sample) < SAMPLE:
                    self.sample.append({"line": int(line), "code": code, "reason": reason})
            yield part


def rejected_header(header: Header) -> str:
    """The start of rejected.csv: its mark and its first line."""
    names = (escaped(unescaped(header.columns[i])) for i in header.kept)
    return BYTE_ORDER_MARK + _csv([[*names, *RESULT_COLUMNS]])


def rejected_rows(header: Header, found: Iterable[Row], outcomes: Mapping[int, Outcome]) -> str:
    """The rejected rows of a chunk as CSV: the file's own cells, then line, code and reason.

    What a row has in excess stands behind those, so that nothing is lost and the row is still too long.
    """
    rejected = ((row, outcomes[row.line]) for row in found if outcomes[row.line].outcome == "rejected")
    return _csv(_rejected_row(header, row, outcome) for row, outcome in rejected)


def _rejected_row(header: Header, row: Row, outcome: Outcome) -> list[str]:
    cells = [_safe(header, i, cell) for i, cell in enumerate(row.cells)]
    size = len(header.kept)
    missing = [""] * (size - len(cells))
    excess = cells[header.width :] if any(map(str.strip, row.cells[header.width :])) else []
    return [*cells[:size], *missing, str(row.line), outcome.code, outcome.reason, *excess]


def rejected_page(header: Header, lines: Iterable[bytes], limit: int) -> tuple[list[dict[str, Any]], int]:
    """(at most `limit` rejected rows, how many bytes of rejected.csv they took), from lines that start a row on.

    `column` is the index of the cell at fault, None where that is the whole row. Raises ValueError or
    csv.Error for other lines.
    """
    taken = 0

    def counted() -> Iterator[str]:
        nonlocal taken
        for line in lines:
            taken += len(line)
            yield line.decode()

    rows = []
    places = {field: header.kept.index(i) for field, i in header.fields.items() if i in header.kept}
    for cells in csv.reader(counted()):
        line, code, reason = cells[len(header.kept) : len(header.kept) + len(RESULT_COLUMNS)]
        column = places.get(reason.partition(":")[0])
        shown = [unescaped(cell) for cell in cells[: len(header.kept)]]
        rows.append({"line": int(line), "code": code, "reason": reason, "cells": shown, "column": column})
        if len(rows) == limit or taken > PAGE_BYTES:
            break
    return rows, taken


def report(record: ImportRecord, header: Header | None, tally: RejectionSummary) -> dict[str, Any]:
    """The report of an import that has ended; `header` is None where the file was not read that far."""
    shown = record.shown().model_dump()
    seconds = 0.0
    if record.started_at and record.finished_at:
        begun, ended = (datetime.fromisoformat(t) for t in (record.started_at, record.finished_at))
        seconds = (ended - begun).total_seconds()
    return shown | {
        "encoding": record.encoding,
        "invalid_bytes": record.invalid_bytes,
        "delimiter": record.delimiter,
        "columns": {
            "used": {name: header.columns[i] for name, i in header.fields.items()} if header else {},
            "ignored": header.ignored if header else [],
        },
        "codes": dict(tally.codes),
        "sample": tally.sample,
        "seconds": seconds,
        "rows_a_second": round(record.counts.rows / seconds) if seconds else None,
    }


def _safe(header: Header, index: int, cell: str) -> str:
    """A cell as it stood in the file, safe to open in a spreadsheet. A phone number in E.164 may start with its +.

    But not in the first column: with another delimiter the cells behind it would become one formula with it.
    With a NUL in it rejected.csv would be no text; the mark of what is no character stands there instead.
    """
    cell = unescaped(cell).replace("\0", UNREADABLE)
    is_phone = 0 < index == header.fields["phone_number"] and re.fullmatch(r"\+[0-9]+", cell)
    return cell if is_phone else escaped(cell)


class ConcatenatedFile:
    """Texts one after the other as a file to read from: boto3 uploads it in parts, holding a few at a time."""

    def __init__(self, first: str, rest: Iterator[str]) -> None:
        self._rest = rest
        self._waiting = first.encode()

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, fewer at the end; all that is left for -1."""
        while (size < 0 or len(self._waiting) < size) and (more := next(self._rest, None)) is not None:
            self._waiting += more.encode()
        end = len(self._waiting) if size < 0 else size
        taken, self._waiting = self._waiting[:end], self._waiting[end:]
        return taken


def _csv(lines: Iterable[list[str]]) -> str:
    return "".join(",".join(map(_quoted, cells)) + "\n" for cells in lines)


# Python's own writer leaves a cell that starts with a blank bare, and reading takes blanks before a cell away.
_BARE = re.compile(r'(?! )[^",\r\n]*')


def _quoted(cell: str) -> str:
    return cell if not cell or _BARE.fullmatch(cell) else '"' + cell.replace('"', '""') + '"'
