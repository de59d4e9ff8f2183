"""GET /imports: order, pages, cost."""

from collections.abc import Iterator
from itertools import chain, islice, product
from typing import cast

import pytest

from chalicelib import config
from chalicelib.clock import now
from chalicelib.dynamodb.table import Table
from chalicelib.imports.records.model import ImportRecord, Source
from chalicelib.imports.records.repository import ImportRepository, columns_key, import_key
from chalicelib.imports.rows.columns import MAX_HEADER, Header
from chalicelib.pages import MAX_READ
from tests.support.api import HEADER, post_csv
from tests.support.bulk import AddedItems, delete_items, put_items
from tests.support.client import Http
from tests.support.metering import metered
from tests.support.pipeline import Pipeline

from .conftest import Grant


def test_next_cursor_of_imports_equals_link_header(http: Http, pipeline: Pipeline, account: str) -> None:
    made = [post_csv(http, HEADER + f"Ann,Lee,3235550001,{i},{account}\n").json["id"] for i in range(5)]
    found: list[str] = []
    path = "/imports?limit=2"
    while path and len(found) < 5:
        response = http.get(path)
        found += [shown["id"] for shown in response.json["items"]]
        cursor = response.json["next"]
        path = f"/imports?limit=2&cursor={cursor}" if cursor else ""
        if cursor:
            assert response.headers["Link"] == f'<http://rollcall.test{path}>; rel="next"'
    assert found == sorted(found, reverse=True)
    assert set(made) <= set(found) | {shown["id"] for shown in http.get("/imports?limit=500").json["items"]}


@pytest.mark.parametrize("path", ["/imports", "/exports"])
def test_unchanged_list_is_not_sent_again(http: Http, account: str, path: str) -> None:
    first = http.get(path)
    same = http.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status, same.body, same.headers["ETag"]) == (304, b"", first.headers["ETag"])
    post_csv(http, HEADER + f"Ann,Lee,3235550001,1,{account}\n")
    http.send("POST", "/exports", {"account_id": account})
    changed = http.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.ok()["items"] != first.json["items"]


def test_imports_are_listed_newest_first(http: Http, account: str) -> None:
    csv = {"Content-Type": "text/csv"}
    ids = {http.request("POST", "/imports", f"{account}-{n}", csv).ok(202)["id"] for n in range(3)}
    pages = list(http.pages("/imports", {"limit": 2}))
    assert all(len(page["items"]) == 2 for page in pages[:-1])
    listed = [item["id"] for page in pages for item in page["items"]]
    assert ids <= set(listed)
    assert listed == sorted(set(listed), reverse=True)


@pytest.fixture
def crowd(settings: object, account: str) -> Iterator[list[str]]:
    """Returns the ids of old imports, more than one page reads; only the oldest belongs to the account."""
    ids = [f"2020010{day}T000000Z-{''.join(name)}" for day in (1, 2) for name in product("ab", repeat=10)]
    added, source = AddedItems(), Source(bucket="", key="")
    repository = ImportRepository(cast(Table, added))
    for import_id in ids:
        own = [account] if import_id == ids[0] else None
        fields = {"id": import_id, "status": "splitting", "mode": "create", "created_at": now()}
        repository.add(ImportRecord.model_validate(fields | {"source": source, "accounts": own}))
    put_items(added.items)
    yield ids
    delete_items(added.items)  # other tests list all imports


def test_list_reads_limited_number_of_other_accounts_imports(
    grant: Grant, crowd: list[str], account: str
) -> None:
    """The page is then short or empty, with a cursor."""
    caller = grant(["imports:read"], [account])
    queries: list[int] = []
    config.dynamodb().meta.events.register("before-call.dynamodb.Query", lambda **_: queries.append(1))

    query = {"limit": 1, "cursor": "20200103T000000Z-aaaaaaaaaa"}
    pages = list(caller.pages("/imports", query))

    assert [[one["id"] for one in page["items"]] for page in pages] == [[], [crowd[0]]]
    assert [page["next"] for page in pages] == [crowd[-MAX_READ], None]
    assert len(queries) < 20


