"""POST /imports: options, uploads, cancellation."""

import gzip
import urllib.request

import pytest

from chalicelib.api.imports import MAX_CSV
from tests.support.api import HEADER, finish_import, post_csv
from tests.support.client import FORM, JSON, Http
from tests.support.pipeline import Pipeline


def test_csv_in_body_is_imported(http: Http, pipeline: Pipeline, account: str) -> None:
    text = HEADER.replace(",account_id", "") + "Zoë,Lee,3235550001,1\nBen,Lee,12,2\n"
    response = post_csv(
        http, text.encode("windows-1252"), f"?account_id={account}&mode=upsert&filename=May%20roster.csv"
    )

    assert response.status == 202
    shown = response.json
    assert response.headers["Location"] == f"/imports/{shown['id']}"
    assert (shown["status"], shown["mode"], shown["percent"]) == ("splitting", "upsert", 0)
    assert shown["source"]["key"].endswith("/May roster.csv")

    done = finish_import(pipeline, shown)
    assert done["status"] == "completed"
    assert done["percent"] == 100
    assert done["counts"] == {
        "rows": 2,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "deleted": 0,
        "rejected": 1,
        "removed": 0,
    }
    assert http.get(f"/imports/{shown['id']}").json == done

    response = http.get(f"/imports/{shown['id']}/rejected")
    assert response.status == 303
    with urllib.request.urlopen(response.headers["Location"]) as file:
        text = file.read().decode("utf-8-sig")
    assert text.splitlines()[0] == "first_name,last_name,phone_number,client_member_id,line,code,reason"
    assert text.splitlines()[1].startswith("Ben,Lee,12,2,3,phone_not_possible,")


def test_csv_in_body_waits_for_event_of_bucket(http: Http, account: str) -> None:
    csv = "first_name,last_name,phone_number,client_member_id\nRalph,Mouse,3235551234,42\n"
    query = {"account_id": account, "mode": "upsert", "filename": "may.csv"}
    response = http.request("POST", "/imports/", csv, {"Content-Type": "text/csv"}, query)
    started = response.ok(202)
    assert response.headers["Location"] == f"/imports/{started['id']}"
    shown = http.get(response.headers["Location"]).ok()
    assert shown["mode"] == "upsert"
    assert shown["status"] == started["status"] == "splitting"  # the bucket's event queues it
    assert shown["source"]["size"] == len(csv)
    assert response.headers["Retry-After"] == "1"
    assert shown["source"]["key"].endswith("/may.csv")
    assert shown.keys() == started.keys()
    assert http.get(f"/imports/{started['id']}/rejected").problem(404, "no_results")


@pytest.mark.parametrize("mode", ["create", "upsert", "validate"])
@pytest.mark.parametrize("body", ["csv", "json"])
def test_account_option_rejects_rows_of_other_accounts(
    http: Http, pipeline: Pipeline, account: str, mode: str, body: str
) -> None:
    text = (
        HEADER + f"Ann,Lee,3235550001,1, {account} \nBen,Lee,3235550002,2,{account}-b\nCy,Lee,3235550003,3,\n"
    )
    if body == "csv":
        shown = post_csv(http, text, f"?account_id=%20{account}&mode={mode}").json
    else:
        shown = http.send("POST", "/imports", {"account_id": f" {account}", "mode": mode}).json
        pipeline.drop(shown["source"]["key"], text.encode())

    done = finish_import(pipeline, shown)

    assert (done["counts"]["created"], done["counts"]["rejected"]) == (2, 1)
    [row] = pipeline.rejected(shown["id"])
    assert (row["line"], row["code"]) == ("3", "account_differs")
    assert row["reason"].startswith("account_id: ")
    assert http.get("/members", {"account_id": f"{account}-b"}).json["items"] == []
    page = http.get(f"/imports/{shown['id']}/rejected/rows").json
    assert page["columns"][page["items"][0]["column"]] == "account_id"


