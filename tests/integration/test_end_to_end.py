"""The deployed stack on the emulator: HTTP through the gateway, files through the bucket."""

import base64
import io
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import boto3
import pytest

from chalicelib.access.model import NewUser
from chalicelib.clock import now
from chalicelib.dynamodb.table import Table
from chalicelib.imports.records.import_ids import new_import_id
from chalicelib.imports.records.model import ImportRecord, Source
from chalicelib.imports.records.repository import ImportRepository
from infra.deploy import deploy
from infra.emulator import Emulator, started
from infra.project import PROJECT
from tests.support.api import etag_of
from tests.support.stack import TIMEOUT, Stack
from tests.support.template import FUNCTIONS
from tools.roster import Roster

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """Yield an emulator that enforces the functions' roles."""
    with started(enforce_iam=True) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def stack(emulator: Emulator) -> Stack:
    """Return the deployed stack."""
    # Their user has a cheap hash: more passwords are checked in a second than a deployment allows.
    stack = Stack(deploy("local", emulator.endpoint, ["LoginsPerSecond=1000"]), emulator)
    # It denies requests without TLS, which the emulator does not have.
    stack.client("s3").delete_bucket_policy(Bucket=stack.outputs["BucketName"])
    stack.put_gateway_responses()
    stack.services.users.create(NewUser(name="ann", password=PASSWORD, groups=["viewers"]))
    stack.add_token("tests", "admins")
    stack.add_token("other", "viewers")
    # Revoked when the gateway has cached it, which is for a minute: the other tests run meanwhile.
    stack.add_token("revoked", "viewers")
    assert stack.call("GET", "/me", Authorization=f"Bearer {stack.tokens['revoked']}")[0] == 200
    stack.services.tokens.revoke("revoked")
    return stack


def test_requests_of_the_old_app_work_through_the_gateway(stack: Stack) -> None:
    form = {
        "first_name": "Ralph",
        "last_name": "Mouse",
        "account_id": "gateway",
        "phone_number": "3235551234",
        "client_member_id": "a b/c+d",
    }
    kind = {"Content_Type": "application/x-www-form-urlencoded"}

    status, headers, member = stack.call("POST", "/members/", urlencode(form).encode(), **kind)
    etag = headers["ETag"]
    assert (status, member["phone_number"], etag) == (201, "+13235551234", etag_of(member))
    assert headers["Location"].endswith(f"/members/{member['id']}")

    status, headers, problem = stack.call("POST", "/members/", urlencode(form).encode(), **kind)
    assert (status, headers["Content-Type"]) == (409, "application/problem+json")
    assert {error["member"]["id"] for error in problem["errors"]} == {member["id"]}
    assert problem["request_id"]

    for query in (
        "/member?account_id=gateway",
        "/members/?phone_number=%28323%29%20555-1234&account_id=gateway",
    ):
        assert stack.call("GET", query)[2]["items"] == [member]
    assert stack.call("GET", f"/members/{member['id']}")[2] == member
    assert stack.call("GET", f"/members/{member['id']}/", If_None_Match=etag)[0] == 304
    status, headers, text = stack.call("HEAD", f"/members/{member['id']}")
    assert (status, headers["ETag"], headers["Content-Type"], text) == (200, etag, "application/json", "")

    patch = json.dumps({"client_member_id": "Zoë 7"}).encode()
    kind = {"Content_Type": "application/json", "If_Match": etag}
    status, headers, moved = stack.call("PATCH", f"/members/{member['id']}", patch, **kind)
    assert (status, moved["version"]) == (200, 2)
    assert stack.call("GET", "/accounts/gateway/members/Zo%C3%AB%207")[2] == moved
    assert stack.call("DELETE", headers["Location"].removeprefix("/api"))[0] == 204
    assert stack.call("GET", f"/members/{moved['id']}")[0] == 404


def test_public_routes_work_behind_the_stage_of_the_gateway(stack: Stack) -> None:
    for accept, place in (("text/html", "/api/admin"), ("*/*", "/api/openapi.json")):
        status, headers, _ = stack.call("GET", "/", Authorization="", Accept=accept)
        assert (status, headers["Location"]) == (303, place)
    assert stack.call("GET", "/health", Authorization="")[2] == {"status": "ok"}
    status, headers, text = stack.call("GET", "/docs", Authorization="")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert 'href="/api/openapi.json"' in text


