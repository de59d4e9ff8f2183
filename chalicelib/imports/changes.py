"""Builds and reads changes.csv: what an import did with each row, or what a dry run would do. Pure."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import orjson

from chalicelib.members.model import NewMember, member_id

from .escaping import escape, unescape
from .member_row import MemberRow, decode_row
from .outcomes import Outcome
from .results import BYTE_ORDER_MARK, PAGE_BYTES, csv_text

FIELDS = tuple(NewMember.model_fields)
COLUMNS = (
    "line",
    "outcome",
    "code",
    "member_id",
    *(f"{name}_{side}" for name in FIELDS for side in ("from", "to")),
)
HEADER = BYTE_ORDER_MARK + csv_text([COLUMNS])
SCANNED_BYTES = 4_000_000  # of changes.csv for one page at most: a filter may select few rows
_PLAIN = re.compile(
    r"(?:\w[\w .'-]*\0)+"
)  # cells that need no quotes and start no formula, each with its end


def chunk_lines(texts: Iterable[bytes], outcomes: Mapping[int, Outcome]) -> str:
    """Returns the lines of a chunk, in the order of the file.

    `texts` are its stored rows. `outcomes` are those of all its rows but of the created ones.
    """
    lines = {line: _rejected(line, one) for line, one in outcomes.items() if one.outcome == "rejected"}
    for text in texts:
        line, account_id, client_member_id, first, last, phone, *_ = values = orjson.loads(text)
        if line in lines:
            continue
        if outcome := outcomes.get(line):
            lines[line] = _line(decode_row(text), outcome)
        elif _PLAIN.fullmatch(f"{account_id}\0{client_member_id}\0{first}\0{last}\0"):
            name = member_id(account_id, client_member_id)
            lines[line] = (
                f"{line},created,,{name},,{account_id},,{client_member_id},,{first},,{last},,{phone}\n"
            )
        else:
            name = member_id(account_id, client_member_id)
            pairs = chain.from_iterable(("", escape_value(value)) for value in values[1 : 1 + len(FIELDS)])
            lines[line] = csv_text([(str(line), "created", "", name, *pairs)])
    return "".join(text for _, text in sorted(lines.items()))


def escape_value(value: str) -> str:
    """Returns a value safe to open in a spreadsheet; a phone number keeps its plus, as in rejected.csv."""
    return value if re.fullmatch(r"\+[0-9]+", value) else escape(value)


def _rejected(line: int, outcome: Outcome) -> str:
    return f"{line},{outcome.outcome},{outcome.code},{',' * 2 * len(FIELDS)}\n"


def _line(row: MemberRow, outcome: Outcome) -> str:
    """Returns the line of a row that was neither created nor rejected."""
    before, after = dict(outcome.before), {} if row.deletes else vars(row.member)
    pairs = ((before[name], after.get(name, "")) if name in before else ("", "") for name in FIELDS)
    cells = map(escape_value, chain.from_iterable(pairs))
    return csv_text([(str(row.line), outcome.outcome, outcome.code, member_id(*row.key), *cells)])


def changes_page(lines: Iterable[bytes], limit: int, outcome: str | None) -> tuple[list[dict[str, Any]], int]:
    """Returns (at most `limit` rows with an outcome, the bytes of changes.csv that were read for them).

    No value has a line break, so a row is a line. Raises ValueError or csv.Error if `lines` do not start at a row.
    """
    wanted = f"{outcome},".encode() if outcome else b""
    rows: list[dict[str, Any]] = []
    size = taken = 0
    for line in lines:
        size += len(line)
        if line.partition(b",")[2].startswith(wanted):
            rows.append(_row(line.decode()))
            taken += len(line)
        if len(rows) == limit or taken > PAGE_BYTES or size > SCANNED_BYTES:
            break
    return rows, size


def _row(text: str) -> dict[str, Any]:
    [cells] = csv.reader([text])
    line, outcome, code, name, *values = (unescape(cell) or None for cell in cells)
    if len(values) != 2 * len(FIELDS) or not line:
        raise ValueError
    changes = dict(_changes(values))
    return {"line": int(line), "outcome": outcome, "code": code, "member_id": name, "changes": changes}


def _changes(values: list[str | None]) -> Iterator[tuple[str, dict[str, str | None]]]:
    for name, before, after in zip(FIELDS, values[::2], values[1::2], strict=True):
        if before or after:
            yield name, {"from": before, "to": after}
