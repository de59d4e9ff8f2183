"""Imports over HTTP: start, watch, list, fetch the rejected rows."""

import base64
import gzip
import json
import urllib.request
from collections.abc import Iterator
from itertools import chain, islice, product
from typing import Any

import pytest

from chalicelib import config
from chalicelib.access.model import NewGroup, NewToken
from chalicelib.api.imports import MAX_CSV
from chalicelib.clock import now
from chalicelib.imports.columns import MAX_HEADER, Header
from chalicelib.imports.model import ImportRecord, Source
from chalicelib.imports.repository import PARTITION, columns_key
from chalicelib.imports.storage import result_key
from chalicelib.imports.visibility import MAX_READ
from chalicelib.services import Services
from tests.support.client import Answer, Http
from tests.support.metering import metered
from tests.support.pipeline import Pipeline

HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"


def post(http: Http, body: str | bytes, query: str = "", kind: str = "text/csv") -> Answer:
    return http.request("POST", f"/imports{query}", body, {"Content-Type": kind})


def finish(pipeline: Pipeline, shown: dict[str, Any]) -> dict[str, Any]:
    """Does what the bucket's event and the queue would, to the end."""
    source = shown["source"]
    version = pipeline.latest_version(source["key"])
    stored = Source(bucket=source["bucket"], key=source["key"], version=version, size=source["size"])
    pipeline.imports.split(stored, "unused")
    return pipeline.drain(shown["id"]).shown().model_dump()


def test_a_csv_in_the_body_becomes_an_import(http: Http, pipeline: Pipeline, account: str) -> None:
    text = HEADER.replace(",account_id", "") + "Zoë,Lee,3235550001,1\nBen,Lee,12,2\n"
    answer = post(
        http, text.encode("windows-1252"), f"?account_id={account}&mode=upsert&filename=May%20roster.csv"
    )

    assert answer.status == 202
    shown = answer.json
    assert answer.headers["Location"] == f"/imports/{shown['id']}"
    assert (shown["status"], shown["mode"], shown["percent"]) == ("awaiting_upload", "upsert", 0)
    assert shown["source"]["key"].endswith("/May roster.csv")

    done = finish(pipeline, shown)
    assert done["status"] == "completed"
    assert done["percent"] == 100
    assert done["counts"] == {"rows": 2, "created": 1, "updated": 0, "unchanged": 0, "rejected": 1}
    assert http.get(f"/imports/{shown['id']}").json == done

    answer = http.get(f"/imports/{shown['id']}/rejected")
    assert answer.status == 303
    with urllib.request.urlopen(answer.headers["Location"]) as file:
        text = file.read().decode("utf-8-sig")
    assert text.splitlines()[0] == "first_name,last_name,phone_number,client_member_id,line,code,reason"
    assert text.splitlines()[1].startswith("Ben,Lee,12,2,3,phone_not_possible,")


@pytest.mark.parametrize("mode", ["create", "upsert", "validate"])
@pytest.mark.parametrize("body", ["csv", "json"])
def test_a_given_account_rejects_rows_that_name_another(
    http: Http, pipeline: Pipeline, account: str, mode: str, body: str
) -> None:
    text = (
        HEADER + f"Ann,Lee,3235550001,1, {account} \nBen,Lee,3235550002,2,{account}-b\nCy,Lee,3235550003,3,\n"
    )
    if body == "csv":
        shown = post(http, text, f"?account_id=%20{account}&mode={mode}").json
    else:
        shown = http.send("POST", "/imports", {"account_id": f" {account}", "mode": mode}).json
        pipeline.drop(shown["source"]["key"], text.encode())

    done = finish(pipeline, shown)

    assert (done["counts"]["created"], done["counts"]["rejected"]) == (2, 1)
    [row] = pipeline.rejected(shown["id"])
    assert (row["line"], row["code"]) == ("3", "account_differs")
    assert row["reason"].startswith("account_id: ")
    assert http.get("/members", {"account_id": f"{account}-b"}).json["items"] == []
    page = http.get(f"/imports/{shown['id']}/rejected/rows").json
    assert page["columns"][page["items"][0]["column"]] == "account_id"


