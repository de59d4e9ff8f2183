"""Logs: who did what, without secrets and personal data."""

import logging
import re
import traceback
from typing import Any

import pytest

from chalicelib.dynamodb import retries
from chalicelib.members.model import member_id
from chalicelib.services import Services
from chalicelib.services import services as build_services
from tests.support.api import (
    PASSWORD,
    RALPH,
    ROUTES,
    is_405,
    member_body,
    replaced_calls,
    throttle,
    unique_name,
)
from tests.support.client import Http, Response, href
from tests.support.functions import Functions
from tests.support.pipeline import HEADER, Pipeline


def test_logs_contain_no_personal_data(http: Http, account: str, caplog: pytest.LogCaptureFixture) -> None:
    """Not even when an error message quotes it: more people can read logs than members."""
    caplog.set_level(logging.INFO)
    ids = {"account_id": account, "client_member_id": "Clientsentinel"}
    data = (
        RALPH
        | ids
        | {"first_name": "Firstsentinel", "last_name": "Lastsentinel", "phone_number": "3239876543"}
    )
    member = http.create(data)
    one = f"/members/{member['id']}"
    http.send("POST", "/members", data).problem(409, "client_member_id_taken")
    http.send("POST", "/members", data | {"last_name": "Lastsentinel\x00"}).problem(422, "invalid")
    http.send("POST", "/members", {"Lastsentinel": "Lastsentinel"}).problem(422, "invalid")
    http.request("POST", "/members", '{"last_name": "Lastsentinel').problem(400, "malformed_body")
    http.form("/members", data | {"phone_number": "3239876543 x1"}).problem(422, "invalid")
    for query in (ids, {"phone_number": "3239876543"}, {"account_id": account, "last_name": "Lastsentinel"}):
        assert http.get("/members", query).ok()["items"] == [member]
    http.get("/members", {"Lastsentinel": "3239876543"}).problem(400, "invalid_parameter")
    http.get(href(account, "Clientsentinel")).ok()
    http.send("PATCH", one, {"first_name": "Firstsentinel2"}, {"If-Match": '"Lastsentinel"'}).problem(
        412, "precondition_failed"
    )

    def fail(**call: Any) -> None:
        raise RuntimeError(f"Lastsentinel {call['params']}")

    with replaced_calls("GetItem", fail):
        http.get(href(account, "Clientsentinel")).problem(500, "internal_error")
    http.request("DELETE", one).ok(204)

    output = "".join(repr(record.__dict__) for record in caplog.records)
    assert output.count("milliseconds") == 14
    assert "'error': 'RuntimeError'" in output
    for secret in ("sentinel", "3239876543", member["id"]):
        assert secret not in output


def test_log_names_members_by_their_hashes(
    http: Http, services: Services, account: str, caplog: pytest.LogCaptureFixture
) -> None:
    """So that who saw or changed a member can be found by its id, and nobody reads ids from logs."""
    caplog.set_level(logging.INFO)
    ids = [member_id(account, f"{n}") for n in range(3)]
    first, second, moved = services.member_hashes.of(ids)
    assert len({first, second, moved}) == 3

    def named(response: Response) -> list[str] | None:
        assert response.status < 300
        found: list[str] | None = getattr(caplog.records[-1], "members", None)
        return found

    http_batch = {"members": [member_body(account, client_member_id="1", phone_number="3235550009")]}
    assert named(http.send("POST", "/members", member_body(account, client_member_id="0"))) == [first]
    assert named(http.send("POST", "/members/batch", http_batch)) == [second]
    assert named(http.get(f"/members/{ids[0]}")) == named(http.get(href(account, "0"))) == [first]
    assert set(named(http.get("/members", {"account_id": account})) or ()) == {first, second}
    assert named(http.get(f"/members/{ids[0]}/history")) == [first]
    assert named(http.send("PATCH", f"/members/{ids[0]}", {"client_member_id": "2"})) == [first, moved]
    assert named(http.request("DELETE", f"/members/{ids[2]}")) == [moved]
    assert named(http.request("POST", f"/members/{ids[2]}/restore")) == [moved]
    assert named(http.get("/me")) is None