def test_imports_are_filtered_by_account_and_status(http: Http, pipeline: Pipeline, account: str) -> None:
    row = f"Ann,Lee,3235550001,1,{account}\n"
    done = pipeline.run(f"drops/account={account}/a.csv", HEADER + row).id
    failed = pipeline.run(f"drops/account={account}/validated/b.csv", HEADER + row).id
    waiting = http.send("POST", "/imports", {"account_id": account}).json["id"]
    pipeline.run("drops/c.csv", HEADER + row)

    def listed(**query: str) -> set[str]:
        pages = http.pages("/imports", {"account_id": f" {account}", "limit": 1, **query})
        return {shown["id"] for page in pages for shown in page["items"]}

    assert listed() == {done, failed, waiting}
    assert listed(status="completed") == {done}
    assert listed(status="failed") == {failed}
    assert listed(status="awaiting_upload") == {waiting}
    assert listed(status="cancelled") == set()


def test_filtered_list_reads_limited_number_of_imports(http: Http, crowd: list[str], account: str) -> None:
    queries: list[int] = []
    config.dynamodb().meta.events.register("before-call.dynamodb.Query", lambda **_: queries.append(1))
    query = {"limit": 1, "cursor": "20200103T000000Z-aaaaaaaaaa", "account_id": account}

    pages = list(http.pages("/imports", query))

    assert [[one["id"] for one in page["items"]] for page in pages] == [[], [crowd[0]]]
    assert len(queries) < 20


def test_list_of_another_account_is_forbidden(grant: Grant, account: str) -> None:
    caller = grant(["imports:read"], [account])
    assert caller.get("/imports", {"account_id": account}).ok()["items"] == []
    caller.get("/imports", {"account_id": f"{account}-b"}).problem(403, "account_forbidden")


COLUMNS = HEADER.strip().split(",")
WIDEST = [*COLUMNS, "\U0001d11e" * (MAX_HEADER - len(HEADER) - 1)]  # four bytes each
SIXTY = ["".join(name) for name in islice(product("ab", repeat=10), 60)]


@pytest.fixture
def imports_by_header(pipeline: Pipeline) -> Iterator[dict[str, list[str]]]:
    """Returns the ids of sixty old imports with short headers and of sixty with the longest, oldest first."""
    repository, source = pipeline.repository, Source(bucket="", key="")
    ids = {day: [f"{day}T000000Z-{name}" for name in SIXTY] for day in ("20200301", "20200302")}
    for (_, made), columns in zip(ids.items(), (COLUMNS, WIDEST), strict=True):
        for import_id in made:
            record = ImportRecord(
                id=import_id, status="splitting", mode="create", source=source, created_at=now()
            )
            repository.add(record)
            split = {"status": "loading", "chunks": 1, "folder": "x", "columns": columns}
            repository.transition(record.model_copy(update=split), "splitting")
    yield ids
    made = list(chain.from_iterable(ids.values()))
    delete_items([*map(import_key, made), *map(columns_key, made)])


def test_list_cost_does_not_depend_on_headers(
    http: Http, pipeline: Pipeline, imports_by_header: dict[str, list[str]]
) -> None:
    costs = []
    for day, made in imports_by_header.items():
        with metered(config.dynamodb()) as meter:
            page = http.get("/imports", {"limit": 59, "cursor": f"{day}T000001Z-aaaaaaaaaa"}).ok()
        assert [shown["id"] for shown in page["items"]] == made[:0:-1]
        costs.append((meter.calls["Query"], meter.units))
        columns = pipeline.repository.columns(pipeline.repository.get(made[0]))
        Header(columns).check_length()
        assert columns == (COLUMNS if day == "20200301" else WIDEST)
    (queries, units), (wide_queries, wide_units) = costs
    assert wide_queries == queries == 1
    assert wide_units <= 2 * units


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/imports/nothing", 404, "import_not_found"),
        ("/imports/nothing/rejected", 404, "import_not_found"),
        ("/imports?cursor=zzz", 400, "invalid_cursor"),
        ("/imports?cursor=%D9%A20261123T040000Z-aaaaaaaaaa", 400, "invalid_cursor"),  # an Arabic digit
        ("/imports?limit=0", 400, "invalid_parameter"),
        ("/imports?status=running", 400, "invalid_parameter"),
        ("/imports?status=", 400, "invalid_parameter"),
        ("/imports?account_id=", 400, "invalid_parameter"),
        ("/imports?mode=create", 400, "invalid_parameter"),
        ("/imports?cursor=x", 400, "invalid_cursor"),
        ("/imports/20261123T040000Z-aaaaaaaaaa/rejected", 404, "import_not_found"),
    ],
)
def test_missing_import_or_invalid_page_is_rejected(http: Http, path: str, status: int, code: str) -> None:
    http.get(path).problem(status, code)