def test_a_second_object_under_an_uploads_key_is_not_imported(
    http: Http, pipeline: Pipeline, account: str
) -> None:
    shown = post(http, HEADER + f"Ann,Lee,3235550001,1,{account}\n").json
    done = finish(pipeline, shown)
    source, _ = pipeline.drop(shown["source"]["key"], (HEADER + f"Eve,Lee,3235550002,2,{account}\n").encode())
    pipeline.imports.split(source, "unused")
    assert pipeline.drain(shown["id"]).shown().model_dump() == done


@pytest.mark.parametrize(
    ("query", "kind", "body", "status", "code"),
    [
        ("", "application/xml", "{}", 415, "unsupported_media_type"),
        ("", "application/json", '{"mode": "delete"}', 422, "invalid"),
        ("", "application/json", '{"account_id": ""}', 422, "invalid"),
        ("", "application/json", '{"region": "XX"}', 422, "invalid"),
        ("", "application/json", '{"max_rejected": "many"}', 422, "invalid"),
        ("", "application/json", '{"name": "x.csv"}', 422, "invalid"),
        ("", "application/json", '{"filename": "roster.xlsx"}', 422, "invalid"),
        ("", "application/json", "[]", 422, "invalid"),
        ("?region=XX", "text/csv", HEADER, 400, "invalid_parameter"),
        ("", "text/csv", "", 400, "empty_body"),
        ("", "text/csv", "x" * (MAX_CSV + 1), 413, "payload_too_large"),
        ("?mode=delete", "text/csv", HEADER, 400, "invalid_parameter"),
        ("?account_id=%20", "text/csv", HEADER, 400, "invalid_parameter"),
        ("?account=1", "text/csv", HEADER, 400, "invalid_parameter"),
        ("?filename=a.xlsx", "text/csv", HEADER, 400, "invalid_parameter"),
        ("?mode=validate&account_id=1", "application/json", "{}", 400, "invalid_parameter"),
    ],
)
def test_what_cannot_be_imported_is_refused(
    http: Http, query: str, kind: str, body: str, status: int, code: str
) -> None:
    answer = post(http, body, query, kind)
    assert (answer.status, json.loads(answer.body)["code"]) == (status, code)


def test_query_beside_json_is_refused_by_name(http: Http) -> None:
    """Ignored, `?mode=validate` would start an import that writes members."""
    said = post(http, "{}", "?mode=validate", "application/json").problem(400, "invalid_parameter")
    assert said["errors"] == [
        {
            "pointer": "?mode",
            "code": "unknown_parameter",
            "detail": "mode: Send this as a field of the JSON body.",
        }
    ]


def test_a_file_of_any_size_is_uploaded_to_the_address_that_is_given(
    http: Http, pipeline: Pipeline, account: str
) -> None:
    body = {"filename": "C:\\rosters\\May.csv.gz", "mode": "validate", "account_id": account}
    body |= {"max_rejected": "5%", "region": "US"}
    answer = http.send("POST", "/imports", body)
    assert answer.status == 201
    shown = answer.json
    assert answer.headers["Location"] == f"/imports/{shown['id']}"
    assert (shown["status"], shown["mode"]) == ("awaiting_upload", "validate")
    assert shown["source"]["key"].endswith("/May.csv.gz")
    assert shown["upload"]["expires_at"] > shown["created_at"]

    text = HEADER.replace(",account_id", "") + "Ann,Lee,3235550001,1\n"
    request = urllib.request.Request(
        shown["upload"]["url"], gzip.compress(text.encode()), method=shown["upload"]["method"]
    )
    with urllib.request.urlopen(request) as stored:
        assert stored.status == 200
    assert finish(pipeline, shown)["counts"]["created"] == 1
    assert http.get(f"/members?account_id={account}").json["items"] == []


def test_an_import_can_be_cancelled_once(http: Http, account: str) -> None:
    shown = post(http, HEADER + f"Ann,Lee,3235550001,1,{account}\n").json
    answer = http.request("POST", f"/imports/{shown['id']}/cancel")
    assert (answer.status, answer.json["status"]) == (202, "cancelled")
    answer = http.request("POST", f"/imports/{shown['id']}/cancel")
    assert (answer.status, json.loads(answer.body)["code"]) == (409, "import_ended")


