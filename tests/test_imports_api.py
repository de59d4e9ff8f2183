"""Imports over HTTP: start, watch, list, fetch the rejected rows."""

import gzip
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import Client

from chalicelib.imports_api import MAX_CSV
from chalicelib.ledger import Source
from tests.pipeline import Pipeline

HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"


@pytest.fixture
def web(pipeline: Pipeline) -> Iterator[Any]:
    from app import app

    with Client(app) as client:
        yield client.http


def post(web: Any, body: str | bytes, query: str = "", kind: str = "text/csv") -> Any:
    raw = body.encode() if isinstance(body, str) else body
    return web.post(f"/imports{query}", headers={"Content-Type": kind}, body=raw)


def finish(pipeline: Pipeline, shown: dict[str, Any]) -> dict[str, Any]:
    """Does what the bucket's event and the queue would, to the end."""
    source = shown["source"]
    version = pipeline.latest_version(source["key"])
    stored = Source(bucket=source["bucket"], key=source["key"], version=version, size=source["size"])
    pipeline.imports.split(stored, "unused")
    return pipeline.drain(shown["id"]).shown().model_dump()


def test_a_csv_in_the_body_becomes_an_import(web: Any, pipeline: Pipeline, account: str) -> None:
    text = HEADER.replace(",account_id", "") + "Zoë,Lee,3235550001,1\nBen,Lee,12,2\n"
    answer = post(
        web, text.encode("windows-1252"), f"?account_id={account}&mode=upsert&filename=May%20roster.csv"
    )

    assert answer.status_code == 202
    shown = answer.json_body
    assert answer.headers["Location"] == f"/imports/{shown['id']}"
    assert (shown["status"], shown["mode"], shown["percent"]) == ("awaiting_upload", "upsert", 0)
    assert shown["source"]["key"].endswith("/May roster.csv")

    done = finish(pipeline, shown)
    assert done["status"] == "completed"
    assert done["percent"] == 100
    assert done["counts"] == {"rows": 2, "created": 1, "updated": 0, "unchanged": 0, "rejected": 1}
    assert web.get(f"/imports/{shown['id']}").json_body == done

    answer = web.get(f"/imports/{shown['id']}/rejected")
    assert answer.status_code == 303
    with urllib.request.urlopen(answer.headers["Location"]) as file:
        text = file.read().decode("utf-8-sig")
    assert text.splitlines()[0] == "first_name,last_name,phone_number,client_member_id,line,code,reason"
    assert text.splitlines()[1].startswith("Ben,Lee,12,2,3,phone_not_possible,")


def test_a_second_object_under_an_uploads_key_is_not_imported(
    web: Any, pipeline: Pipeline, account: str
) -> None:
    shown = post(web, HEADER + f"Ann,Lee,3235550001,1,{account}\n").json_body
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
        ("", "application/json", "[]", 422, "invalid"),
        ("?region=XX", "text/csv", HEADER, 400, "invalid_parameter"),
        ("", "text/csv", "", 400, "empty_body"),
        ("", "text/csv", "x" * (MAX_CSV + 1), 413, "payload_too_large"),
        ("?mode=delete", "text/csv", HEADER, 400, "invalid_parameter"),
        ("?account_id=%20", "text/csv", HEADER, 400, "invalid_parameter"),
        ("?account=1", "text/csv", HEADER, 400, "invalid_parameter"),
    ],
)
def test_what_cannot_be_imported_is_refused(
    web: Any, query: str, kind: str, body: str, status: int, code: str
) -> None:
    answer = post(web, body, query, kind)
    assert (answer.status_code, json.loads(answer.body)["code"]) == (status, code)


def test_a_file_of_any_size_is_uploaded_to_the_address_that_is_given(
    web: Any, pipeline: Pipeline, account: str
) -> None:
    body = {"filename": "C:\\rosters\\May.csv.gz", "mode": "validate", "account_id": account}
    body |= {"max_rejected": "5%", "region": "US"}
    answer = web.post(
        "/imports", headers={"Content-Type": "application/json"}, body=json.dumps(body).encode()
    )
    assert answer.status_code == 201
    shown = answer.json_body
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
    assert web.get(f"/members?account_id={account}").json_body["items"] == []


def test_an_import_can_be_cancelled_once(web: Any, account: str) -> None:
    shown = post(web, HEADER + f"Ann,Lee,3235550001,1,{account}\n").json_body
    answer = web.post(f"/imports/{shown['id']}/cancel")
    assert (answer.status_code, answer.json_body["status"]) == (202, "cancelled")
    answer = web.post(f"/imports/{shown['id']}/cancel")
    assert (answer.status_code, json.loads(answer.body)["code"]) == (409, "import_ended")


def test_the_template_is_the_header_line(web: Any) -> None:
    answer = web.get("/imports/template")
    assert answer.body == b"account_id,client_member_id,first_name,last_name,phone_number\r\n"


def test_a_file_name_of_another_type_fails_the_import(web: Any, pipeline: Pipeline) -> None:
    shown = post(web, HEADER, "?filename=a.xlsx").json_body
    assert finish(pipeline, shown)["error"]["code"] == "unsupported_file_type"


def test_imports_are_listed_newest_first_a_page_at_a_time(web: Any, pipeline: Pipeline, account: str) -> None:
    made = [post(web, HEADER + f"Ann,Lee,3235550001,{i},{account}\n").json_body["id"] for i in range(5)]
    found: list[str] = []
    path = "/imports?limit=2"
    while path and len(found) < 5:
        answer = web.get(path)
        found += [shown["id"] for shown in answer.json_body["items"]]
        cursor = answer.json_body["next"]
        path = f"/imports?limit=2&cursor={cursor}" if cursor else ""
        if cursor:
            assert answer.headers["Link"] == f'<{path}>; rel="next"'
    assert found == sorted(found, reverse=True)
    assert set(made) <= set(found) | {
        shown["id"] for shown in web.get("/imports?limit=500").json_body["items"]
    }


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/imports/nothing", 404, "import_not_found"),
        ("/imports/nothing/rejected", 404, "import_not_found"),
        ("/imports?cursor=zzz", 400, "invalid_cursor"),
        ("/imports?limit=0", 400, "invalid_parameter"),
    ],
)
def test_what_is_not_there_is_said_so(web: Any, path: str, status: int, code: str) -> None:
    answer = web.get(path)
    assert (answer.status_code, json.loads(answer.body)["code"]) == (status, code)


def test_rejected_rows_of_an_unfinished_import_are_not_there_yet(web: Any) -> None:
    shown = post(web, HEADER).json_body
    assert json.loads(web.get(f"/imports/{shown['id']}/rejected").body)["code"] == "no_results"