def test_each_route_about_a_member_names_it(
    http: Http, services: Services, account: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever becomes of the request."""
    caplog.set_level(logging.INFO)
    name = member_id(account, "1")
    routes = [(method, path) for method, path in ROUTES if "member_id}" in path and not is_405(path, method)]
    assert len(routes) > 15
    for method, path in routes:
        http.request(method, path.format(member_id=name, account_id=account, client_member_id="1"))
        assert subjects(caplog) == {"members": services.member_hashes.of([name])}, (method, path)


def test_log_names_members_that_a_conflict_names(
    http: Http, services: Services, account: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first, second = (member_body(account, client_member_id=str(n)) for n in range(2))
    http.create(first)
    holder, refused = services.member_hashes.of([member_id(account, "0"), member_id(account, "1")])
    http.send("POST", "/members", second).problem(409, "phone_number_taken")
    assert subjects(caplog) == {"members": [refused, holder]}
    http.send("POST", "/members", first).problem(409, "client_member_id_taken")
    assert subjects(caplog) == {"members": [holder]}
    http.send("POST", "/members/batch", {"members": [second]}).ok()
    assert subjects(caplog) == {"members": [refused, holder]}


def test_log_names_members_of_a_repeated_response(
    http: Http, services: Services, account: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    body, key = member_body(account), {"Idempotency-Key": account}
    hashes = services.member_hashes.of([member_id(account, f"{account}-42")])
    for _ in range(2):
        http.send("POST", "/members", body, key).ok(201)
        assert subjects(caplog) == {"members": hashes}


def test_log_names_import_and_members_of_its_outcomes(
    http: Http, pipeline: Pipeline, services: Services, account: str, caplog: pytest.LogCaptureFixture
) -> None:
    record = pipeline.run(f"drops/account={account}/a.csv", HEADER + f"Ann,Lee,3235550001,1,{account}\n")
    caplog.set_level(logging.INFO)
    hashes = services.member_hashes.of([member_id(account, "1")])
    http.get(f"/imports/{record.id}/changes/rows").ok()
    assert subjects(caplog) == {"import_id": record.id, "members": hashes}
    http.get(f"/imports/{record.id}/rejected/rows").ok()
    assert subjects(caplog) == {"import_id": record.id}
    export = http.send("POST", "/exports", {"account_id": account}).ok(202)
    http.get(f"/exports/{export['id']}").ok()
    assert subjects(caplog) == {"export_id": export["id"]}
    http.get("/imports/Lastsentinel").problem(404, "import_not_found")
    assert subjects(caplog) == {}


def test_request_that_cannot_be_logged_is_refused(
    http: Http, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key of the hashes is read once in a process."""
    member = http.create(member_body(account, client_member_id="0"))
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 1)
    build_services.cache_clear()

    def fail(params: dict[str, Any], **_: Any) -> Any:
        return throttle() if b"MEMBER_HASHES" in params["body"] else None

    with replaced_calls("GetItem", fail):
        for path in (f"/members/{member['id']}", f"/members?account_id={account}"):
            http.get(path).problem(503, "busy")
        http.send("POST", "/members", member_body(account, client_member_id="1")).problem(503, "busy")
    assert http.get("/members", {"account_id": account}).ok()["items"] == [member]


def test_failed_authorizer_quotes_no_credentials(http: Http) -> None:
    """Lambda logs what a function raises, with its message."""

    def fail(**call: Any) -> None:
        raise ValueError(f"Lastsentinel {call['params']}")

    event = {
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:us-east-1:1:a/api/GET/me",
        "headers": {"Authorization": http.credentials["Authorization"]},
        "requestContext": {"identity": {"sourceIp": "192.0.2.1"}},
    }
    with replaced_calls("BatchGetItem", fail), pytest.raises(RuntimeError) as failed:
        Functions().invoke("authorize", event)
    text = "".join(traceback.format_exception(failed.value))
    assert re.search(r"RuntimeError: ValueError at authorizer\.py:\d+ ", text)
    assert "Lastsentinel" not in text


def subjects(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """Returns what the log says that the last request was about."""
    found = vars(caplog.records[-1])
    assert found["msg"] == "request"
    return {name: found[name] for name in ("about", "import_id", "export_id", "members") if name in found}


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Captures all log lines of the test, ours at every level."""
    for library in ("boto3", "botocore", "urllib3"):  # no function sets these to DEBUG
        caplog.set_level(logging.WARNING, library)
    caplog.set_level(logging.DEBUG)
    return caplog


def test_logs_contain_callers_but_no_secrets(
    http: Http, account: str, logged: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    name, token_name = unique_name(), unique_name()
    new = {"name": name, "password": PASSWORD, "groups": ["admins"]}
    http.send("POST", "/users", new).ok(201)
    user = http.basic(name, PASSWORD)
    text = user.send("POST", "/tokens", {"name": token_name, "groups": ["editors"]}).ok(201)["token"]
    session = user.request("POST", "/sessions").ok(201)["token"]
    http.bearer(text).create(member_body(account, client_member_id="very-own-id", phone_number="3235557788"))
    http.bearer(session).send("PATCH", f"/users/{name}", {"password": "another horse battery"}).ok()
    http.basic(name, "a wrong horse battery").get("/me").problem(401, "unauthorized")
    http.send("POST", "/users", {"name": name, "password": "too short"}).problem(422, "invalid")
    http.bearer(text + "x").get("/me").problem(401, "unauthorized")

    output = "".join(str(vars(record)) for record in logged.records) + "".join(capsys.readouterr())
    assert f"token:{token_name}" in output
    assert f"user:{name}" in output
    assert f"'about': '{name}'" in output
    assert f"'user': '{name}'" in output  # the user whose password was wrong
    for secret in (PASSWORD, "another horse", "wrong horse", "too short", text, session, "Basic ", "Bearer "):
        assert secret not in output
    for part in (text, session):
        assert part.partition(".")[2] not in output
    for personal in ("3235557788", "very-own-id", '"Ralph"', '"Mouse"'):
        assert personal not in output
