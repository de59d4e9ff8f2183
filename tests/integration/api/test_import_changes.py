"""What imports did with each row, and what dry runs would do."""

from typing import Any
from urllib.request import urlopen

import pytest

from chalicelib.members.model import member_id
from tests.support.api import HEADER, finish_import, post_csv
from tests.support.client import Http, href
from tests.support.pipeline import Pipeline

ROWS = "Ann,Moore,3235550001,1,{a}\nBen,Lee,3235550002,2,{a}\nCy,Lee,12,3,{a}\nBen,Lee,3235550002,2,{a}\n"


def start(http: Http, pipeline: Pipeline, account: str, query: str) -> str:
    """Imports ROWS into an account with member 1, and returns the id of the import, which has ended."""
    first = post_csv(http, HEADER + f"Ann,Lee,3235550001,1,{account}\n").json
    finish_import(pipeline, first)
    shown = post_csv(http, HEADER + ROWS.format(a=account), query).json
    return str(finish_import(pipeline, shown)["id"])


def rows_of(http: Http, import_id: str, **query: Any) -> list[dict[str, Any]]:
    return [row for page in http.pages(f"/imports/{import_id}/changes/rows", query) for row in page["items"]]


@pytest.mark.parametrize("dry_run", [True, False])
def test_rows_tell_outcome_member_and_changed_values(
    http: Http, pipeline: Pipeline, account: str, *, dry_run: bool
) -> None:
    import_id = start(http, pipeline, account, f"?mode=upsert&dry_run={str(dry_run).lower()}")
    shown = http.get(f"/imports/{import_id}").ok()
    assert (shown["mode"], shown["dry_run"], shown["counts"]["updated"]) == ("upsert", dry_run, 1)
    assert http.get(href(account, "1")).ok()["last_name"] == ("Lee" if dry_run else "Moore")
    assert http.get(href(account, "2")).status == (404 if dry_run else 200)

    found = rows_of(http, import_id, limit=3)
    assert [(row["line"], row["outcome"], row["code"]) for row in found] == [
        (2, "updated", None),
        (3, "created", None),
        (4, "rejected", "phone_not_possible"),
        (5, "unchanged", None),
    ]
    assert [row["member_id"] for row in found] == [
        member_id(account, "1"),
        member_id(account, "2"),
        None,
        member_id(account, "2"),
    ]
    assert found[0]["changes"] == {"last_name": {"from": "Lee", "to": "Moore"}}
    assert found[1]["changes"]["phone_number"] == {"from": None, "to": "+13235550002"}
    assert found[2]["changes"] == found[3]["changes"] == {}
    for outcome in ("created", "updated", "unchanged", "rejected"):
        assert rows_of(http, import_id, outcome=outcome, limit=1) == [
            row for row in found if row["outcome"] == outcome
        ]
    for row in found:
        assert rows_of(http, import_id, line=row["line"]) == [row]
    assert rows_of(http, import_id, line=2, outcome="created") == []
    assert rows_of(http, import_id, line=1) == rows_of(http, import_id, line=999_999_999) == []


def test_changes_are_a_file_to_download(http: Http, pipeline: Pipeline, account: str) -> None:
    import_id = start(http, pipeline, account, "?mode=upsert")
    response = http.get(f"/imports/{import_id}/changes")
    assert (response.status, response.body) == (303, b"")
    link = http.get(f"/imports/{import_id}/changes", headers={"Accept": "application/json"}).ok()
    with urlopen(link["url"]) as file:
        lines = file.read().decode("utf-8-sig").splitlines()
    assert lines[0].startswith("line,outcome,code,member_id,account_id_from,account_id_to,")
    assert [line.split(",")[1] for line in lines[1:]] == ["updated", "created", "rejected", "unchanged"]


def test_unknown_outcomes_and_cursors_are_refused(http: Http, pipeline: Pipeline, account: str) -> None:
    path = f"/imports/{start(http, pipeline, account, '')}/changes/rows"
    http.get(path, {"outcome": "moved"}).problem(400, "invalid_parameter")
    for cursor in ("x", "-1", "99999999", "10"):
        http.get(path, {"cursor": cursor}).problem(400, "invalid_cursor")


@pytest.mark.parametrize("path", ["changes", "changes/rows"])
def test_import_that_goes_on_has_no_changes(http: Http, path: str) -> None:
    shown = post_csv(http, HEADER).json
    http.get(f"/imports/{shown['id']}/{path}").problem(404, "no_results")


@pytest.mark.parametrize("value", ["yes", "1", ""])
def test_dry_run_must_be_true_or_false(http: Http, value: str) -> None:
    problem = post_csv(http, HEADER, f"?dry_run={value}").problem(400, "invalid_parameter")
    assert problem["errors"][0]["pointer"] == "?dry_run"
