"""Random loads, compared with rows written one by one into a dict."""

import uuid
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chalicelib import config
from chalicelib.imports.model import Mode
from chalicelib.members.model import NewMember
from infra.package import table_definition
from tests.support.bulk import codes, load
from tests.support.people import person, phone
from tests.support.tables import members_of

ROW = st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from("AB"))


def one_by_one(
    stored: dict[str, tuple[str, str]], rows: Sequence[tuple[str, str, str]], mode: Mode
) -> list[set[str]]:
    """Writes rows (client member id, phone number, name) in order into `stored`; returns each row's possible codes.

    A row that clashes twice may have either code.
    """
    possible: list[set[str]] = []
    for client_member_id, number, name in rows:
        held = any(other[0] == number for one, other in stored.items() if one != client_member_id)
        old = stored.get(client_member_id)
        if old == (number, name):
            possible.append({"unchanged"})
        elif (old and mode == "create") or held:
            reasons = {"client_member_id_taken": old and mode == "create", "phone_number_taken": held}
            possible.append({reason for reason, true in reasons.items() if true})
        else:
            stored[client_member_id] = (number, name)
            possible.append({"updated" if old else "created"})
    return possible


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
def test_load_ends_as_if_rows_were_written_one_by_one(
    small_table: str,
    mode: Mode,
    before: list[tuple[int, int, str]],
    rows: list[tuple[int, int, str]],
) -> None:
    account = f"acc-{uuid.uuid4().hex[:12]}"

    def people(some: list[tuple[int, int, str]]) -> list[NewMember]:
        return [person(account, n, phone_number=phone(p), first_name=name) for n, p, name in some]

    def plain(some: list[tuple[int, int, str]]) -> list[tuple[str, str, str]]:
        return [(new.client_member_id, new.phone_number, new.first_name) for new in people(some)]

    stored: dict[str, tuple[str, str]] = {}
    one_by_one(stored, plain(before), "upsert")
    load(people(before), "upsert", table_name=small_table)
    expected = one_by_one(stored, plain(rows), mode)
    found = codes(load(people(rows), mode, account, table_name=small_table))
    assert all(code in possible for code, possible in zip(found, expected, strict=True)), (found, expected)
    after = members_of(account, small_table)
    assert {name: (m.phone_number, m.first_name) for name, m in after.items()} == stored
    # A row that clashes twice may have the other code the second time; nothing else may differ.
    again = codes(load(people(rows), mode, account, table_name=small_table))
    assert all(code in possible for code, possible in zip(again, expected, strict=True)), (again, expected)
    assert members_of(account, small_table) == after