@pytest.mark.parametrize("body", ["csv", "json"])
@pytest.mark.parametrize(("rows", "status"), [(1, "failed"), (2, "completed")])
def test_file_must_have_the_announced_number_of_rows(
    http: Http, pipeline: Pipeline, account: str, body: str, rows: int, status: str
) -> None:
    text = HEADER + f"Ann,Lee,3235550001,1,{account}\nBen,Lee,12,2,{account}\n"
    if body == "csv":
        shown = post_csv(http, text, f"?rows={rows}&max_rejected=50%25&region=US").json
    else:
        shown = http.send("POST", "/imports", {"rows": rows, "max_rejected": "50%", "region": "US"}).json
        pipeline.drop(shown["source"]["key"], text.encode())
    assert (shown["rows"], shown["max_rejected"], shown["region"]) == (rows, "50%", "US")

    done = finish_import(pipeline, shown)

    assert (done["status"], (done["error"] or {}).get("code")) == (
        status,
        "rows_differ" if rows == 1 else None,
    )
    assert done["counts"]["created"] == rows - 1


@pytest.mark.parametrize("body", ["csv", "json"])
def test_own_names_of_columns_are_used(http: Http, pipeline: Pipeline, account: str, body: str) -> None:
    text = f"Vorname,Nachname,Handy,Nr,account,Phone\nAnn,Lee,3235550001,1,{account},3235550002\n"
    if body == "csv":
        columns = "first_name%3DVorname,Surname=Nachname,Phone=Handy,Member+ID=Nr"
        shown = post_csv(http, text, f"?columns={columns}").json
    else:
        fields = {"Vorname": "first_name", "Nachname": "last_name", "Handy": "phone_number"}
        shown = http.send("POST", "/imports", {"columns": fields | {"Nr": "client_member_id"}}).json
        pipeline.drop(shown["source"]["key"], text.encode())

    assert finish_import(pipeline, shown)["counts"]["created"] == 1

    [member] = http.get("/members", {"account_id": account}).json["items"]
    assert (member["first_name"], member["phone_number"]) == ("Ann", "+13235550001")
    report = http.get(f"/imports/{shown['id']}/report").json
    assert report["columns"]["used"]["phone_number"] == "Handy"
    assert report["passed_over"] == {"phone_number": ["Phone"]}


def test_second_object_with_key_of_upload_is_not_imported(
    http: Http, pipeline: Pipeline, account: str
) -> None:
    shown = post_csv(http, HEADER + f"Ann,Lee,3235550001,1,{account}\n").json
    done = finish_import(pipeline, shown)
    source, _ = pipeline.drop(shown["source"]["key"], (HEADER + f"Eve,Lee,3235550002,2,{account}\n").encode())
    pipeline.split_object(source, "unused")
    assert pipeline.drain(shown["id"]).shown().model_dump() == done


