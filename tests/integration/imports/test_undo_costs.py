"""The write units that each row of an undo consumes."""

import re
import uuid

import pytest

from chalicelib import config
from chalicelib.dynamodb.table import Table
from chalicelib.imports.reports.changes import chunk_lines, read_change
from chalicelib.imports.rows.member_row import MemberRow, encode_row
from chalicelib.imports.rows.outcomes import Outcome, not_created
from chalicelib.imports.rows.row_context import Mode
from chalicelib.imports.rows.undo_rows import undo_row, with_line
from tests.support import PROJECT
from tests.support.metering import counts_units_as_aws, metered
from tests.support.people import person
from tests.support.written_rows import import_id_of, write_rows

ROWS = 100
WRITTEN_DOWN = re.compile(r"^\| take back (an? .+) \| (\d+) \|", re.MULTILINE)
KINDS: dict[str, tuple[Mode, str]] = {  # the mode of the import, and the first name of its rows
    "a new member": ("create", "Ann"),
    "a new name": ("upsert", "Zoe"),
    "a deletion": ("delete", ""),
}


@pytest.mark.parametrize("kind", KINDS)
def test_undone_row_consumes_documented_units(settings: object, account: str, kind: str) -> None:
    if not counts_units_as_aws():
        pytest.skip("DynamoDB Local counts write units differently")
    table = Table(config.dynamodb(), config.settings().table_name)
    mode, name = KINDS[kind]
    old = [MemberRow(n + 2, person(account, n)) for n in range(ROWS)]
    if mode != "create":
        write_rows(table, old)
    renamed = [row._replace(member=person(account, n, first_name=name)) for n, row in enumerate(old)]
    rows = renamed if name else [_ids(row) for row in old]
    first, undo = uuid.uuid4().hex, uuid.uuid4().hex
    done = write_rows(table, rows, mode, first)

    with metered(config.dynamodb()) as meter:
        undone = write_rows(table, _undo_rows(rows, done), "undo", undo, of=import_id_of(first))

    assert {one.outcome for one in undone.values()} <= {"created", "updated", "deleted"}
    text = (PROJECT / "docs/operating.md").read_text(encoding="utf-8")
    of_the_import = 1  # its own item
    assert (meter.write_units - of_the_import) / ROWS == float(dict(WRITTEN_DOWN.findall(text))[kind])


def _ids(row: MemberRow) -> MemberRow:
    """Returns the row that deletes a row's member."""
    blank = dict.fromkeys(("first_name", "last_name", "phone_number"), "")
    return row._replace(member=row.member.model_copy(update=blank), deletes=True)


def _undo_rows(rows: list[MemberRow], done: dict[int, Outcome]) -> list[MemberRow]:
    text = chunk_lines(b"\n".join(map(encode_row, rows)), not_created(done))
    found = [undo_row(read_change(line)) for line in text.splitlines()]
    return [with_line(row, line) for line, row in enumerate(found, 1) if row]
