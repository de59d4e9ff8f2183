"""GET /imports/{id}: `wait`, Retry-After, and ETags."""

import pytest

from chalicelib.imports.reports.queries import ImportQueries
from chalicelib.services import Services
from tests.support.api import HEADER, finish_import, post_csv
from tests.support.client import Http
from tests.support.clock import Clock
from tests.support.pipeline import Pipeline


def test_running_import_says_when_to_ask_again(http: Http, pipeline: Pipeline, account: str) -> None:
    shown = post_csv(http, HEADER + f"Ann,Lee,3235550001,1,{account}\n").ok(202)
    path = f"/imports/{shown['id']}"
    assert http.get(path).headers["Retry-After"] == "1"
    finish_import(pipeline, shown)
    assert "Retry-After" not in http.get(path).headers
    assert http.request("POST", f"{path}/undo").headers["Retry-After"] == "1"


def test_import_that_nobody_uploads_does_not_run(http: Http) -> None:
    shown = http.send("POST", "/imports", {}).ok(201)
    assert "Retry-After" not in http.get(f"/imports/{shown['id']}").headers


def test_etag_of_import_changes_with_its_state(http: Http, pipeline: Pipeline, account: str) -> None:
    shown = post_csv(http, HEADER + f"Ann,Lee,3235550001,1,{account}\n").ok(202)
    path = f"/imports/{shown['id']}"
    etag = http.get(path).headers["ETag"]
    assert etag.startswith('W/"')
    unchanged = http.get(path, headers={"If-None-Match": etag})
    assert (unchanged.status, unchanged.body, unchanged.headers["ETag"]) == (304, b"", etag)
    assert unchanged.headers["Retry-After"] == "1"
    finish_import(pipeline, shown)
    changed = http.get(path, headers={"If-None-Match": etag})
    assert changed.ok()["status"] == "completed"
    assert changed.headers["ETag"] != etag
    assert http.request("HEAD", path, headers={"If-None-Match": changed.headers["ETag"]}).status == 304


def test_wait_answers_at_once_after_the_end(http: Http, pipeline: Pipeline, account: str) -> None:
    shown = post_csv(http, HEADER + f"Ann,Lee,3235550001,1,{account}\n").ok(202)
    done = finish_import(pipeline, shown)
    assert http.get(f"/imports/{shown['id']}", {"wait": "20"}).ok() == done


def test_wait_ends_with_the_import(services: Services, http: Http, pipeline: Pipeline, account: str) -> None:
    shown = post_csv(http, HEADER + f"Ann,Lee,3235550001,1,{account}\n").ok(202)
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            finish_import(pipeline, shown)

    queries = ImportQueries(services.import_repository, services.import_storage, Clock(), sleep)
    record = queries.wait(queries.get(shown["id"]), 20)
    assert (record.status, pauses) == ("completed", [0.5] * 3)


def test_wait_ends_after_its_seconds(services: Services, http: Http) -> None:
    shown = http.send("POST", "/imports", {}).ok(201)
    clock = Clock()
    started = clock.now

    def sleep(seconds: float) -> None:
        clock.now += seconds

    queries = ImportQueries(services.import_repository, services.import_storage, clock, sleep)
    assert queries.wait(queries.get(shown["id"]), 20).status == "awaiting_upload"
    assert clock.now - started == 20


@pytest.mark.parametrize("wait", ["", "-1", "21", "1.5", "0x1", "\u0661", "999"])
def test_wait_outside_its_range_is_refused(http: Http, wait: str) -> None:
    shown = http.send("POST", "/imports", {}).ok(201)
    problem = http.get(f"/imports/{shown['id']}", {"wait": wait}).problem(400, "invalid_parameter")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [("?wait", "out_of_range")]
