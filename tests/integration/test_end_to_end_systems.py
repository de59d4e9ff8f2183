"""What other systems ask of the deployed stack: exports, batches, imports to wait for. Roles are enforced."""

import gzip
import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.deploy import deploy
from infra.emulator import started
from tests.support.exports import new_export
from tests.support.stack import TIMEOUT, Stack

ACCOUNT = "exported"
HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"
COUNT = 300
NAMES = {"first_name": "Ann", "last_name": "Lee"}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Yield the deployed stack, with members."""
    with started(enforce_iam=True) as emulator:
        stack = Stack(deploy("local", emulator.endpoint), emulator)
        # It denies requests without TLS, which the emulator does not have.
        stack.client("s3").delete_bucket_policy(Bucket=stack.outputs["BucketName"])
        stack.add_token("tests", "admins")
        rows = (f"Ann,Lee{n},{3235550000 + n},{n},{ACCOUNT}\n" for n in range(COUNT))
        stack.put_object("drops/members.csv", (HEADER + "".join(rows)).encode())
        assert stack.ended_import("drops/members.csv")["counts"]["created"] == COUNT
        yield stack


def ended_export(stack: Stack, export_id: str) -> dict[str, Any]:
    """Return an export when it has ended."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        status, _, export = stack.call("GET", f"/exports/{export_id}")
        if status == 200 and export["finished_at"]:
            return dict(export)
        time.sleep(0.2)
    raise AssertionError(f"the export {export_id} has not ended: {export}")


def test_exported_account_is_imported_again_without_changes(stack: Stack) -> None:
    body = json.dumps({"account_id": ACCOUNT, "format": "csv.gz"}).encode()
    status, headers, begun = stack.call("POST", "/exports", body, Content_Type="application/json")
    assert (status, begun["rows"]) == (202, 0)
    assert headers["Location"].endswith(f"/exports/{begun['id']}")

    done = ended_export(stack, begun["id"])
    assert (done["status"], done["rows"], done["error"]) == ("completed", COUNT, None)
    with urllib.request.urlopen(done["url"]) as file:
        packed = file.read()
    assert len(packed) == done["size"]
    assert len(gzip.decompress(packed).splitlines()) == COUNT + 1

    stack.put_object("drops/upsert/again.csv.gz", packed)
    again = stack.ended_import("drops/upsert/again.csv.gz")
    assert again["counts"]["rows"] == again["counts"]["unchanged"] == COUNT


def test_export_in_the_dead_letter_queue_fails(stack: Stack) -> None:
    record = new_export(ACCOUNT)
    message = json.dumps({"export": record.model_dump_json()})
    stack.client("sqs").send_message(QueueUrl=stack.outputs["DeadQueueUrl"], MessageBody=message)
    assert ended_export(stack, record.id)["error"]["code"] == "export_failed"


def test_repeated_batch_takes_effect_once(stack: Stack) -> None:
    sent = {"Content_Type": "application/json", "Idempotency_Key": "one-batch"}
    members = [
        {"account_id": "batch", "client_member_id": n, "phone_number": 3235560000 + n, **NAMES}
        for n in range(60)
    ]
    body = json.dumps({"members": members}).encode()
    status, first_headers, first = stack.call("POST", "/members/batch", body, **sent)
    assert (status, {item["status"] for item in first["items"]}) == (200, {201})
    status, headers, again = stack.call("POST", "/members/batch", body, **sent)
    assert (status, again, headers["Idempotency-Replayed"]) == (200, first, "true")
    assert headers["X-Request-Id"] != first_headers["X-Request-Id"]
    _, headers, page = stack.call(
        "GET", "/members?account_id=batch&modified_since=2026-01-01T00:00:00Z&limit=50"
    )
    assert len(page["items"]) == 50
    # On AWS the stage is the start of the path; the emulator's own URLs have more before it.
    assert headers["Link"].startswith(f"<http://{urlsplit(stack.outputs['ApiUrl']).netloc}/api/members?")


def test_caller_waits_for_an_import(stack: Stack) -> None:
    rows = "".join(f"Ann,Lee{n},{3235570000 + n},{n},waiting\n" for n in range(50))
    path, body = "/imports?account_id=waiting", (HEADER + rows).encode()
    status, headers, shown = stack.call("POST", path, body, Content_Type="text/csv", Idempotency_Key="a-file")
    assert (status, shown["status"], headers["Retry-After"]) == (202, "splitting", "1")
    assert stack.call("POST", path, body, Content_Type="text/csv", Idempotency_Key="a-file")[2] == shown
    headers, shown = waited(stack, shown)
    assert (shown["status"], shown["counts"]["created"]) == ("completed", 50)
    assert stack.call("GET", f"/imports/{shown['id']}", If_None_Match=headers["ETag"])[0] == 304

    status, _, undone = stack.call("POST", f"/imports/{shown['id']}/undo")
    assert status == 202
    _, undone = waited(stack, undone)
    assert (undone["status"], undone["counts"]["deleted"]) == ("completed", 50)


def waited(stack: Stack, shown: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the headers and the body of the response about an import when it has ended."""
    headers, deadline = None, time.monotonic() + TIMEOUT
    while not shown["finished_at"] and time.monotonic() < deadline:
        _, headers, shown = stack.call("GET", f"/imports/{shown['id']}?wait=20")
    return headers, shown


def test_emulator_decodes_paths_once_more_than_aws(stack: Stack) -> None:
    """API Gateway passes values of paths as they were sent (docs/security.md): there the path finds the id `%41`."""
    ids = ("A", "%41")
    for number, name in enumerate(ids):
        body = {"account_id": "paths", "client_member_id": name, "phone_number": 3235580000 + number, **NAMES}
        created = stack.call("POST", "/members", json.dumps(body).encode(), Content_Type="application/json")
        assert created[0] == 201
    found = stack.call("GET", "/accounts/paths/members/%2541")[2]
    assert found["client_member_id"] == "A"
