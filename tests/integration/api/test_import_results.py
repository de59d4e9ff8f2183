"""Reports and rejected rows of imports."""

import base64
import json
from urllib.request import urlopen

import pytest

from chalicelib import config
from chalicelib.imports.records.repository import PARTITION, columns_key
from chalicelib.imports.records.steps import Step
from chalicelib.imports.records.storage import result_key
from tests.support.api import HEADER, finish_import, post_csv
from tests.support.client import Http
from tests.support.pipeline import KilledError, Pipeline, dies


def test_rejected_rows_are_a_redirect(http: Http, account: str, pipeline: Pipeline) -> None:
    """They may exceed the size of a Lambda response."""
    csv = f"account_id,first_name,last_name,phone_number,client_member_id\n{account},Ralph,Mouse,12,42\n"
    record = pipeline.run(f"drops/{account}.csv", csv)
    shown = http.get(f"/imports/{record.id}").ok()
    assert (shown["status"], shown["percent"], shown["counts"]["rejected"]) == ("completed", 100, 1)
    response = http.get(f"/imports/{record.id}/rejected")
    assert (response.status, response.body) == (303, b"")
    with urlopen(response.headers["Location"]) as file:
        assert "phone_not_possible" in file.read().decode()


def test_unfinished_import_has_no_rejected_rows(http: Http) -> None:
    shown = post_csv(http, HEADER).json
    http.get(f"/imports/{shown['id']}/rejected").problem(404, "no_results")


def test_rejected_rows_are_paged_with_their_invalid_cell(
    http: Http, pipeline: Pipeline, account: str
) -> None:
    rows = [
        f'Ann,"Łee, Jr.",12,{n},{account},"=1\r\n+1"\n'
        if n % 2
        else f"Ann,Lee,{3235550000 + n},{n},{account}\n"
        for n in range(1, 12)
    ]
    text = HEADER.replace("account_id\n", 'account_id,"a\nnote"\n') + "".join(rows)
    shown = post_csv(http, text).json
    path = f"/imports/{shown['id']}"
    for early in ("/report", "/rejected/rows"):
        http.get(path + early).problem(404, "no_results")
    assert finish_import(pipeline, shown)["counts"]["rejected"] == 11

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
    with urlopen(link["url"]) as file:
        assert file.read().decode("utf-8-sig").startswith("first_name,")
    wanted = list(http.pages(f"{path}/rejected/rows", {"limit": 4, "code": "too_few_cells"}))
    assert [row["line"] for page in wanted for row in page["items"]] == [
        row["line"] for row in found if row["code"] == "too_few_cells"
    ]
    assert http.get(f"{path}/rejected/rows", {"code": "blank"}).ok() == {
        "columns": columns,
        "items": [],
        "next": None,
    }
    for cursor in ("x", "-1", "99999999", "10", "9" * 5000):
        http.get(f"{path}/rejected/rows", {"cursor": cursor}).problem(400, "invalid_cursor")


def test_cursor_into_endless_cell_is_rejected(http: Http, pipeline: Pipeline, account: str) -> None:
    """From the closing quote of a cell on, the rest parses as one cell beyond the limit."""
    rows = "Ann,Lee,12\n" + f"Ann,Lee,12,1,{account},{'x' * 60_000}\n" * 3
    record = pipeline.run("drops/a.csv", f"{HEADER.strip()},note\n{rows}")
    closing = pipeline.result(record.id, "rejected.csv").rindex('"')
    path = f"/imports/{record.id}/rejected/rows"
    http.get(path, {"cursor": str(closing)}).problem(400, "invalid_cursor")


def test_import_without_written_results_has_no_rejected_rows(
    http: Http, pipeline: Pipeline, account: str
) -> None:
    source, import_id = pipeline.drop("drops/a.csv", (HEADER + f"Ann,Lee,12,1,{account}\n").encode())
    pipeline.split_object(source, import_id)
    with dies(config.s3(), "s3.PutObject", spared=2), pytest.raises(KilledError):  # before rejected.csv
        pipeline.imports.step(import_id, Step("load"))
    assert pipeline.imports.give_up(import_id, Step("finish")).counts.rejected == 1
    for path in ("rejected", "rejected/rows"):
        http.get(f"/imports/{import_id}/{path}").problem(404, "no_results")
    assert http.get(f"/imports/{import_id}/report").ok()["error"]["code"] == "report_failed"


def test_expired_results_are_not_found(http: Http, pipeline: Pipeline, account: str) -> None:
    record = pipeline.run("drops/a.csv", HEADER + f"Ann,Lee,12,1,{account}\n")
    for name in ("report.json", "rejected.csv"):
        config.s3().delete_object(Bucket=record.source.bucket, Key=result_key(record.id, name))
    for path in ("report", "rejected", "rejected/rows"):
        http.get(f"/imports/{record.id}/{path}").problem(404, "no_results")
    assert http.get(f"/imports/{record.id}").ok()["counts"]["rejected"] == 1


def test_import_without_rejected_rows_lists_none(http: Http, pipeline: Pipeline, account: str) -> None:
    shown = post_csv(http, HEADER + f"Ann,Lee,3235550001,1,{account}\n").json
    finish_import(pipeline, shown)
    assert http.get(f"/imports/{shown['id']}/rejected/rows").ok()["items"] == []


@pytest.mark.parametrize("filler", ["\x01", "\\", '""', "é", "𝄞", "x,"])
def test_page_of_huge_rows_fits_into_lambda_response(
    http: Http, pipeline: Pipeline, account: str, filler: str
) -> None:
    """Lambda escapes the page's JSON once more in its own JSON."""
    note = filler * (60_000 // len(filler))
    rows = "".join(f'Ann,Lee,12,{n},{account},"{note}"\n' for n in range(18))
    shown = post_csv(http, f"{HEADER.strip()},note\n{rows}").json
    finish_import(pipeline, shown)
    pages = list(http.pages(f"/imports/{shown['id']}/rejected/rows", {"limit": 500}))
    assert len(pages) > 1
    assert [row["line"] for page in pages for row in page["items"]] == list(range(2, 20))
    for page in pages:
        body = json.dumps(page)
        assert len(json.dumps({"body": body})) < 6_000_000
        assert len(base64.b64encode(body.encode())) < 6_000_000


def test_import_record_of_older_version_keeps_its_columns(
    http: Http, pipeline: Pipeline, account: str
) -> None:
    """Older versions stored the columns in the record; a cancellation rewrites the record."""
    source, import_id = pipeline.drop("drops/a.csv", (HEADER + f"Ann,Lee,12,1,{account}\n").encode())
    repository = pipeline.repository
    record = pipeline.split_object(source, import_id)
    record = record.model_copy(update={"columns": repository.columns(record)})
    config.dynamodb().update_item(
        TableName=config.settings().table_name,
        Key={"pk": {"S": PARTITION}, "sk": {"S": import_id}},
        UpdateExpression="SET #record = :record",
        ExpressionAttributeNames={"#record": "record"},
        ExpressionAttributeValues={":record": {"S": record.model_dump_json()}},
    )
    config.dynamodb().delete_item(TableName=config.settings().table_name, Key=columns_key(import_id))

    pipeline.imports.cancel(import_id)
    pipeline.imports.step(import_id, Step("load"))
    pipeline.drain(import_id)

    assert repository.get(import_id).columns == []
    page = http.get(f"/imports/{import_id}/rejected/rows").ok()
    assert (page["columns"], len(page["items"])) == (HEADER.strip().split(","), 1)
