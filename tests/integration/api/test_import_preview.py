"""The preview of a file over HTTP."""

from tests.support.api import HEADER
from tests.support.client import Http, Response
from tests.support.workbooks import workbook


def post(http: Http, body: bytes | str, **query: object) -> Response:
    return http.request("POST", "/imports/preview", body, {"Content-Type": "application/octet-stream"}, query)


def test_preview_reads_with_given_options_and_stores_nothing(mine: Http, account: str) -> None:
    body = (HEADER.replace("phone_number", "Handy") + "Jan,Zięba,020 7946 0018,1,\n").encode("windows-1250")
    options = {"encoding": "windows-1250", "region": "GB", "columns": "phone_number=Handy", "mode": "upsert"}
    found = post(mine, body, filename="a.txt", account_id=account, **options).ok()
    assert (found["missing"], found["problem"], found["encoding"]) == ([], None, "windows-1250")
    [row] = found["rows"]
    assert (row["cells"][1], row["code"]) == ("Zięba", None)
    assert mine.get("/imports").ok()["items"] == []


def test_preview_is_limited_to_callers_accounts(mine: Http, account: str, other: str) -> None:
    text = HEADER + f"Ann,Lee,3235550001,1,{account}\nBen,Lee,3235550002,2,{other}\n"
    assert [row["code"] for row in post(mine, text).ok()["rows"]] == [None, "account_forbidden"]
    post(mine, text, account_id=other).problem(403, "account_forbidden")


def test_preview_of_workbook_needs_all_of_it(http: Http) -> None:
    body = workbook([HEADER.strip().split(",")])
    assert post(http, body, filename="a.xlsx").ok()["sheets"] == ["Roster"]
    problem = post(http, body, filename="a.xlsx", partial="true").problem(400, "invalid_parameter")
    assert [(one["pointer"], one["code"]) for one in problem["errors"]] == [("?partial", "whole_file_needed")]


def test_preview_refuses_other_bodies_and_options(http: Http) -> None:
    http.request("POST", "/imports/preview", HEADER, {"Content-Type": "text/csv"}).problem(
        415, "unsupported_media_type"
    )
    post(http, "").problem(400, "empty_body")
    post(http, b"x" * 4_500_001).problem(413, "payload_too_large")
    for name, value in {
        "rows": 3,
        "filename": "a.ods",
        "region": "XX",
        "encoding": "klingon",
        "partial": 1,
    }.items():
        problem = post(http, HEADER, **{name: value}).problem(400, "invalid_parameter")
        assert problem["errors"][0]["pointer"] == f"?{name}"