def test_the_template_is_the_header_line(http: Http) -> None:
    answer = http.get("/imports/template")
    assert answer.body == b"account_id,client_member_id,first_name,last_name,phone_number\r\n"


def test_a_file_that_cannot_be_read_is_refused_before_it_is_sent(http: Http) -> None:
    answer = http.send("POST", "/imports", {"filename": "rosters/May.XLSX"})
    [field] = json.loads(answer.body)["errors"]
    assert (answer.status, field["pointer"], field["code"]) == (422, "#/filename", "unsupported_file_type")
    assert http.send("POST", "/imports", {"filename": "May.CSV.gz"}).status == 201


def test_imports_are_listed_newest_first_a_page_at_a_time(
    http: Http, pipeline: Pipeline, account: str
) -> None:
    made = [post(http, HEADER + f"Ann,Lee,3235550001,{i},{account}\n").json["id"] for i in range(5)]
    found: list[str] = []
    path = "/imports?limit=2"
    while path and len(found) < 5:
        answer = http.get(path)
        found += [shown["id"] for shown in answer.json["items"]]
        cursor = answer.json["next"]
        path = f"/imports?limit=2&cursor={cursor}" if cursor else ""
        if cursor:
            assert answer.headers["Link"] == f'<{path}>; rel="next"'
    assert found == sorted(found, reverse=True)
    assert set(made) <= set(found) | {shown["id"] for shown in http.get("/imports?limit=500").json["items"]}


@pytest.fixture
def crowd(pipeline: Pipeline, account: str) -> Iterator[list[str]]:
    """Old imports of all accounts, more than one request looks at; only the oldest is the account's."""
    ids = [f"2020010{day}T000000Z-{''.join(name)}" for day in (1, 2) for name in product("ab", repeat=10)]
    ledger, source = pipeline.repository, Source(bucket="", key="")
    for import_id in ids:
        own = [account] if import_id == ids[0] else None
        fields = {"id": import_id, "status": "splitting", "mode": "create", "created_at": now()}
        ledger.add(ImportRecord.model_validate(fields | {"source": source, "accounts": own}))
    yield ids
    for import_id in ids:  # else they would be in the way of whoever lists the imports of this run
        key = {"pk": {"S": PARTITION}, "sk": {"S": import_id}}
        config.dynamodb().delete_item(TableName=config.settings().table_name, Key=key)


def test_a_list_looks_at_so_many_imports_of_others_and_no_more(
    http: Http, services: Services, crowd: list[str], account: str
) -> None:
    """Then the page is short, or empty, and says where to go on."""
    group = f"g-{account}"
    services.groups.create(NewGroup(name=group, permissions=["imports:read"], accounts=[account]))
    token = services.tokens.create(NewToken(name=group, groups=[group]))
    caller = http.bearer(token.text)
    queries: list[int] = []
    config.dynamodb().meta.events.register("before-call.dynamodb.Query", lambda **_: queries.append(1))

    query = {"limit": 1, "cursor": "20200103T000000Z-aaaaaaaaaa"}
    pages = list(caller.pages("/imports", query))

    assert [[one["id"] for one in page["items"]] for page in pages] == [[], [crowd[0]]]
    assert [page["next"] for page in pages] == [crowd[-MAX_READ], None]
    assert len(queries) < 20


COLUMNS = HEADER.strip().split(",")
WIDEST = [*COLUMNS, "\U0001d11e" * (MAX_HEADER - len(HEADER) - 1)]  # four bytes each
SIXTY = ["".join(name) for name in islice(product("ab", repeat=10), 60)]


@pytest.fixture
def narrow_and_wide(pipeline: Pipeline) -> Iterator[dict[str, list[str]]]:
    """The ids of sixty old imports with short headers and of sixty with the largest, the oldest first."""
    ledger, source = pipeline.repository, Source(bucket="", key="")
    ids = {day: [f"{day}T000000Z-{name}" for name in SIXTY] for day in ("20200301", "20200302")}
    for (_, made), columns in zip(ids.items(), (COLUMNS, WIDEST), strict=True):
        for import_id in made:
            record = ImportRecord(
                id=import_id, status="splitting", mode="create", source=source, created_at=now()
            )
            ledger.add(record)
            split = {"status": "loading", "chunks": 1, "folder": "x", "columns": columns}
            ledger.transition(record.model_copy(update=split), "splitting")
    yield ids
    for import_id in chain.from_iterable(ids.values()):
        for key in ({"pk": {"S": PARTITION}, "sk": {"S": import_id}}, columns_key(import_id)):
            config.dynamodb().delete_item(TableName=config.settings().table_name, Key=key)


