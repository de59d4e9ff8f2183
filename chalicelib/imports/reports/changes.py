"""Builds and reads changes.csv: what an import did with each row, or what a dry run would do. Pure."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from chalicelib.cells.csv_text import BYTE_ORDER_MARK, csv_text, quoted
from chalicelib.cells.escaping import escape, unescape
from chalicelib.imports.rows.outcomes import CREATED, Outcome
from chalicelib.imports.rows.removal import KEPT, REMOVAL_OUTCOMES
from chalicelib.members.model import NewMember, Values, member_id

from .results import PAGE_BYTES, SCANNED_BYTES

FIELDS = tuple(NewMember.model_fields)
COLUMNS = (
    "line",
    "outcome",
    "code",
    "member_id",
    *(f"{name}_{side}" for name in FIELDS for side in ("from", "to")),
    "changed_by",
)
HEADER = BYTE_ORDER_MARK + csv_text([COLUMNS])
_TEXT = r"\w[\w .'-]*+"  # needs no quotes in a CSV, and starts no formula
_NUMBER = r"\+[0-9]+"
_PLAIN = re.compile(f"{_TEXT}|{_NUMBER}")
# The stored form of a row whose cells are all like that, or of another row.
_ROW = re.compile(r"^(\[(\d+)," + f'"({_TEXT})",' * 4 + rf'"({_NUMBER})"\]|.+)$', re.MULTILINE)


def chunk_lines(rows: bytes, outcomes: Mapping[int, Outcome]) -> str:
    """Returns the lines of a chunk, in the order of the file.

    `rows` are its stored rows. `outcomes` are those of all its rows but of the created ones.
    """
    lines = {line: _rejected(line, one) for line, one in outcomes.items() if one.outcome == "rejected"}
    # Most rows are plain and created, so those take one pass of a regular expression.
    for text, line, account_id, client_id, first, last, phone in _ROW.findall(rows.decode()):
        number = int(line or 0)
        if line and number not in outcomes:
            name = member_id(account_id, client_id)
            lines[number] = f"{line},created,,{name},,{account_id},,{client_id},,{first},,{last},,{phone},\n"
        else:
            number, *values = orjson.loads(text)
            lines[number] = lines.get(number) or _line(number, values, outcomes.get(number, CREATED))
    return "".join(text for _, text in sorted(lines.items()))


def _cell(value: str) -> str:
    """Returns a value as a cell that is safe in a spreadsheet; a phone number keeps its plus, as in rejected.csv."""
    if not value or _PLAIN.fullmatch(value):
        return value
    return quoted(escape(value))


def _rejected(line: int, outcome: Outcome) -> str:
    return f"{line},{outcome.outcome},{outcome.code},{',' * (2 * len(FIELDS) + 1)}\n"


def _line(line: int, values: Sequence[str], outcome: Outcome) -> str:
    """Returns the line of a row that was not rejected, by its stored values."""
    fields = dict(zip(FIELDS, values, strict=False))
    before = dict.fromkeys(FIELDS, "") if outcome == CREATED else dict(outcome.before)
    after = fields if outcome.outcome != "deleted" else dict.fromkeys(FIELDS, "")
    changes = (f"{_cell(before[name])},{_cell(after[name])}" if name in before else "," for name in FIELDS)
    name = member_id(fields["account_id"], fields["client_member_id"])
    return f"{line},{outcome.outcome},{outcome.code},{name},{','.join(changes)},{_cell(outcome.by)}\n"


def removal_line(outcome: str, code: str, values: Values) -> str:
    """Returns the line of a member that no row of the file is about, by its values."""
    fields = dict(values)
    after = dict.fromkeys(FIELDS, "") if outcome != KEPT else fields
    changes = ",".join("," if after[n] == fields[n] else f"{_cell(fields[n])}," for n in FIELDS)
    return f",{outcome},{code},{member_id(fields['account_id'], fields['client_member_id'])},{changes},\n"


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
            rows.append(read_change(line.decode()))
            taken += len(line)
        if len(rows) == limit or taken > PAGE_BYTES or size > SCANNED_BYTES:
            break
    return rows, size


def read_change(text: str) -> dict[str, Any]:
    """Returns a row of changes.csv as JSON shows it. Raises ValueError or csv.Error if the text is no row."""
    [cells] = csv.reader([text])
    line, outcome, code, name, *values = (unescape(cell) or None for cell in cells)
    values, more = values[: 2 * len(FIELDS)], values[2 * len(FIELDS) :]
    if len(values) != 2 * len(FIELDS) or len(more) > 1 or not (line or outcome in REMOVAL_OUTCOMES):
        raise ValueError
    shown = {"line": int(line) if line else None, "outcome": outcome, "code": code, "member_id": name}
    # Files of earlier versions do not say who has changed a member.
    return {**shown, "changes": dict(_changes(values)), "changed_by": more[0] if more else None}


def _changes(values: Sequence[str | None]) -> Iterator[tuple[str, dict[str, str | None]]]:
    for name, before, after in zip(FIELDS, values[::2], values[1::2], strict=True):
        if before or after:
            yield name, {"from": before, "to": after}
