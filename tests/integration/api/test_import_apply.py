"""Applying a dry run: importing the very file that was checked."""

import pytest

from chalicelib.imports.records.model import ImportRecord, Source
from tests.support.api import HEADER, finish_import, post_csv
from tests.support.client import Http, href
from tests.support.pipeline import Pipeline
from tests.support.workbooks import workbook


def run(pipeline: Pipeline, import_id: str) -> ImportRecord:
    """Splits and loads an import that was queued, and returns it."""
    for message in pipeline.messages(pipeline.settings.split_queue_url):
        pipeline.imports.split(message["import"])
    return pipeline.drain(import_id)


@pytest.mark.parametrize("query", ["?mode=upsert&dry_run=true&max_rejected=3", "?mode=validate"])
def test_applied_dry_run_imports_the_checked_version(
    http: Http, pipeline: Pipeline, account: str, query: str
) -> None:
    text = HEADER + f"Ann,Lee,3235550001,1,{account}\nBen,Lee,12,2,{account}\n"
    checked = finish_import(pipeline, post_csv(http, text, query).json)
    pipeline.drop(checked["source"]["key"], (HEADER + f"Zed,Lee,3235550009,9,{account}\n").encode())

    response = http.request("POST", f"/imports/{checked['id']}/apply")

    applied = response.ok(202)
    assert response.headers["Location"] == f"/imports/{applied['id']}"
    mode = "upsert" if "upsert" in query else "create"
    assert (applied["mode"], applied["dry_run"], applied["applies"]) == (mode, False, checked["id"])
    assert applied["max_rejected"] == checked["max_rejected"]
    assert [applied["source"][name] == checked["source"][name] for name in ("key", "version")] == [True, True]
    done = run(pipeline, applied["id"])
    assert done.counts.model_dump() == checked["counts"]
    assert http.get(href(account, "1")).ok()["created_by"] == f"import:{applied['id']}"
    assert http.get(href(account, "9")).status == 404


def test_dry_run_names_the_latest_import_that_applied_it(
    http: Http, pipeline: Pipeline, account: str
) -> None:
    checked = finish_import(
        pipeline, post_csv(http, HEADER + f"Ann,Lee,3235550001,1,{account}\n", "?dry_run=true").json
    )
    etag = http.get(f"/imports/{checked['id']}").headers["ETag"]
    assert checked["applied_by"] is None
    first, second = (http.request("POST", f"/imports/{checked['id']}/apply").ok(202)["id"] for _ in range(2))
    pipeline.repository.name_follower(checked["id"], "applied_by", first)  # the slower of two at once
    pipeline.repository.name_follower(first[::-1], "applied_by", second)  # of an import that has expired
    shown = http.request("GET", f"/imports/{checked['id']}", headers={"If-None-Match": etag}).ok()
    assert shown == checked | {"applied_by": second}
    http.get(f"/imports/{first[::-1]}").problem(404, "import_not_found")
    run(pipeline, second)
    ended = [pipeline.repository.get(one) for one in (first, second)]
    assert sorted(one.counts.created for one in ended) == [0, 1]


def test_change_after_the_check_is_not_undone(http: Http, pipeline: Pipeline, account: str) -> None:
    finish_import(pipeline, post_csv(http, HEADER + f"Ann,Lee,3235550001,1,{account}\n").json)
    text = HEADER + f"Ann,Moore,3235550001,1,{account}\n"
    checked = finish_import(pipeline, post_csv(http, text, "?mode=upsert&dry_run=true").json)
    http.send("PATCH", href(account, "1"), {"last_name": "Vole"}).ok()
    applied = http.request("POST", f"/imports/{checked['id']}/apply").ok(202)
    assert run(pipeline, applied["id"]).changed_since == 1
    assert http.get(href(account, "1")).ok()["last_name"] == "Vole"


def file_of(account: str, kind: str) -> bytes:
    """Returns a file with one good row, of a kind that is detected."""
    row = f"Zoë,Müller,3235550001,1,{account}\n"
    if kind == "xlsx":
        return workbook([HEADER.strip().split(","), row.strip().split(",")])
    if kind == "with invalid bytes":
        return (
            (HEADER + row.replace("Zoë", "Zoe") + f"A?,B,3235550002,2,{account}\n")
            .encode()
            .replace(b"?", b"\x81\x8d")
        )
    return (HEADER + row).encode(kind)


@pytest.mark.parametrize("kind", ["windows-1252", "utf-8-sig", "utf-16", "with invalid bytes", "xlsx"])
def test_applied_file_is_read_as_it_was_checked(
    http: Http, pipeline: Pipeline, account: str, kind: str
) -> None:
    query = f"?dry_run=true&filename=a.{'xlsx' if kind == 'xlsx' else 'csv'}"
    checked = finish_import(pipeline, post_csv(http, file_of(account, kind), query).json)
    applied = http.request("POST", f"/imports/{checked['id']}/apply").ok(202)
    done = run(pipeline, applied["id"]).shown().model_dump()
    names = ("status", "counts", "encoding", "encoding_guessed", "encoding_examples")
    assert {name: done[name] for name in names} == {name: checked[name] for name in names}
    assert (done["status"], done["counts"]["created"]) == ("completed", 1)
    assert http.get(href(account, "1")).ok()["last_name"] == "Müller"


def test_only_completed_dry_runs_can_be_applied(http: Http, pipeline: Pipeline, account: str) -> None:
    text = HEADER + f"Ann,Lee,3235550001,1,{account}\n"
    done = finish_import(pipeline, post_csv(http, text).json)
    waiting = post_csv(http, text, "?dry_run=true").json
    failed = finish_import(pipeline, post_csv(http, text, "?dry_run=true&rows=7").json)
    for one in (done, waiting, failed):
        http.request("POST", f"/imports/{one['id']}/apply").problem(409, "not_a_dry_run")


def test_expired_file_fails_the_import(pipeline: Pipeline, account: str) -> None:
    checked = pipeline.run("drops/dry_run/a.csv", HEADER + f"Ann,Lee,3235550001,1,{account}\n")
    gone = Source(bucket=checked.source.bucket, key=f"drops/{account}-gone.csv", version="x")
    applied = pipeline.imports.apply(checked.model_copy(update={"source": gone}), None)
    error = run(pipeline, applied.id).error
    assert error
    assert error.code == "file_expired"