@pytest.mark.parametrize(
    ("query", "kind", "body", "status", "code"),
    [
        ("", "application/xml", "{}", 415, "unsupported_media_type"),
        ("", JSON, '{"mode": "remove"}', 422, "invalid"),
        ("", JSON, '{"account_id": ""}', 422, "invalid"),
        ("", JSON, '{"region": "XX"}', 422, "invalid"),
        ("", JSON, '{"max_rejected": "many"}', 422, "invalid"),
        ("", JSON, '{"name": "x.csv"}', 422, "invalid"),
        ("", JSON, '{"filename": "roster.xls"}', 422, "invalid"),
        ("", JSON, '{"rows": true}', 422, "invalid"),
        ("", JSON, '{"rows": -1}', 422, "invalid"),
        ("", JSON, '{"columns": {"Handy": "mail"}}', 422, "invalid"),
        ("", JSON, "[]", 422, "invalid"),
        ("?region=XX", "text/csv", HEADER, 400, "invalid_parameter"),
        ("", "text/csv", "", 400, "empty_body"),
        ("", "text/csv", "x" * (MAX_CSV + 1), 413, "payload_too_large"),
        ("?mode=remove", "text/csv", HEADER, 400, "invalid_parameter"),
        ("?account_id=%20", "text/csv", HEADER, 400, "invalid_parameter"),
        ("?account=1", "text/csv", HEADER, 400, "invalid_parameter"),
        ("?filename=a.xls", "text/csv", HEADER, 400, "invalid_parameter"),
        ("?mode=validate&account_id=1", JSON, "{}", 400, "invalid_parameter"),
        ("", JSON, "{", 400, "malformed_body"),
        ("", FORM, "a=b", 415, "unsupported_media_type"),
        ("?rows=1.0", "text/csv", HEADER, 400, "invalid_parameter"),
        ("?columns=Handy", "text/csv", HEADER, 400, "invalid_parameter"),
        ("?rows=", "text/csv", HEADER, 400, "invalid_parameter"),
        ("?mode=replace", "text/csv", "x", 400, "invalid_parameter"),
        ("?mode=", "text/csv", "x", 400, "invalid_parameter"),
        ("?account_id=", "text/csv", "x", 400, "invalid_parameter"),
        ("?filename=", "text/csv", "x", 400, "invalid_parameter"),
        ("?name=x.csv", "text/csv", "x", 400, "invalid_parameter"),
    ],
)
def test_invalid_import_is_rejected(
    http: Http, query: str, kind: str, body: str, status: int, code: str
) -> None:
    post_csv(http, body, query, kind).problem(status, code)


def test_query_beside_json_is_rejected_by_name(http: Http) -> None:
    """If `?mode=validate` were ignored, the import would write members."""
    problem = post_csv(http, "{}", "?mode=validate", JSON).problem(400, "invalid_parameter")
    assert problem["errors"] == [
        {
            "pointer": "?mode",
            "code": "unknown_parameter",
            "detail": "mode: Send this as a field of the JSON body.",
        }
    ]


def test_file_is_uploaded_to_returned_link(http: Http, pipeline: Pipeline, account: str) -> None:
    body = {"filename": "C:\\rosters\\May.csv.gz", "mode": "validate", "account_id": account}
    body |= {"max_rejected": "5%", "region": "US"}
    response = http.send("POST", "/imports", body)
    assert response.status == 201
    shown = response.json
    assert response.headers["Location"] == f"/imports/{shown['id']}"
    assert (shown["status"], shown["mode"]) == ("awaiting_upload", "validate")
    assert shown["source"]["key"].endswith("/May.csv.gz")
    assert shown["upload"]["expires_at"] > shown["created_at"]

    text = HEADER.replace(",account_id", "") + "Ann,Lee,3235550001,1\n"
    request = urllib.request.Request(
        shown["upload"]["url"], gzip.compress(text.encode()), method=shown["upload"]["method"]
    )
    with urllib.request.urlopen(request) as stored:
        assert stored.status == 200
    assert finish_import(pipeline, shown)["counts"]["created"] == 1
    assert http.get(f"/members?account_id={account}").json["items"] == []


def test_unsupported_file_type_is_rejected_before_upload(http: Http) -> None:
    problem = http.send("POST", "/imports", {"filename": "rosters/May.XLS"}).problem(422, "invalid")
    [field] = problem["errors"]
    assert (field["pointer"], field["code"]) == ("#/filename", "unsupported_file_type")
    assert http.send("POST", "/imports", {"filename": "May.CSV.gz"}).status == 201


def test_import_can_be_cancelled_once(http: Http, account: str) -> None:
    shown = post_csv(http, HEADER + f"Ann,Lee,3235550001,1,{account}\n").json
    response = http.request("POST", f"/imports/{shown['id']}/cancel")
    assert (response.status, response.json["status"]) == (202, "cancelled")
    http.request("POST", f"/imports/{shown['id']}/cancel").problem(409, "import_ended")


def test_template_is_the_header_line(http: Http) -> None:
    response = http.get("/imports/template")
    assert response.body == b"account_id,client_member_id,first_name,last_name,phone_number\r\n"
