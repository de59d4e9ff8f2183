"""Syncs over HTTP: removals that wait, and who may approve or decline them."""

from typing import Any

import pytest

from tests.support.api import finish_import, post_csv
from tests.support.client import Http, href
from tests.support.pipeline import Pipeline
from tests.support.syncs import fill, ids_of, roster

from .conftest import ALL, Grant

SYNC = "?mode=sync&account_id={}&max_removed=2&max_removed_percent=5"


@pytest.fixture
def waiting(http: Http, pipeline: Pipeline, account: str) -> dict[str, Any]:
    """Returns a sync that waits to remove three of eight members."""
    fill(pipeline, account, 8)
    shown = finish_import(pipeline, post_csv(http, roster(account, range(5)), SYNC.format(account)).json)
    assert (shown["status"], shown["finished_at"]) == ("awaiting_approval", None)
    return shown


def test_waiting_import_lists_what_it_would_remove(http: Http, waiting: dict[str, Any], account: str) -> None:
    assert (waiting["removal"]["members"], waiting["removal"]["found"]) == (8, 3)
    rows = http.get(f"/imports/{waiting['id']}/changes/rows?outcome=would_remove").ok()["items"]
    assert {row["changes"]["client_member_id"]["from"] for row in rows} == {"m5", "m6", "m7"}
    assert {row["line"] for row in rows} == {None}
    assert http.get(f"/imports/{waiting['id']}/report").ok()["status"] == "awaiting_approval"
    listed = http.get(f"/imports?status=awaiting_approval&account_id={account}").ok()["items"]
    assert [one["id"] for one in listed] == [waiting["id"]]


def test_approver_of_the_account_lets_members_be_removed(
    grant: Grant, pipeline: Pipeline, waiting: dict[str, Any], account: str
) -> None:
    path = f"/imports/{waiting['id']}"
    grant(["imports:approve"], ["another"]).request("POST", f"{path}/approve").problem(
        404, "import_not_found"
    )
    grant(ALL, [account]).request("POST", f"{path}/approve").problem(403, "forbidden")
    approver = grant(["imports:approve", "imports:read"], [account])
    approved = approver.request("POST", f"{path}/approve").ok(202)
    assert approved["removal"]["decided_by"].startswith("token:")
    pipeline.drain(waiting["id"])
    done = approver.get(path).ok()
    assert (done["status"], done["counts"]["removed"]) == ("completed", 3)
    approver.request("POST", f"{path}/decline").problem(409, "not_awaiting_approval")
    assert len(ids_of(pipeline, account)) == 5


@pytest.mark.parametrize("act", ["decline", "cancel"])
def test_declined_import_removes_nobody(
    http: Http, pipeline: Pipeline, waiting: dict[str, Any], account: str, act: str
) -> None:
    http.request("POST", f"/imports/{waiting['id']}/{act}").ok(202)
    assert pipeline.drain(waiting["id"]).counts.removed == 0
    assert http.get(f"/imports/{waiting['id']}").ok()["removal"]["state"] == "declined"
    assert len(ids_of(pipeline, account)) == 8
    http.request("POST", f"/imports/{waiting['id']}/approve").problem(409, "not_awaiting_approval")


def test_history_names_the_sync_that_removed_a_member(http: Http, pipeline: Pipeline, account: str) -> None:
    fill(pipeline, account, 2)
    shown = finish_import(pipeline, post_csv(http, roster(account, [0]), "?mode=sync").json)
    assert shown["counts"]["removed"] == 1
    event = http.get(f"{href(account, 'm1')}/history").ok()["items"][0]
    assert (event["action"], event["by"]) == ("deleted", f"import:{shown['id']}")
    assert event["import"] == {"id": shown["id"]}
