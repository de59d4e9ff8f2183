"""Random loads, compared with the reference model."""

import uuid
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chalicelib import config
from chalicelib.imports.rows.row_context import Mode
from chalicelib.members.model import NewMember
from infra.package import table_definition
from tests.support.model import Line, Settling, Stored
from tests.support.people import person, phone
from tests.support.tables import members_of
from tests.support.written_rows import codes, load

ROW = st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from("AB"))


@pytest.fixture(scope="module")
def small_table(settings: object) -> Iterator[str]:
    """A table of this module: each check of an account scans the whole table."""
    name = f"rollcall-test-{uuid.uuid4().hex[:8]}"
    config.dynamodb().create_table(**{**table_definition(), "TableName": name})
    yield name
    config.dynamodb().delete_table(TableName=name)


@pytest.mark.parametrize("mode", ["create", "upsert"])
@given(before=st.lists(ROW, max_size=4), rows=st.lists(ROW, min_size=1, max_size=12))
@example(before=[(0, 0, "A")], rows=[(1, 0, "A"), (0, 0, "A"), (1, 1, "A")])
@example(before=[], rows=[(0, 0, "A"), (1, 0, "A"), (0, 1, "A")])
@example(before=[(0, 0, "A")], rows=[(2, 2, "A"), (0, 1, "B"), (0, 0, "A")])
@hypothesis_settings(max_examples=50, deadline=None)
def test_load_matches_reference_model(
    small_table: str,
    mode: Mode,
    before: list[tuple[int, int, str]],
    rows: list[tuple[int, int, str]],
) -> None:
    account = f"acc-{uuid.uuid4().hex[:12]}"

    def people(some: list[tuple[int, int, str]]) -> list[NewMember]:
        return [person(account, n, phone_number=phone(p), first_name=name) for n, p, name in some]

    def lines(some: list[tuple[int, int, str]]) -> dict[int, Line]:
        return {
            line: Line(new.first_name, new.last_name, new.phone_number, new.client_member_id)
            for line, new in enumerate(people(some), 2)
        }

    stored: dict[str, Stored] = {}
    Settling(stored, lines(before), "upsert").run()
    load(people(before), "upsert", table_name=small_table)
    expected = list(dict(sorted(Settling(stored, lines(rows), mode).run().items())).values())

    assert codes(load(people(rows), mode, account, table_name=small_table)) == expected
    after = members_of(account, small_table)
    assert {
        name: Stored(m.first_name, m.last_name, m.phone_number, m.version) for name, m in after.items()
    } == stored
    assert codes(load(people(rows), mode, account, table_name=small_table)) == expected
    assert members_of(account, small_table) == after
