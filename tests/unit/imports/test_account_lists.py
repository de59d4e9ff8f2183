"""Lists of the imports and exports of an account: what they show and what they read, on the model of a table."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from bench.model.charges import charges
from bench.model.memory_table import MemoryTable
from bench.model.responses import request_body
from bench.stub import ENVIRONMENT
from chalicelib.clock import now
from chalicelib.config import Settings
from chalicelib.dynamodb.items import Item
from chalicelib.imports.records.import_filter import ImportFilter
from chalicelib.imports.records.model import ImportRecord, Source
from chalicelib.imports.records.repository import import_key
from chalicelib.imports.rows.removal import Removal
from chalicelib.scope import UNLIMITED, Scope
from chalicelib.services import Services
from tests.support.exports import new_export

SHOWN = 20
LISTS: dict[str, tuple[Scope, ImportFilter]] = {
    "all, of an admin": (UNLIMITED, ImportFilter()),
    "an account, of an admin": (UNLIMITED, ImportFilter(account_id="mine")),
    "a clinic": (Scope(frozenset({"mine"})), ImportFilter()),
    "two accounts": (Scope(frozenset({"mine", "none"})), ImportFilter()),
}


def record(number: int, account: str) -> ImportRecord:
    fields = {"id": f"20261101T{number:06}Z-aaaaaaaaaa", "status": "completed", "mode": "create"}
    source = Source(bucket="", key=f"drops/account={account}/a.csv")
    return ImportRecord.model_validate(
        {**fields, "created_at": now(), "source": source, "account_id": account}
    )


def deployment() -> tuple[Services, MemoryTable, Any]:
    """Returns the services over a table in memory, the table, and the client."""
    table = MemoryTable()
    client = boto3.client(
        "dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    table.attach(client)
    given = {name.lower(): value for name, value in ENVIRONMENT.items()}
    return Services(Settings.model_validate(given), lambda _: client), table, client


def read_units(client: Any, find: Callable[[tuple[str, str]], Item | None]) -> list[float]:
    """Returns the list of the read units of the client's requests from now on."""
    units: list[float] = []

    def note(model: Any, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        found = charges(model.name, request_body(params, context), find)
        units.append(sum(charge.reads for charge in found))

    client.meta.events.register("before-call.dynamodb", note)
    return units


@pytest.mark.parametrize("others", [1, 1_000, 100_000])
def test_list_reads_the_same_among_any_number_of_others(others: int) -> None:
    services, table, client = deployment()
    list(services.import_repository.of_accounts(["mine"], 1, None))  # the index is complete from the start
    for number in range(2 * SHOWN):
        services.import_repository.add(record(number, "mine"))
    services.import_repository.add(record(99, "theirs"))
    stored = table.items["IMPORTS", record(99, "theirs").id]
    for number in range(others):  # newer ones
        table.put({**stored, **import_key(f"20261102T{number:06}Z-aaaaaaaaaa")})
    seen = {}
    for name, (scope, wanted) in LISTS.items():
        units = read_units(client, table.find)
        found, _ = services.import_queries.visible_page(scope, SHOWN, None, wanted)
        assert len(found) == (SHOWN if name != "all, of an admin" else min(SHOWN, others + 2 * SHOWN))
        seen[name] = (len(units), sum(units))
    assert seen == {
        "all, of an admin": (1, 1.5),
        "an account, of an admin": (2, 22.5),
        "a clinic": (2, 22.5),
        "two accounts": (3, 24.0),
    }


def test_list_of_exports_reads_those_of_its_accounts() -> None:
    services, table, client = deployment()
    mine = Scope(frozenset({"mine"}))
    services.export_queries.visible_page(mine, SHOWN, None)  # the index is complete from the start
    for _ in range(2 * SHOWN):
        services.export_repository.add(new_export("mine"))
    theirs = services.export_repository.add(new_export("theirs"))
    stored = table.items["EXPORTS", theirs.id]
    for number in range(10_000):
        table.put({**stored, "sk": {"S": f"20991102T{number:06}Z-aaaaaaaaaa"}})
    units = read_units(client, table.find)
    first, cursor = services.export_queries.visible_page(mine, SHOWN, None)
    assert (len(units), sum(units)) == (2, 22.5)
    rest, end = services.export_queries.visible_page(mine, SHOWN, cursor)
    assert (len({one.id for one in first + rest}), end) == (2 * SHOWN, None)


def test_list_has_imports_of_each_kind_once() -> None:
    """Those that an earlier version stored have no entry in the index."""
    services, table, client = deployment()
    repository = services.import_repository
    repository.add(record(0, "a"))
    entry = table.items["IMPORT#ACCOUNT#a", record(0, "a").id]
    assert entry["expires_at"] == table.items["IMPORTS", record(0, "a").id]["expires_at"]
    client.delete_item(TableName=ENVIRONMENT["TABLE_NAME"], Key={name: entry[name] for name in ("pk", "sk")})
    services.import_queries.visible_page(
        Scope(frozenset({"a"})), 1, None
    )  # from here on the index is complete
    new = [record(n, "a").model_copy(update={"id": f"20991101T{n:06}Z-aaaaaaaaaa"}) for n in range(6)]
    given: list[dict[str, Any]] = [
        {"account_id": "a"},
        {"account_id": "b"},
        {"account_id": None, "accounts": ["a", "b"]},
        {"account_id": None, "accounts": ["a", "c"]},
        {"account_id": None, "accounts": ["a", "b"], "mode": "sync"},
        {"account_id": None},  # a dropped file
    ]
    stored = [one.model_copy(update=changes) for one, changes in zip(new, given, strict=True)]
    for one in stored:
        repository.add(one)
    table.items["IMPORTS", stored[4].id]["stage"] = {"S": "decide"}
    repository.put_removal(stored[4].model_copy(update={"stage": "decide"}), Removal(account_id="b"))

    def listed(*accounts: str, account_id: str | None = None) -> list[int]:
        found, before = [], None
        while True:
            scope = Scope(frozenset(accounts)) if accounts else UNLIMITED
            page, before = services.import_queries.visible_page(scope, 2, before, ImportFilter(account_id))
            found += [0 if one.id < "2099" else int(one.id[9:15]) + 1 for one in page]
            if before is None:
                return found

    assert listed("a") == [1, 0]
    assert listed("a", "b") == [5, 3, 2, 1, 0]
    assert listed("a", "b", "c") == [5, 4, 3, 2, 1, 0]
    assert listed(account_id="a") == [1, 0]
    assert listed(account_id="b") == [5, 2]
    assert listed() == [6, 5, 4, 3, 2, 1, 0]
