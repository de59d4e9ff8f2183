"""The whole stack, deployed: HTTP through the gateway, a file through the bucket, all on the emulator."""

import base64
import io
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest

from chalicelib.access.model import NewToken, NewUser
from chalicelib.clock import now
from chalicelib.config import Settings
from chalicelib.dynamodb.table import Table
from chalicelib.imports.model import ImportRecord, Source, new_import_id
from chalicelib.imports.repository import ImportRepository
from chalicelib.members.model import Member
from chalicelib.services import Services
from infra.deploy import deploy
from infra.emulator import Emulator, started
from infra.package import PROJECT, source_template
from tools.roster import Roster

PASSWORD = "correct horse battery"
PATIENCE = 120.0  # seconds until an import that does not end is a failure


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An emulator of the stack's own, which holds each function to its role."""
    with started(enforce_iam=True) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def stack(emulator: Emulator, aws: boto3.Session) -> dict[str, str]:
    """The outputs of the deployed stack."""
    outputs = deploy("local", emulator.endpoint)
    # It allows TLS only, which there is none of here.
    aws.client("s3", endpoint_url=emulator.endpoint).delete_bucket_policy(Bucket=outputs["BucketName"])
    give_gateway_responses(outputs["RestAPIId"], aws.client("apigateway", endpoint_url=emulator.endpoint))
    services = services_of(outputs, emulator, aws)
    services.users.create(NewUser(name="ann", password=PASSWORD, groups=["viewers"]))
    for name, group in (("tests", "admins"), ("other", "viewers")):
        token = services.tokens.create(NewToken(name=name, groups=[group]))
        outputs[f"{name} token"] = token.text
    return outputs


def give_gateway_responses(api_id: str, gateway: Any) -> None:
    """Gives the API the gateway's own answers: the emulator does not read them from the definition, as AWS does."""
    for kind, response in source_template()["Resources"]["RestAPI"]["Properties"]["GatewayResponses"].items():
        headers = response["ResponseParameters"]["Headers"]
        gateway.put_gateway_response(
            restApiId=api_id,
            responseType=kind,
            statusCode=str(response["StatusCode"]),
            responseParameters={f"gatewayresponse.header.{name}": value for name, value in headers.items()},
            responseTemplates=response["ResponseTemplates"],
        )
    gateway.create_deployment(restApiId=api_id, stageName="api")


def services_of(stack: dict[str, str], emulator: Emulator, aws: boto3.Session) -> Services:
    """Returns the services over the stack's table."""
    settings = Settings(table_name=stack["TableName"], bucket_name="", load_queue_url="")
    return Services(settings, lambda service: aws.client(service, endpoint_url=emulator.endpoint))


@pytest.fixture(scope="module")
def aws(emulator: Emulator) -> boto3.Session:
    return boto3.Session("test", "test", region_name="us-east-1")


