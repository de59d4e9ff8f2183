"""Idempotency-Key: a request that is sent again gets the response to the first one."""

import json
import random
import uuid
from typing import Any

import pytest

from chalicelib import config, replies
from chalicelib.dynamodb import retries
from tests.integration.api.conftest import Grant
from tests.support.api import HEADER, member_body, phone_of, replaced_calls
from tests.support.client import JSON, Http, Response, href
from tests.support.pipeline import Pipeline
from tests.support.request_faults import inject_faults, lose_response
from tests.support.tables import members_of


@pytest.fixture
def key() -> dict[str, str]:
    """Returns the header with a key that no other test uses."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def check_replayed(first: Response, again: Response) -> None:
    """Checks that a response is a kept one."""
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status, again.body) == (first.status, first.body)
    for name in ("Location", "ETag", "Content-Type"):
        assert again.headers.get(name) == first.headers.get(name)


def test_repeated_create_gets_first_response(http: Http, account: str, key: dict[str, str]) -> None:
    body = member_body(account)
    first = http.send("POST", "/members", body, key)
    assert first.status == 201
    assert "Idempotency-Replayed" not in first.headers
    http.send("PATCH", first.headers["Location"], {"first_name": "Minnie"}).ok()
    check_replayed(first, http.send("POST", "/members", body, key))
    assert members_of(account)[f"{account}-42"].version == 2


def test_key_of_another_request_is_refused(http: Http, account: str, key: dict[str, str]) -> None:
    body = member_body(account)
    http.send("POST", "/members", body, key).ok(201)
    for path, other in (
        ("/members", body | {"first_name": "Minnie"}),
        ("/members/batch", {"members": [body]}),
        ("/exports", {"account_id": account}),
    ):
        http.send("POST", path, other, key).problem(422, "idempotency_key_reused")


def test_error_frees_its_key(http: Http, account: str, key: dict[str, str]) -> None:
    body = member_body(account)
    http.send("POST", "/members", body | {"phone_number": "12"}, key).problem(422, "invalid")
    other = http.create(member_body(account, client_member_id="other"))
    http.send("POST", "/members", body, key).problem(409, "phone_number_taken")
    http.request("DELETE", f"/members/{other['id']}")
    http.send("POST", "/members", body, key).ok(201)


def test_key_of_running_request_is_refused_for_now(http: Http, account: str, key: dict[str, str]) -> None:
    meanwhile: list[Response] = []

    def send_again(_: Any) -> None:
        if not meanwhile:
            meanwhile.append(http.send("POST", "/members", member_body(account), key))

    with inject_faults(config.dynamodb(), "TransactWriteItems", send_again):
        first = http.send("POST", "/members", member_body(account), key)
    assert first.status == 201
    meanwhile[0].problem(409, "request_in_progress")
    assert meanwhile[0].headers["Retry-After"] == "1"


def test_create_with_unknown_end_is_answered_as_success(
    http: Http, account: str, key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the key the repetition gets a 409: its own member has the number."""
    body = member_body(account)
    with (
        monkeypatch.context() as impatient,
        inject_faults(config.dynamodb(), "TransactWriteItems", lose_response),
    ):
        impatient.setattr(retries, "MAX_ATTEMPTS", 1)
        http.send("POST", "/members", body, key).problem(503, "busy")
    again = http.send("POST", "/members", body, key)
    assert again.ok(201) == http.get(href(account, f"{account}-42")).ok()
    check_replayed(again, http.send("POST", "/members", body, key))
    http.send("POST", "/members", body).problem(409, "client_member_id_taken")


def test_callers_have_their_own_keys(http: Http, grant: Grant, account: str, key: dict[str, str]) -> None:
    http.send("POST", "/members", member_body(account), key).ok(201)
    other = grant(["members:write"], [account])
    other.send("POST", "/members", member_body(account), key).problem(409, "client_member_id_taken")


def test_large_response_is_kept(http: Http, account: str, key: dict[str, str]) -> None:
    """It has more than an item of the table may have, even packed."""
    letters = random.Random(7)
    members = [
        member_body(account, client_member_id=str(n), phone_number=phone_of(account, n))
        | {
            name: "".join(chr(letters.randrange(0x4E00, 0x9FA0)) for _ in range(64))
            for name in ("first_name", "last_name")
        }
        for n in range(500)
    ]
    first = http.send("POST", "/members/batch", {"members": members}, key)
    assert first.status == 200
    check_replayed(first, http.send("POST", "/members/batch", {"members": members}, key))