def test_list_costs_the_same_whatever_the_headers(
    http: Http, pipeline: Pipeline, narrow_and_wide: dict[str, list[str]]
) -> None:
    costs = []
    for day, made in narrow_and_wide.items():
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


def test_import_with_its_columns_in_the_record_goes_on(http: Http, pipeline: Pipeline, account: str) -> None:
    """As it was begun by a version that kept them there; to be stopped writes the record anew."""
    source, import_id = pipeline.drop("drops/a.csv", (HEADER + f"Ann,Lee,12,1,{account}\n").encode())
    ledger = pipeline.repository
    record = pipeline.imports.split(source, import_id)
    record = record.model_copy(update={"columns": ledger.columns(record)})
    config.dynamodb().update_item(
        TableName=config.settings().table_name,
        Key={"pk": {"S": PARTITION}, "sk": {"S": import_id}},
        UpdateExpression="SET #record = :record",
        ExpressionAttributeNames={"#record": "record"},
        ExpressionAttributeValues={":record": {"S": record.model_dump_json()}},
    )
    config.dynamodb().delete_item(TableName=config.settings().table_name, Key=columns_key(import_id))

    pipeline.imports.step(import_id, 0, repeated=False)
    pipeline.imports.cancel(import_id)
    pipeline.drain(import_id)

    assert ledger.get(import_id).columns == []
    page = http.get(f"/imports/{import_id}/rejected/rows").ok()
    assert (page["columns"], len(page["items"])) == (COLUMNS, 1)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/imports/nothing", 404, "import_not_found"),
        ("/imports/nothing/rejected", 404, "import_not_found"),
        ("/imports?cursor=zzz", 400, "invalid_cursor"),
        ("/imports?cursor=%D9%A20261123T040000Z-aaaaaaaaaa", 400, "invalid_cursor"),  # an Arabic 2
        ("/imports?limit=0", 400, "invalid_parameter"),
    ],
)
def test_what_is_not_there_is_said_so(http: Http, path: str, status: int, code: str) -> None:
    answer = http.get(path)
    assert (answer.status, json.loads(answer.body)["code"]) == (status, code)


def test_rejected_rows_of_an_unfinished_import_are_not_there_yet(http: Http) -> None:
    shown = post(http, HEADER).json
    assert json.loads(http.get(f"/imports/{shown['id']}/rejected").body)["code"] == "no_results"


def test_the_rejected_rows_come_page_by_page_with_the_cell_at_fault(
    http: Http, pipeline: Pipeline, account: str
) -> None:
    rows = [
        f'Ann,"Łee, Jr.",12,{n},{account},"=1\r\n+1"\n'
        if n % 2
        else f"Ann,Lee,{3235550000 + n},{n},{account}\n"
        for n in range(1, 12)
    ]
    text = HEADER.replace("account_id\n", 'account_id,"a\nnote"\n') + "".join(rows)
    shown = post(http, text).json
    path = f"/imports/{shown['id']}"
    for early in ("/report", "/rejected/rows"):
        http.get(path + early).problem(404, "no_results")
    assert finish(pipeline, shown)["counts"]["rejected"] == 11

    pages = list(http.pages(f"{path}/rejected/rows", {"limit": 4}))
    assert [len(page["items"]) for page in pages] == [4, 4, 3]
    found = [row for page in pages for row in page["items"]]
    columns = pages[0]["columns"]
    assert columns == ["first_name", "last_name", "phone_number", "client_member_id", "account_id", "a\nnote"]
    assert [row["code"] for row in found[:2]] == ["phone_not_possible", "too_few_cells"]
    first, second = found[:2]
    assert (first["column"], second["column"]) == (2, None)
    assert first["cells"] == ["Ann", "Łee, Jr.", "12", "1", account, "=1\n+1"]
    assert [row["line"] for row in found] == [int(row["line"]) for row in pipeline.rejected(shown["id"])]

    report = http.get(f"{path}/report").ok()
    assert report["codes"] == {"phone_not_possible": 6, "too_few_cells": 5}
    link = http.get(f"{path}/rejected", headers={"Accept": "application/json"}).ok()
    with urllib.request.urlopen(link["url"]) as file:
        assert file.read().decode("utf-8-sig").startswith("first_name,")
    for cursor in ("x", "-1", "99999999", "10", "9" * 5000):
        http.get(f"{path}/rejected/rows", {"cursor": cursor}).problem(400, "invalid_cursor")