def call(stack: dict[str, str], method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
    """(status, headers, JSON) of a request through the gateway."""
    named = {"Authorization": f"Bearer {stack['tests token']}"}
    named |= {name.replace("_", "-"): value for name, value in headers.items() if value}
    if headers.get("Authorization") == "":
        del named["Authorization"]
    request = urllib.request.Request(stack["ApiUrl"] + path, body, named, method=method)
    try:
        answer = urllib.request.build_opener(_NoRedirect).open(request)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        text = answer.read()
        is_json = "json" in answer.headers.get("Content-Type", "")
        return answer.status, answer.headers, json.loads(text) if is_json and text else text.decode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def ended(stack: dict[str, str], key: str) -> dict[str, Any]:
    """The newest import of this key, once it has ended."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        _, _, page = call(stack, "GET", "/imports")
        found: list[dict[str, Any]] = [one for one in page["items"] if one["source"]["key"] == key]
        if found and found[0]["finished_at"]:
            return found[0]
        time.sleep(0.2)
    raise AssertionError(f"the import of {key} has not ended: {page}")


def test_the_old_apps_line_works_through_the_gateway(stack: dict[str, str]) -> None:
    form = {
        "first_name": "Ralph",
        "last_name": "Mouse",
        "account_id": "gateway",
        "phone_number": "3235551234",
        "client_member_id": "a b/c+d",
    }
    kind = {"Content_Type": "application/x-www-form-urlencoded"}

    status, headers, member = call(stack, "POST", "/members/", urlencode(form).encode(), **kind)
    etag = headers["ETag"]
    assert (status, member["phone_number"], etag) == (201, "+13235551234", Member(**member).etag)
    assert headers["Location"].endswith(f"/members/{member['id']}")

    status, headers, problem = call(stack, "POST", "/members/", urlencode(form).encode(), **kind)
    assert (status, headers["Content-Type"]) == (409, "application/problem+json")
    assert {error["member"]["id"] for error in problem["errors"]} == {member["id"]}
    assert problem["request_id"]

    for query in (
        "/member?account_id=gateway",
        "/members/?phone_number=%28323%29%20555-1234&account_id=gateway",
    ):
        assert call(stack, "GET", query)[2]["items"] == [member]
    assert call(stack, "GET", f"/members/{member['id']}")[2] == member
    assert call(stack, "GET", f"/members/{member['id']}/", If_None_Match=etag)[0] == 304
    status, headers, text = call(stack, "HEAD", f"/members/{member['id']}")
    assert (status, headers["ETag"], headers["Content-Type"], text) == (200, etag, "application/json", "")

    patch = json.dumps({"client_member_id": "Zoë 7"}).encode()
    kind = {"Content_Type": "application/json", "If_Match": etag}
    status, headers, moved = call(stack, "PATCH", f"/members/{member['id']}", patch, **kind)
    assert (status, moved["version"]) == (200, 2)
    assert call(stack, "GET", "/accounts/gateway/members/Zo%C3%AB%207")[2] == moved
    assert call(stack, "DELETE", headers["Location"].removeprefix("/api"))[0] == 204
    assert call(stack, "GET", f"/members/{moved['id']}")[0] == 404


def test_the_gateway_lets_in_who_has_credentials(stack: dict[str, str]) -> None:
    """And keeps each answer for all routes of whoever sent the same header."""
    password = "Basic " + base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
    other = f"Bearer {stack['other token']}"
    for wrong in ("", "Bearer rollcall_VE9LRU5TL25vYm9keQ.x", "Basic bm8=", "nonsense"):
        status, headers, problem = call(stack, "GET", "/members", Authorization=wrong)
        assert (status, problem["code"]) == (401, "unauthorized")
        assert headers["WWW-Authenticate"].startswith("Basic ")
        assert headers["Content-Type"] == "application/problem+json"
    for known in (password, other):
        assert call(stack, "GET", "/members?limit=1", Authorization=known)[0] == 200
        status, _, problem = call(stack, "POST", "/members", b"{}", Authorization=known)
        assert (status, problem["code"]) == (403, "forbidden")
    assert call(stack, "GET", "/me", Authorization=password)[2]["name"] == "ann"
    status, _, session = call(stack, "POST", "/sessions", Authorization=password)
    assert status == 201
    assert call(stack, "GET", "/me", Authorization=f"Bearer {session['token']}")[2]["name"] == "ann"


def test_who_guesses_from_elsewhere_keeps_nobody_out_at_the_gateway(stack: dict[str, str]) -> None:
    def basic(password: str) -> str:
        return "Basic " + base64.b64encode(f"ann:{password}".encode()).decode()

    guesses = [
        call(stack, "GET", "/me", Authorization=basic(f"wrong {n}"), X_Forwarded_For="192.0.2.7")
        for n in range(6)
    ]
    assert [status for status, _, _ in guesses] == [401] * 5 + [429]
    assert int(guesses[-1][1]["Retry-After"]) > 0
    right = basic(PASSWORD).replace("Basic", "basic")  # which the gateway has no answer for yet
    assert call(stack, "GET", "/me", Authorization=right, X_Forwarded_For="192.0.2.8")[0] == 200


def test_what_is_revoked_is_refused_once_the_gateway_has_forgotten_it(
    stack: dict[str, str], emulator: Emulator, aws: boto3.Session
) -> None:
    other = f"Bearer {stack['other token']}"
    services_of(stack, emulator, aws).tokens.revoke("other")
    deadline = time.monotonic() + PATIENCE
    while call(stack, "GET", "/me", Authorization=other)[0] == 200:
        assert time.monotonic() < deadline
        time.sleep(1)
    assert call(stack, "GET", "/me", Authorization=other)[2]["code"] == "unauthorized"


def test_bad_requests_are_problems_behind_the_gateway_too(stack: dict[str, str]) -> None:
    for method, path, body, expected in [
        ("POST", "/members", b"{", 400),
        ("POST", "/members", b"{}", 422),
        ("PUT", "/members", b"{}", 405),
        ("GET", "/members?limit=501", None, 400),
        ("GET", "/members/nobody", None, 404),
        ("GET", "/nothing/here", None, 404),
        ("POST", "/nothing/here", b"{}", 404),
    ]:
        status, headers, problem = call(stack, method, path, body, Content_Type="application/json")
        assert (status, problem["status"]) == (expected, expected)
        assert headers["Content-Type"] == "application/problem+json"


def test_a_dropped_roster_is_imported_and_dropping_it_again_changes_nothing(
    stack: dict[str, str], emulator: Emulator, aws: boto3.Session
) -> None:
    roster = Roster(2000, bad=0.05, seed=7)
    text = io.StringIO()
    roster.write(text)
    s3 = aws.client("s3", endpoint_url=emulator.endpoint)
    key = "drops/my roster+1 ünï.csv"

    s3.put_object(Bucket=stack["BucketName"], Key=key, Body=text.getvalue().encode())
    first = ended(stack, key)
    assert first["status"] == "completed"
    assert first["counts"] == roster.expected["counts"]
    assert call(stack, "GET", f"/imports/{first['id']}")[2] == first

    status, headers, _ = call(stack, "GET", f"/imports/{first['id']}/rejected")
    assert status == 303
    with urllib.request.urlopen(headers["Location"]) as file:
        lines = file.read().decode("utf-8-sig").splitlines()
    assert lines[0] == "id,first_name,last_name,phone_number,client_member_id,account_id,line,code,reason"
    assert len(lines) - 1 == len(roster.rejected)
    members = call(stack, "GET", "/members?account_id=7-0&limit=500")[2]["items"]

    s3.put_object(
        Bucket=stack["BucketName"], Key=key.replace("my", "again my"), Body=text.getvalue().encode()
    )
    again = ended(stack, key.replace("my", "again my"))
    counts = roster.expected["counts"]
    assert isinstance(counts, dict)
    assert again["counts"] == {**counts, "created": 0, "unchanged": counts["created"]}
    assert call(stack, "GET", "/members?account_id=7-0&limit=500")[2]["items"] == members


def test_a_roster_in_the_body_keeps_its_bytes(stack: dict[str, str]) -> None:
    """The gateway hands text over as UTF-8 unless it is told that the type is binary."""
    text = "First Name,Last Name,Phone,Member ID\nZoë,Müller,3235550001,1\n"
    status, headers, started_import = call(
        stack,
        "POST",
        "/imports?account_id=body&mode=upsert",
        text.encode("windows-1252"),
        Content_Type="text/csv; charset=windows-1252",
    )
    assert status == 202
    assert headers["Location"].endswith(f"/imports/{started_import['id']}")
    assert ended(stack, started_import["source"]["key"])["counts"]["created"] == 1
    [member] = call(stack, "GET", "/members?account_id=body")[2]["items"]
    assert (member["first_name"], member["last_name"]) == ("Zoë", "Müller")


def test_the_command_imports_a_file_and_brings_back_what_was_rejected(
    stack: dict[str, str], emulator: Emulator, tmp_path: Path
) -> None:
    """10 MB, which go up in parts: what S3 says of those is another event."""
    path = tmp_path / "command.csv"
    note = "x" * 60_000
    rows = [f"Ann,Lee,{3235550000 + i},{i},command,{note}\n" for i in range(170)]
    path.write_text(
        f"first_name,last_name,phone_number,client_member_id,account_id,note\n{''.join(rows)}Ann,Lee,12,x,command,\n"
    )
    done = subprocess.run(
        [sys.executable, "rollcall.py", "import", str(path)],
        cwd=PROJECT,
        env=emulator.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert ": 170 created, 1 rejected\n" in done.stdout
    assert ",172,phone_not_possible," in (tmp_path / "command.csv.rejected.csv").read_text()


def test_a_step_in_the_dead_letter_queue_still_closes_its_import(
    stack: dict[str, str], emulator: Emulator, aws: boto3.Session
) -> None:
    """An import whose first step was given up: its rows are rejected, and it goes on to its report."""
    s3 = aws.client("s3", endpoint_url=emulator.endpoint)
    sqs = aws.client("sqs", endpoint_url=emulator.endpoint)
    dynamodb = aws.client("dynamodb", endpoint_url=emulator.endpoint)
    source = Source(bucket=stack["BucketName"], key="drops/account=dead/x.csv")
    record = ImportRecord(
        id=new_import_id(),
        status="loading",
        mode="create",
        source=source,
        created_at=now(),
        started_at=now(),
        account_id="dead",
        columns=["first_name", "last_name", "phone_number", "client_member_id"],
        chunks=1,
        folder="dead",
    )
    ImportRepository(Table(dynamodb, stack["TableName"])).add(record)
    body = f"{','.join(record.columns)}\nAnn,Lee,3235550001,1\n".encode()
    s3.put_object(Bucket=stack["BucketName"], Key="chunks/dead/00000.csv", Body=body, Metadata={"line": "1"})

    sqs.send_message(QueueUrl=stack["DeadQueueUrl"], MessageBody=json.dumps({"import": record.id, "step": 0}))

    done = ended(stack, source.key)
    assert done["status"] == "completed"
    assert done["counts"] == {"rows": 1, "created": 0, "updated": 0, "unchanged": 0, "rejected": 1}


def test_the_logs_of_all_this_hold_no_secret_and_no_member(
    stack: dict[str, str], emulator: Emulator, aws: boto3.Session
) -> None:
    logs = aws.client("logs", endpoint_url=emulator.endpoint)
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    pages = [
        page
        for group in groups
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    ]
    said = "".join(event["message"] for page in pages for event in page["events"])
    for function in ("APIHandler", "Authorize", "Split", "Load", "SettleDeadLetters"):
        assert any(function in group for group in groups)
    assert '"caller":"token:tests"' in said.replace(" ", "")
    assert "user:ann" in said
    secrets = [text.partition(".")[2] for name, text in stack.items() if name.endswith("token")]
    for word in (
        PASSWORD,
        *secrets,
        "Basic ",
        "Bearer ",
        "3235551234",
        "3235550001",
        "Ralph",
        "Mouse",
        "Müller",
    ):
        assert word not in said


def test_deploying_again_changes_nothing_and_deleting_leaves_nothing(
    stack: dict[str, str], emulator: Emulator, aws: boto3.Session
) -> None:
    cloudformation = aws.client("cloudformation", endpoint_url=emulator.endpoint)
    before = cloudformation.describe_stacks(StackName="rollcall-local")["Stacks"][0]
    assert deploy("local", emulator.endpoint).items() <= stack.items()
    after = cloudformation.describe_stacks(StackName="rollcall-local")["Stacks"][0]
    assert after.get("LastUpdatedTime") == before.get("LastUpdatedTime")

    bucket = aws.resource("s3", endpoint_url=emulator.endpoint).Bucket(stack["BucketName"])
    bucket.object_versions.delete()
    cloudformation.delete_stack(StackName="rollcall-local")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="rollcall-local", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    assert aws.client("dynamodb", endpoint_url=emulator.endpoint).list_tables()["TableNames"] == []
    assert aws.client("lambda", endpoint_url=emulator.endpoint).list_functions()["Functions"] == []
    assert not aws.client("sqs", endpoint_url=emulator.endpoint).list_queues().get("QueueUrls")