def test_repeated_csv_starts_one_import(http: Http, account: str, key: dict[str, str]) -> None:
    text = HEADER + f"Ann,Lee,3235550001,1,{account}\n"
    headers = {"Content-Type": "text/csv", **key}
    first, again = (http.request("POST", f"/imports?account_id={account}", text, headers) for _ in range(2))
    assert first.status == 202
    check_replayed(first, again)
    assert len(http.get("/imports", {"account_id": account}).ok()["items"]) == 1
    http.request("POST", f"/imports?account_id={account}&mode=upsert", text, headers).problem(
        422, "idempotency_key_reused"
    )


def test_key_belongs_to_one_import(http: Http, pipeline: Pipeline, account: str, key: dict[str, str]) -> None:
    """The import is in the path alone."""
    row = f"Ann,Lee,3235550001,1,{account}\n"
    one, two = (pipeline.run(f"drops/upsert/{name}.csv", HEADER + row).id for name in ("a", "b"))
    first, again = (http.request("POST", f"/imports/{one}/undo", headers=key) for _ in range(2))
    assert first.ok(202)["of"] == one
    check_replayed(first, again)
    other = http.request("POST", f"/imports/{two}/undo", headers=key)
    other.problem(422, "idempotency_key_reused")


def test_repeated_announcement_and_export_start_once(http: Http, account: str) -> None:
    for path, body in (
        ("/imports", {"filename": "a.csv", "account_id": account}),
        ("/exports", {"account_id": account}),
    ):
        headers = {"Content-Type": JSON, "Idempotency-Key": str(uuid.uuid4())}
        first, again = (http.send("POST", path, body, headers) for _ in range(2))
        assert first.status in (201, 202)
        check_replayed(first, again)


@pytest.mark.parametrize("value", ["", " ", "x" * 256, "caf\u00e9", "a\tb"])
def test_malformed_key_is_refused(http: Http, account: str, value: str) -> None:
    response = http.send("POST", "/members", member_body(account), {"Idempotency-Key": value})
    response.problem(400, "invalid_header")


class Death(BaseException):
    """A function ends, wherever it is."""


def die_before_the_reply_is_kept(params: dict[str, Any], **_: Any) -> None:
    """Ends the function when the request has taken effect."""
    if b":parts" in params["body"]:
        raise Death


@pytest.mark.parametrize("what", ["member", "csv", "announcement", "export", "undo", "batch"])
def test_dead_request_takes_effect_once(
    http: Http,
    pipeline: Pipeline,
    account: str,
    key: dict[str, str],
    what: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = HEADER + f"Ann,Lee,3235550001,1,{account}\n"
    done = pipeline.run(f"drops/account={account}/a.csv", rows).id if what == "undo" else ""
    method, path, body, kind = {
        "member": ("POST", "/members", json.dumps(member_body(account)), JSON),
        "batch": ("POST", "/members/batch", json.dumps({"members": [member_body(account)]}), JSON),
        "csv": ("POST", f"/imports?account_id={account}", rows, "text/csv"),
        "announcement": ("POST", "/imports", json.dumps({"account_id": account}), JSON),
        "export": ("POST", "/exports", json.dumps({"account_id": account}), JSON),
        "undo": ("POST", f"/imports/{done}/undo", "", JSON),
    }[what]
    headers = {"Content-Type": kind, **key}
    monkeypatch.setattr(replies, "RUN_SECONDS", 0)  # so the next request takes over at once
    with replaced_calls("UpdateItem", die_before_the_reply_is_kept), pytest.raises(Death):
        http.request(method, path, body, headers)
    again = http.request(method, path, body, headers)
    assert again.status in (200, 201, 202)
    check_replayed(again, http.request(method, path, body, headers))
    imports = http.get("/imports", {"account_id": account}).ok()["items"]
    assert len(imports) == {"csv": 1, "announcement": 1, "undo": 2}.get(what, 0)
    exports = [
        one for one in http.get("/exports", {"limit": 500}).ok()["items"] if one["account_id"] == account
    ]
    assert len(exports) == (what == "export")
    assert len(members_of(account)) == (what in ("member", "batch", "undo"))


def test_import_whose_file_was_not_stored_is_sent_again(
    http: Http, account: str, key: dict[str, str]
) -> None:
    def fail(**_: Any) -> Any:
        raise RuntimeError

    rows, headers = HEADER + f"Ann,Lee,3235550001,1,{account}\n", {"Content-Type": "text/csv", **key}
    events = config.s3().meta.events
    events.register_first("before-call.s3.PutObject", fail, unique_id="fail")
    try:
        http.request("POST", f"/imports?account_id={account}", rows, headers).problem(500, "internal_error")
    finally:
        events.unregister("before-call.s3.PutObject", unique_id="fail")
    assert (
        http.request("POST", f"/imports?account_id={account}", rows, headers).ok(202)["status"] == "splitting"
    )
    statuses = [one["status"] for one in http.get("/imports", {"account_id": account}).ok()["items"]]
    assert sorted(statuses) == ["failed", "splitting"]
