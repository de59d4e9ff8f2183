"""Taking imports back over HTTP."""

from chalicelib import config
from chalicelib.imports.records.storage import CHANGES, result_key
from tests.support.api import HEADER, finish_import, post_csv
from tests.support.client import Http, href
from tests.support.pipeline import Pipeline

from .conftest import ALL, Grant
from .test_import_apply import run


def test_undo_is_an_import_with_results(http: Http, pipeline: Pipeline, account: str) -> None:
    text = HEADER + f"Ann,Lee,3235550001,1,{account}\nBen,Lee,3235550002,2,{account}\n"
    done = finish_import(pipeline, post_csv(http, text).json)
    http.send("PATCH", href(account, "2"), {"last_name": "Vole"}).ok()
    by = http.get(href(account, "2")).ok()["modified_by"]

    response = http.request("POST", f"/imports/{done['id']}/undo")

    started = response.ok(202)
    assert response.headers["Location"] == f"/imports/{started['id']}"
    assert (started["mode"], started["of"], started["dry_run"]) == ("undo", done["id"], False)
    assert started["created_by"] == by
    run(pipeline, started["id"])
    ended = http.get(f"/imports/{started['id']}").ok()
    assert (ended["status"], ended["counts"]["deleted"], ended["changed_since"]) == ("completed", 1, 1)
    http.get(href(account, "1")).problem(404, "member_not_found")
    assert http.get(href(account, "2")).ok()["last_name"] == "Vole"
    [kept] = http.get(f"/imports/{started['id']}/changes/rows", {"outcome": "unchanged"}).ok()["items"]
    assert (kept["code"], kept["changed_by"]) == ("changed_since", by)
    assert http.get(f"/imports/{started['id']}/report").ok()["changed_since_by"] == {by: 1}
    [deleted, created] = http.get(f"{href(account, '1')}/history").ok()["items"]
    assert (deleted["action"], deleted["import"]["id"]) == ("deleted", started["id"])
    assert (created["action"], created["import"]["id"]) == ("created", done["id"])


def test_checked_undo_can_be_applied(http: Http, pipeline: Pipeline, account: str) -> None:
    text = HEADER + f"Ann,Lee,3235550001,1,{account}\n"
    done = finish_import(pipeline, post_csv(http, text).json)
    checked = http.request("POST", f"/imports/{done['id']}/undo?dry_run=true").ok(202)
    assert run(pipeline, checked["id"]).counts.deleted == 1
    assert http.get(href(account, "1")).ok()["version"] == 1
    assert http.get(f"/imports/{done['id']}").ok()["undone_by"] is None

    applied = http.request("POST", f"/imports/{checked['id']}/apply").ok(202)

    assert (applied["mode"], applied["of"], applied["applies"]) == ("undo", done["id"], checked["id"])
    assert run(pipeline, applied["id"]).counts.deleted == 1
    name = done["source"]["key"].rpartition("/")[2]
    assert (checked["of_file"], applied["of_file"]) == (name, name)
    named = [http.get(f"/imports/{one['id']}").ok() for one in (done, checked, applied)]
    assert [one["undone_by"] for one in named] == [applied["id"], None, None]
    assert [one["applied_by"] for one in named] == [None, applied["id"], None]
    again = http.request("POST", f"/imports/{applied['id']}/undo").ok(202)
    assert again["of_file"] == f"undo of {name}"
    http.get(href(account, "1")).problem(404, "member_not_found")


def test_restored_member_keeps_its_creation(http: Http, pipeline: Pipeline, account: str) -> None:
    finish_import(pipeline, post_csv(http, HEADER + f"Ann,Lee,3235550001,1,{account}\n").json)
    before = http.get(href(account, "1")).ok()
    ids = f"account_id,client_member_id\n{account},1\n"
    done = finish_import(pipeline, post_csv(http, ids, "?mode=delete").json)
    started = http.request("POST", f"/imports/{done['id']}/undo").ok(202)
    assert run(pipeline, started["id"]).counts.created == 1
    after = http.get(href(account, "1")).ok()
    apart = {"version": 3, "last_modified": after["last_modified"], "modified_by": f"import:{started['id']}"}
    assert after == before | apart
    [restored, *_] = http.get(f"{href(account, '1')}/history").ok()["items"]
    assert (restored["action"], restored["import"]) == ("restored", {"id": started["id"], "line": 1})


def test_import_that_cannot_be_taken_back_is_refused(http: Http, pipeline: Pipeline, account: str) -> None:
    text = HEADER + f"Ann,Lee,3235550001,1,{account}\n"
    checked = finish_import(pipeline, post_csv(http, text, "?dry_run=true").json)
    waiting = post_csv(http, text).json
    done = finish_import(pipeline, waiting)
    again = finish_import(pipeline, post_csv(http, text).json)
    pending = http.send("POST", "/imports", {}).ok(201)

    for one, code in ((checked, "is_a_dry_run"), (again, "nothing_to_undo"), (pending, "import_not_ended")):
        http.request("POST", f"/imports/{one['id']}/undo").problem(409, code)
    http.request("POST", f"/imports/{done['id']}/undo?dry_run=x").problem(400, "invalid_parameter")
    http.request("POST", f"/imports/{done['id']}/undo?mode=x").problem(400, "invalid_parameter")
    config.s3().delete_object(Bucket=pipeline.settings.bucket_name, Key=result_key(done["id"], CHANGES))
    http.request("POST", f"/imports/{done['id']}/undo").problem(404, "no_results")


def test_no_file_has_the_mode_undo(http: Http, pipeline: Pipeline, account: str) -> None:
    problem = http.send("POST", "/imports", {"mode": "undo"}).problem(422, "invalid")
    assert (
        problem["errors"][0]["detail"]
        == "mode: Not an allowed value. Use create, upsert, delete, sync or validate."
    )
    dropped = pipeline.run("drops/mode=undo/a.csv", HEADER + f"Ann,Lee,3235550001,1,{account}\n")
    assert dropped.error
    assert dropped.error.code == "unknown_mode"


def test_undo_needs_permission_and_all_accounts(
    http: Http, grant: Grant, mine: Http, pipeline: Pipeline, account: str, other: str
) -> None:
    text = HEADER + f"Ann,Lee,3235550001,1,{account}\n"
    wide = finish_import(pipeline, post_csv(http, text).json)
    own = finish_import(pipeline, post_csv(mine, text.replace("1,1", "2,2")).json)
    mine.request("POST", f"/imports/{wide['id']}/undo").problem(404, "import_not_found")
    grant(ALL, [other]).request("POST", f"/imports/{own['id']}/undo").problem(404, "import_not_found")
    grant(["imports:read", "members:write"], "*").request("POST", f"/imports/{own['id']}/undo").problem(
        403, "forbidden"
    )
    started = mine.request("POST", f"/imports/{own['id']}/undo").ok(202)
    run(pipeline, started["id"])
    assert mine.get(f"/imports/{started['id']}").ok()["counts"]["deleted"] == 1
