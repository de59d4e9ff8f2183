"""The write units that rows of an import consume: docs/operating.md has them, and dry runs estimate with them."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import config
from chalicelib.dynamodb.table import Table
from chalicelib.imports.records.write_units import NEW_MEMBER, row_units
from chalicelib.imports.rows.member_row import MemberRow
from chalicelib.imports.rows.outcomes import CREATED
from chalicelib.imports.rows.row_context import Mode
from infra.project import PROJECT
from tests.support.metering import counts_units_as_aws, metered
from tests.support.people import person, phone
from tests.support.written_rows import write_rows

ROWS = 100
WRITTEN_DOWN = re.compile(r"^\| (.+?) \| ([0-9]+) \| .+ \|$", re.MULTILINE)


def row(account: str, number: int, **changes: Any) -> MemberRow:
    """Returns a row about the member with this number, which each test has written before."""
    previous, deletes = changes.pop("previous", ""), changes.pop("deletes", False)
    return MemberRow(number + 2, person(account, number, **changes), previous, deletes)


def ids_only(account: str, number: int) -> MemberRow:
    """Returns a row that deletes a member, without names and phone number."""
    return row(account, number, first_name="", last_name="", phone_number="", deletes=True)


KINDS: dict[str, tuple[Mode, Callable[[str, int], MemberRow]]] = {
    "a new member": ("create", lambda account, n: row(account, n + ROWS)),
    "another name": ("upsert", lambda account, n: row(account, n, first_name="Zoe")),
    "another phone number": ("upsert", lambda account, n: row(account, n, phone_number=phone(n + 5000))),
    "another name and phone number": (
        "upsert",
        lambda account, n: row(account, n, last_name="Vole", phone_number=phone(n + 5000)),
    ),
    "a renewed id": (
        "upsert",
        lambda account, n: row(account, n, client_member_id=f"new{n}", previous=f"m{n}"),
    ),
    "a renewed id and another phone number": (
        "upsert",
        lambda account, n: row(
            account, n, client_member_id=f"new{n}", previous=f"m{n}", phone_number=phone(n + 5000)
        ),
    ),
    "a deletion": ("delete", ids_only),
    "nothing new": ("upsert", row),
}


def documented_units() -> dict[str, int]:
    """Returns the table of units in docs/operating.md."""
    text = (PROJECT / "docs/operating.md").read_text()
    found = {name: int(units) for name, units in WRITTEN_DOWN.findall(text)}
    return {name: found[name] for name in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_row_consumes_documented_units(settings: object, account: str, kind: str) -> None:
    if not counts_units_as_aws():
        pytest.skip("DynamoDB Local counts write units differently")
    write_rows(Table(config.dynamodb(), config.settings().table_name), [row(account, n) for n in range(ROWS)])
    mode, made = KINDS[kind]
    rows = [made(account, n) for n in range(ROWS)]
    with metered(config.dynamodb()) as meter:
        outcomes = write_rows(
            Table(config.dynamodb(), config.settings().table_name), rows, mode, uuid.uuid4().hex
        )
    assert not [one for one in outcomes.values() if one.code]
    of_the_import = 1  # its own item
    consumed = meter.write_units - of_the_import
    assert consumed == ROWS * documented_units()[kind]
    assert consumed == sum(NEW_MEMBER if one == CREATED else row_units(one) for one in outcomes.values())