def test_gateway_accepts_password_token_and_session(stack: Stack) -> None:
    """It caches the authorizer's result of a header for all routes."""
    password = "Basic " + base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
    other = f"Bearer {stack.tokens['other']}"
    for wrong in ("", "Bearer rollcall_VE9LRU5TL25vYm9keQ.x", "Basic bm8=", "nonsense"):
        status, headers, problem = stack.call("GET", "/members", Authorization=wrong)
        assert (status, problem["code"]) == (401, "unauthorized")
        assert headers["WWW-Authenticate"].startswith("Basic ")
        assert headers["Content-Type"] == "application/problem+json"
    for known in (password, other):
        assert stack.call("GET", "/members?limit=1", Authorization=known)[0] == 200
        status, _, problem = stack.call("POST", "/members", b"{}", Authorization=known)
        assert (status, problem["code"]) == (403, "forbidden")
    assert stack.call("GET", "/me", Authorization=password)[2]["name"] == "ann"
    status, _, session = stack.call("POST", "/sessions", Authorization=password)
    assert status == 201
    assert stack.call("GET", "/me", Authorization=f"Bearer {session['token']}")[2]["name"] == "ann"


def test_wrong_passwords_from_one_address_do_not_block_another(stack: Stack) -> None:
    def basic(password: str) -> str:
        return "Basic " + base64.b64encode(f"ann:{password}".encode()).decode()

    guesses = [
        stack.call("GET", "/me", Authorization=basic(f"wrong {n}"), X_Forwarded_For="192.0.2.7")
        for n in range(6)
    ]
    assert [status for status, _, _ in guesses] == [401] * 5 + [429]
    assert int(guesses[-1][1]["Retry-After"]) > 0
    right = basic(PASSWORD).replace("Basic", "basic")  # a header that the gateway has not cached
    assert stack.call("GET", "/me", Authorization=right, X_Forwarded_For="192.0.2.8")[0] == 200


def test_bad_requests_get_problem_documents_through_the_gateway(stack: Stack) -> None:
    for method, path, body, expected in [
        ("POST", "/members", b"{", 400),
        ("POST", "/members", b"{}", 422),
        ("PUT", "/members", b"{}", 405),
        ("GET", "/members?limit=501", None, 400),
        ("GET", "/members/nobody", None, 404),
        ("GET", "/nothing/here", None, 404),
        ("POST", "/nothing/here", b"{}", 404),
    ]:
        status, headers, problem = stack.call(method, path, body, Content_Type="application/json")
        assert (status, problem["status"]) == (expected, expected)
        assert headers["Content-Type"] == "application/problem+json"


def test_dropped_roster_is_imported_and_again_unchanged(stack: Stack) -> None:
    roster = Roster(2000, bad=0.05, seed=7)
    text = io.StringIO()
    roster.write(text)
    key = "drops/my roster+1 ünï.csv"

    stack.put_object(key, text.getvalue().encode())
    first = stack.ended_import(key)
    assert first["status"] == "completed"
    assert first["counts"] == roster.expected["counts"]
    assert stack.call("GET", f"/imports/{first['id']}")[2] == first

    status, headers, _ = stack.call("GET", f"/imports/{first['id']}/rejected")
    assert status == 303
    with urllib.request.urlopen(headers["Location"]) as file:
        lines = file.read().decode("utf-8-sig").splitlines()
    assert lines[0] == "id,first_name,last_name,phone_number,client_member_id,account_id,line,code,reason"
    assert len(lines) - 1 == len(roster.rejected)
    members = stack.call("GET", "/members?account_id=7-0&limit=500")[2]["items"]

    stack.put_object(key.replace("my", "again my"), text.getvalue().encode())
    again = stack.ended_import(key.replace("my", "again my"))
    counts = roster.expected["counts"]
    assert isinstance(counts, dict)
    assert again["counts"] == {**counts, "created": 0, "unchanged": counts["created"]}
    assert stack.call("GET", "/members?account_id=7-0&limit=500")[2]["items"] == members


def test_roster_in_the_request_body_keeps_its_bytes(stack: Stack) -> None:
    """The gateway decodes bodies as UTF-8, unless their media type is declared binary."""
    text = "First Name,Last Name,Phone,Member ID\nZoë,Müller,3235550001,1\n"
    status, headers, started_import = stack.call(
        "POST",
        "/imports?account_id=body&mode=upsert",
        text.encode("windows-1252"),
        Content_Type="text/csv; charset=windows-1252",
    )
    assert status == 202
    assert headers["Location"].endswith(f"/imports/{started_import['id']}")
    assert stack.ended_import(started_import["source"]["key"])["counts"]["created"] == 1
    [member] = stack.call("GET", "/members?account_id=body")[2]["items"]
    assert (member["first_name"], member["last_name"]) == ("Zoë", "Müller")


