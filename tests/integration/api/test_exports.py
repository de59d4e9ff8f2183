"""Exports over HTTP: start, watch, download."""

import urllib.request

import pytest

from chalicelib.timed_ids import new_timed_id
from tests.support.api import member_body, phone_of
from tests.support.client import Http
from tests.support.exports import Exports, new_export

from .conftest import Grant


@pytest.fixture
def exports(settings: object) -> Exports:
    return Exports()


def start(http: Http, account: str, **options: object) -> str:
    """Starts an export and returns its id."""
    export_id: str = http.send("POST", "/exports", {"account_id": account, **options}).ok(202)["id"]
    return export_id


def finish(exports: Exports, export_id: str) -> None:
    """Writes an export, as the queue would."""
    exports.drain(exports.repository.get(export_id))


def test_export_is_started_watched_and_downloaded(http: Http, exports: Exports, account: str) -> None:
    members = [
        http.create(member_body(account, client_member_id=str(n), phone_number=phone_of(account, n)))
        for n in range(2)
    ]
    response = http.send("POST", "/exports", {"account_id": account, "format": "csv"})
    started = response.ok(202)
    assert response.headers["Location"] == f"/exports/{started['id']}"
    assert (started["status"], started["rows"], started["format"]) == ("queued", 0, "csv")
    assert started["created_by"].startswith("token:")
    assert "url" not in started
    assert http.get(response.headers["Location"]).ok() == started

    finish(exports, started["id"])

    done = http.get(response.headers["Location"]).ok()
    assert (done["status"], done["rows"], done["as_of"]) == ("completed", 2, started["as_of"])
    assert done["expires_at"] > done["finished_at"]
    with urllib.request.urlopen(done["url"]) as download:
        assert download.headers["Content-Disposition"].startswith('attachment; filename="members-acc_')
        lines = download.read().decode("utf-8-sig").splitlines()
    assert lines == [
        "account_id,client_member_id,first_name,last_name,phone_number",
        *(f"{account},{m['client_member_id']},Ralph,Mouse,{m['phone_number']}" for m in members),
    ]


@pytest.mark.parametrize(
    ("options", "pointer", "code"),
    [
        ({"last_name": "lee"}, "#/last_name", "unknown_field"),  # a filter is never ignored
        ({"format": "xlsx"}, "#/format", "unknown_value"),
        ({"account_id": ""}, "#/account_id", "blank"),
        ({"last_name_prefix": " "}, "#/last_name_prefix", "blank"),
    ],
)
def test_invalid_options_are_refused(
    http: Http, account: str, options: dict[str, str], pointer: str, code: str
) -> None:
    problem = http.send("POST", "/exports", {"account_id": account, **options}).problem(422, "invalid")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, code)]


def test_account_of_an_export_is_required(http: Http) -> None:
    """There is no export of all accounts."""
    http.send("POST", "/exports", {}).problem(422, "invalid")


def test_exports_of_other_accounts_are_forbidden_or_not_found(
    http: Http, mine: Http, account: str, other: str
) -> None:
    mine.send("POST", "/exports", {"account_id": other}).problem(403, "account_forbidden")
    theirs, own = start(http, other), start(mine, account)
    for hidden in (theirs, new_timed_id(), "x" * 3000):
        mine.get(f"/exports/{hidden}").problem(404, "export_not_found")
    assert [one["id"] for one in mine.get("/exports").ok()["items"]] == [own]
    assert {theirs, own} <= {
        one["id"] for page in http.pages("/exports", {"limit": 500}) for one in page["items"]
    }


def test_reading_members_does_not_permit_to_export_them(grant: Grant, account: str) -> None:
    reader = grant(["members:read", "members:write", "imports:read"], [account])
    reader.send("POST", "/exports", {"account_id": account}).problem(403, "forbidden")
    reader.get("/exports").problem(403, "forbidden")


def test_list_of_exports_is_paged_newest_first(http: Http, mine: Http, account: str, other: str) -> None:
    own = []
    for _ in range(3):
        own.append(start(mine, account))
        start(http, other)
    pages = list(mine.pages("/exports", {"limit": 2}))
    assert [len(page["items"]) for page in pages] == [2, 1]
    found = [one["id"] for page in pages for one in page["items"]]
    assert found == sorted(own, reverse=True)
    mine.get("/exports", {"cursor": "x"}).problem(400, "invalid_cursor")


def test_failed_export_says_why_and_has_no_link(http: Http, exports: Exports, account: str) -> None:
    record = exports.exporter.give_up(new_export(account))
    shown = http.get(f"/exports/{record.id}").ok()
    assert (shown["status"], shown["error"]["code"]) == ("failed", "export_failed")
    assert "url" not in shown


def test_expired_file_of_an_export_is_not_found(http: Http, exports: Exports, account: str) -> None:
    record = exports.run(account)
    exports.delete_file(record)
    http.get(f"/exports/{record.id}").problem(404, "no_results")