def test_a_cursor_of_ones_own_that_leads_into_an_endless_cell_is_none(
    http: Http, pipeline: Pipeline, account: str
) -> None:
    """From the end of a quoted cell on, all that follows reads as one cell, longer than any may be."""
    rows = "Ann,Lee,12\n" + f"Ann,Lee,12,1,{account},{'x' * 60_000}\n" * 3
    record = pipeline.run("drops/a.csv", f"{HEADER.strip()},note\n{rows}")
    closing = pipeline.result(record.id, "rejected.csv").rindex('"')
    path = f"/imports/{record.id}/rejected/rows"
    http.get(path, {"cursor": str(closing)}).problem(400, "invalid_cursor")


def test_an_import_whose_results_could_not_be_written_has_no_rejected_rows(
    http: Http, pipeline: Pipeline, account: str
) -> None:
    source, import_id = pipeline.drop("drops/a.csv", (HEADER + f"Ann,Lee,12,1,{account}\n").encode())
    pipeline.imports.split(source, import_id)
    pipeline.imports.step(import_id, 0, repeated=False)
    assert pipeline.imports.give_up(import_id, 1).counts.rejected == 1
    for path in ("rejected", "rejected/rows"):
        http.get(f"/imports/{import_id}/{path}").problem(404, "no_results")
    assert http.get(f"/imports/{import_id}/report").ok()["error"]["code"] == "report_failed"


def test_results_that_the_bucket_has_let_go_of_are_not_there(
    http: Http, pipeline: Pipeline, account: str
) -> None:
    record = pipeline.run("drops/a.csv", HEADER + f"Ann,Lee,12,1,{account}\n")
    for name in ("report.json", "rejected.csv"):
        config.s3().delete_object(Bucket=record.source.bucket, Key=result_key(record.id, name))
    for path in ("report", "rejected", "rejected/rows"):
        http.get(f"/imports/{record.id}/{path}").problem(404, "no_results")
    assert http.get(f"/imports/{record.id}").ok()["counts"]["rejected"] == 1


def test_an_import_without_rejected_rows_has_none_to_list(
    http: Http, pipeline: Pipeline, account: str
) -> None:
    shown = post(http, HEADER + f"Ann,Lee,3235550001,1,{account}\n").json
    finish(pipeline, shown)
    assert http.get(f"/imports/{shown['id']}/rejected/rows").ok()["items"] == []


@pytest.mark.parametrize("filler", ["\x01", "\\", '""', "é", "𝄞", "x,"])
def test_a_page_of_huge_rows_is_cut_before_lambda_would_refuse_it(
    http: Http, pipeline: Pipeline, account: str, filler: str
) -> None:
    """Whatever is in them: each character of a page is escaped in its JSON, and the JSON in Lambda's."""
    note = filler * (60_000 // len(filler))
    rows = "".join(f'Ann,Lee,12,{n},{account},"{note}"\n' for n in range(18))
    shown = post(http, f"{HEADER.strip()},note\n{rows}").json
    finish(pipeline, shown)
    pages = list(http.pages(f"/imports/{shown['id']}/rejected/rows", {"limit": 500}))
    assert len(pages) > 1
    assert [row["line"] for page in pages for row in page["items"]] == list(range(2, 20))
    for page in pages:
        body = json.dumps(page)
        assert len(json.dumps({"body": body})) < 6_000_000
        assert len(base64.b64encode(body.encode())) < 6_000_000