def test_command_imports_a_large_file_and_writes_rejected_rows(stack: Stack, tmp_path: Path) -> None:
    """10 MB are uploaded in parts, for which S3 sends another kind of event."""
    path = tmp_path / "command.csv"
    note = "x" * 60_000
    rows = [f"Ann,Lee,{3235550000 + i},{i},command,{note}\n" for i in range(170)]
    path.write_text(
        f"first_name,last_name,phone_number,client_member_id,account_id,note\n{''.join(rows)}Ann,Lee,12,x,command,\n"
    )
    done = subprocess.run(
        [sys.executable, "rollcall.py", "import", str(path)],
        cwd=PROJECT,
        env=stack.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert ": 170 created, 1 rejected\n" in done.stdout
    assert ",172,phone_not_possible," in (tmp_path / "command.csv.rejected.csv").read_text()


def test_step_in_the_dead_letter_queue_ends_its_import(stack: Stack) -> None:
    """Its rows are rejected, and its report is written."""
    source = Source(bucket=stack.outputs["BucketName"], key="drops/account=dead/x.csv")
    record = ImportRecord(
        id=new_import_id(),
        status="splitting",
        mode="create",
        source=source,
        created_at=now(),
        started_at=now(),
        account_id="dead",
        columns=["first_name", "last_name", "phone_number", "client_member_id"],
        chunks=1,
        folder="dead",
    )
    repository = ImportRepository(Table(stack.client("dynamodb"), stack.outputs["TableName"]))
    repository.add(record)
    assert repository.transition(
        record.model_copy(update={"status": "loading", "stage": "load"}), "splitting"
    )
    body = f"{','.join(record.columns)}\nAnn,Lee,3235550001,1\n".encode()
    stack.put_object("chunks/dead/00000.csv", body, line="1")

    message = json.dumps({"import": record.id, "stage": "load", "number": 0})
    stack.client("sqs").send_message(QueueUrl=stack.outputs["DeadQueueUrl"], MessageBody=message)

    done = stack.ended_import(source.key)
    assert done["status"] == "completed"
    assert done["counts"] == {**dict.fromkeys(done["counts"], 0), "rows": 1, "rejected": 1}


def test_revoked_token_is_refused_after_the_gateway_cache_expires(stack: Stack) -> None:
    revoked = f"Bearer {stack.tokens['revoked']}"
    deadline = time.monotonic() + TIMEOUT
    while stack.call("GET", "/me", Authorization=revoked)[0] == 200:
        assert time.monotonic() < deadline
        time.sleep(1)
    assert stack.call("GET", "/me", Authorization=revoked)[2]["code"] == "unauthorized"


def test_logs_contain_no_secret_and_no_member(stack: Stack) -> None:
    logs = stack.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    pages = [
        page
        for group in groups
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    ]
    logged = "".join(event["message"] for page in pages for event in page["events"])
    for function in FUNCTIONS:
        assert any(function in group for group in groups)
    assert '"caller":"token:tests"' in logged.replace(" ", "")
    assert "user:ann" in logged
    secrets = [text.partition(".")[2] for text in stack.tokens.values()]
    names = ("Ralph", "Mouse", "Müller")
    for word in (PASSWORD, *secrets, "Basic ", "Bearer ", "3235551234", "3235550001", *names):
        assert word not in logged


def test_second_deployment_changes_nothing_and_deletion_leaves_nothing(stack: Stack) -> None:
    cloudformation = stack.client("cloudformation")
    before = cloudformation.describe_stacks(StackName="rollcall-local")["Stacks"][0]
    assert deploy("local", stack.environment["AWS_ENDPOINT_URL"]) == stack.outputs
    after = cloudformation.describe_stacks(StackName="rollcall-local")["Stacks"][0]
    assert after.get("LastUpdatedTime") == before.get("LastUpdatedTime")

    session = boto3.Session("test", "test", region_name="us-east-1")
    s3 = session.resource("s3", endpoint_url=stack.environment["AWS_ENDPOINT_URL"])
    s3.Bucket(stack.outputs["BucketName"]).object_versions.delete()
    cloudformation.delete_stack(StackName="rollcall-local")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="rollcall-local", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    assert stack.client("dynamodb").list_tables()["TableNames"] == []
    assert stack.client("lambda").list_functions()["Functions"] == []
    assert not stack.client("sqs").list_queues().get("QueueUrls")
