"""Uses the client that openapi-python-client has made: creates and finds a member, imports a file."""

import datetime as dt
import json
import os
import time

import httpx
from rollcall_client import AuthenticatedClient
from rollcall_client.api.imports import get_import, get_report, list_rejected, start_import
from rollcall_client.api.members import create_member, find_members, put_account_member, write_members
from rollcall_client.models import (
    AccountMember,
    BatchItems,
    ImportJob,
    Member,
    MemberPage,
    NewBatch,
    NewBatchMode,
    NewImport,
    NewMember,
    PendingImport,
    Problem,
    RejectedPage,
    Report,
    UpsertedMember,
)
from rollcall_client.types import File

ACCOUNT, ROSTER = os.environ["ACCOUNT"], os.environ["ROSTER"]


def ended(client: AuthenticatedClient, import_id: str) -> ImportJob:
    """Returns an import when it has ended."""
    while True:
        job = get_import.sync(import_id, client=client)
        assert isinstance(job, ImportJob), job
        if isinstance(job.finished_at, dt.datetime):
            return job
        time.sleep(0.2)


def main() -> None:
    """Prints what it has found, as JSON."""
    client = AuthenticatedClient(base_url=os.environ["URL"], token=os.environ["TOKEN"])
    ralph = {"first_name": "Ralph", "last_name": "Mouse", "phone_number": "(323) 555-1234"}
    new = NewMember(account_id=ACCOUNT, client_member_id="42", **ralph)
    created = create_member.sync(client=client, body=new)
    assert isinstance(created, Member), created
    assert isinstance(created.created_at, dt.datetime)
    taken = create_member.sync(client=client, body=new)
    assert isinstance(taken, Problem), taken
    kept = put_account_member.sync(ACCOUNT, "42", client=client, body=AccountMember(**ralph))
    assert isinstance(kept, Member), kept
    found = find_members.sync(client=client, account_id=ACCOUNT)
    assert isinstance(found, MemberPage), found

    ann = UpsertedMember(ACCOUNT, "43", first_name="Ann", last_name="Lee", phone_number="(323) 555-4343")
    wrong = UpsertedMember(ACCOUNT, "44", phone_number="12")
    batch = write_members.sync(client=client, body=NewBatch([ann, wrong], mode=NewBatchMode.UPSERT))
    assert isinstance(batch, BatchItems), batch

    pending = start_import.sync(client=client, body=NewImport(filename="roster.csv", account_id=ACCOUNT))
    assert isinstance(pending, PendingImport), pending
    httpx.put(pending.upload.url, content=ROSTER.encode()).raise_for_status()
    job = ended(client, pending.id)
    rejected = list_rejected.sync(job.id, client=client)
    assert isinstance(rejected, RejectedPage), rejected
    report = get_report.sync(job.id, client=client)
    assert isinstance(report, Report), report

    sent = start_import.sync(client=client, body=File(payload=ROSTER.encode()), account_id=ACCOUNT)
    assert isinstance(sent, ImportJob), sent
    outcome = {
        "phone_number": created.phone_number,
        "taken": taken.code.value,
        "version": kept.version,
        "found": [member.id == created.id for member in found.items],
        "batch": [item.status for item in batch.items],
        "status": job.status.value,
        "created": job.counts.created,
        "rejected": [[row.line, row.code] for row in rejected.items],
        "codes": report.codes.to_dict(),
        "again": ended(client, sent.id).counts.unchanged,
    }
    print(json.dumps(outcome))  # noqa: T201 - the test reads it


main()
