"""Loads that are repeated: after a death, a lost response, a throttle, or as another import."""

import contextlib

import pytest

from chalicelib import config
from chalicelib.clock import now
from chalicelib.dynamodb.table import Table
from chalicelib.imports.rows.row_context import Mode, RowContext
from chalicelib.imports.rows.row_hashes import INDEPENDENT
from chalicelib.imports.writing.chunk_writer import ChunkWriter
from chalicelib.members.model import MemberKey, NewMember
from chalicelib.members.repository import MemberRepository
from tests.support.people import person, phone, set_fields
from tests.support.pipeline import KilledError, dies
from tests.support.request_faults import client_without_retries, error_response, inject_faults, lose_response
from tests.support.tables import members_of
from tests.support.written_rows import codes, import_id_of, load, member_rows, without_account, write_rows

MIXED: list[tuple[int, dict[str, str]]] = [
    (1, {}),
    (2, {"phone_number": phone(1)}),
    (3, {}),
    (3, {"last_name": "Vole"}),
    (4, {"phone_number": phone(500)}),
    (500, {"last_name": "Vole"}),
    (5, {}),
    (6, {"phone_number": phone(5)}),
    (501, {}),
]


def mixed(account: str) -> list[NewMember]:
    """Returns rows of every outcome, if members 500 and 501 exist."""
    return [person(account, number, **fields) for number, fields in MIXED]


@pytest.mark.parametrize("mode", ["create", "upsert"])
def test_repeated_load_returns_the_same_and_changes_nothing(
    table: MemberRepository, account: str, mode: Mode
) -> None:
    for n in (500, 501):
        table.create(person(account, n))
    first = load(mixed(account), mode, account)
    before = members_of(account)
    assert load(mixed(account), mode, account) == first
    assert members_of(account) == before


@pytest.mark.parametrize("mode", ["create", "upsert"])
@pytest.mark.parametrize("done", range(4))
def test_interrupted_load_ends_like_an_uninterrupted_one(
    table: MemberRepository, account: str, mode: Mode, done: int
) -> None:
    whole, cut = account + "-whole", account + "-cut"
    for one in (whole, cut):
        for n in (500, 501):
            table.create(person(one, n))
    expected = load(mixed(whole), mode, whole)
    with (
        dies(config.dynamodb(), "dynamodb.TransactWriteItems", spared=done),
        contextlib.suppress(KilledError),
    ):
        load(mixed(cut), mode, cut)
    assert codes(load(mixed(cut), mode, cut)) == codes(expected)
    after = {name: without_account(member) for name, member in members_of(cut).items()}
    assert after == {name: without_account(member) for name, member in members_of(whole).items()}


def test_second_import_finds_its_rows_unchanged(table: MemberRepository, account: str) -> None:
    rows = [person(account, n) for n in range(60)]
    load(rows)
    before = members_of(account)
    assert codes(load(rows)) == ["unchanged"] * 60
    assert codes(load(rows, "upsert")) == ["unchanged"] * 60
    assert members_of(account) == before


def test_redelivery_does_not_undo_a_later_change(table: MemberRepository, account: str) -> None:
    rows = [person(account, n) for n in range(3)]
    for mode in ("create", "upsert"):
        load(rows, mode, f"{mode}-{account}")
    table.change(MemberKey(account, "m1"), set_fields(last_name="Vole"))
    assert codes(load(rows, "create", f"create-{account}")) == ["created"] * 3
    assert members_of(account)["m1"].last_name == "Vole"


def test_written_outcomes_are_found_without_writing(table: MemberRepository, account: str) -> None:
    table.create(person(account, 500))
    rows = member_rows(mixed(account))
    table_of_settings = Table(config.dynamodb(), config.settings().table_name)
    first = write_rows(table_of_settings, rows[:5], import_id=f"recalled-{account}")
    before = members_of(account)
    context = RowContext(import_id_of(f"recalled-{account}"), "create", now())
    writer = ChunkWriter(table_of_settings, context, 4, INDEPENDENT)
    assert writer.written_outcomes(rows) == {line: o for line, o in first.items() if o.outcome == "created"}
    assert members_of(account) == before


def test_lost_response_does_not_reject_its_own_rows(settings: object, account: str) -> None:
    client = client_without_retries()
    with inject_faults(client, "TransactWriteItems", lose_response, lose_response) as requests:
        outcomes = load([person(account, n) for n in range(60)], client=client)
    assert len(requests) == 4
    assert codes(outcomes) == ["created"] * 60
    assert len(members_of(account)) == 60


def test_load_continues_after_throttles(settings: object, account: str) -> None:
    client = client_without_retries()
    throttled = error_response("TransactionCanceledException", reasons=["ThrottlingError"] + ["None"] * 99)
    with inject_faults(
        client, "TransactWriteItems", throttled, error_response("ThrottlingException"), throttled
    ):
        outcomes = load([person(account, n) for n in range(60)], client=client)
    assert codes(outcomes) == ["created"] * 60
