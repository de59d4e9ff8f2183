"""Workbooks in the body of POST /imports, and through an upload link."""

from tests.support.api import HEADER, finish_import
from tests.support.client import Http
from tests.support.pipeline import Pipeline
from tests.support.workbooks import Cell, workbook


def roster(account: str) -> bytes:
    """Returns a workbook with a good row, and one whose id is a date."""
    date: Cell = {"v": 45325, "format": "d-mmm"}
    return workbook(
        [
            HEADER.strip().split(","),
            ["Ann", "Lee", "3235550001", {"v": 7, "format": "000"}, account],
            ["Ben", "Lee", "3235550002", date, account],
        ]
    )


def test_workbook_in_body_is_imported(http: Http, pipeline: Pipeline, account: str) -> None:
    query = {"filename": "roster.xlsx"}
    shown = http.request("POST", "/imports", roster(account), {"Content-Type": "text/csv"}, query).ok(202)
    done = finish_import(pipeline, shown)
    assert (done["status"], done["counts"]["created"]) == ("completed", 1)
    [member] = http.get("/members", {"account_id": account}).ok()["items"]
    assert member["client_member_id"] == "007"
    [row] = http.get(f"/imports/{shown['id']}/rejected/rows").ok()["items"]
    assert (row["line"], row["code"], row["cells"][row["column"]]) == (
        3,
        "spreadsheet_damage",
        "#DATE? 2024-02-03",
    )


def test_uploaded_workbook_is_imported(http: Http, pipeline: Pipeline, account: str) -> None:
    shown = http.send("POST", "/imports", {"filename": "roster.xlsx", "mode": "upsert"}).ok(201)
    pipeline.drop(shown["source"]["key"], roster(account))
    assert finish_import(pipeline, shown)["counts"]["created"] == 1
