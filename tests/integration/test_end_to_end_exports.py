"""Exports of the deployed stack on the emulator, which enforces the functions' roles."""

import gzip
import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from infra.deploy import deploy
from infra.emulator import started
from tests.support.exports import new_export
from tests.support.stack import TIMEOUT, Stack

ACCOUNT = "exported"
HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"
COUNT = 300


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
