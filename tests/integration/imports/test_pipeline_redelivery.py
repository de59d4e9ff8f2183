"""Imports whose events and messages repeat, and whose workers die or give up."""

from itertools import repeat

import pytest

from chalicelib import config
from chalicelib.dynamodb import retries
from chalicelib.errors import Busy
from chalicelib.imports.bulk_writer import BulkWriter
from chalicelib.imports.outcomes import MemberRow
from chalicelib.imports.repository import PARTITION
from tests.support.people import person, phone
from tests.support.pipeline import HEADER, KilledError, Pipeline, counts, dies
from tests.support.request_faults import leave_unprocessed


def test_repeated_events_and_messages_change_nothing(pipeline: Pipeline, account: str) -> None:
    body = (HEADER + f"Ann,Lee,3235550001,1,{account}\nBen,Lee,12,2,{account}\n").encode()
    source, import_id = pipeline.drop("drops/a.csv", body)
    for _ in range(3):
        pipeline.split_object(source, import_id)
    pipeline.drain(import_id)
    once = pipeline.repository.get(import_id)
    report = pipeline.result(import_id, "report.json")

    pipeline.split_object(source, import_id)
    for step in (0, 1, 0, 2, 7):
        pipeline.imports.step(import_id, step, repeated=True)
    pipeline.drain(import_id)

    assert pipeline.repository.get(import_id) == once
    assert counts(once) == {"rows": 2, "created": 1, "updated": 0, "unchanged": 0, "rejected": 1}
    assert pipeline.result(import_id, "report.json") == report


def test_message_lost_after_its_chunk_counted_is_sent_again(pipeline: Pipeline, account: str) -> None:
    import_id = pipeline.split("drops/a.csv", HEADER + f"Ann,Lee,3235550001,1,{account}\n").id
    for message in pipeline.messages(pipeline.settings.load_queue_url):
        assert message == {"import": import_id, "step": 0}
        break
    pipeline.imports.step(import_id, 0, repeated=False)
    for _ in pipeline.messages(pipeline.settings.load_queue_url):  # the next step's message is lost
        break
    pipeline.imports.step(import_id, 0, repeated=True)
    assert pipeline.drain(import_id).status == "completed"


def test_step_with_unprocessed_keys_is_postponed(
    pipeline: Pipeline, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = f"Ann,Lee,3235550001,1,{account}\n"
    pipeline.run("drops/a.csv", HEADER + rows)
    import_id = pipeline.split("drops/upsert/b.csv", HEADER + rows.replace("Ann", "Eve")).id
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 3)
    with leave_unprocessed(config.dynamodb(), repeat(0)) as left, pytest.raises(Busy):
        pipeline.imports.step(import_id, 0, repeated=False)
    assert left == [1] * 3

    assert counts(pipeline.drain(import_id))["updated"] == 1


def test_lease_tells_of_a_worker_that_started_meanwhile(pipeline: Pipeline, account: str) -> None:
    """It took the step, and died, after this worker read the import and before it takes the lease."""
    rows = f"Ann,Lee,3235550001,1,{account}\nBen,Lee,3235550001,1,{account}\n"
    before = pipeline.split("drops/upsert/a.csv", HEADER + rows)
    assert not before.step_started
    with dies(config.dynamodb(), "dynamodb.UpdateItem", spared=1), pytest.raises(KilledError):
        pipeline.imports.step(before.id, 0, repeated=False)
    leased = pipeline.repository.acquire_lease(before)
    assert leased
    assert leased.step_started


@pytest.mark.parametrize("mode", ["create", "upsert"])
def test_load_repeated_after_a_death_counts_each_row_once(
    pipeline: Pipeline, account: str, mode: str
) -> None:
    """The worker dies after it wrote the rows, before it counted them."""
    rows = [f"Ann,Lee,{3235550000 + i},{i:03},{account}\n" for i in range(50)]
    rows += [f"Bob,Lee,{3235550000 + i},other-{i:03},{account}\n" for i in range(20)] + rows
    import_id = pipeline.split(f"drops/{mode}/a.csv", HEADER + "".join(rows)).id

    for _ in range(3):
        with dies(config.dynamodb(), "dynamodb.UpdateItem", spared=1), pytest.raises(KilledError):
            pipeline.imports.step(import_id, 0, repeated=True)

    expected = {"rows": 120, "created": 50, "updated": 0, "unchanged": 50, "rejected": 20}
    assert counts(pipeline.drain(import_id)) == expected


def test_given_up_chunk_accounts_for_all_its_rows(pipeline: Pipeline, account: str) -> None:
    rows = [f"Ann,Lee,{3235550000 + i},{i:03},{account}\n" for i in range(10)] + [f"Ann,Lee,12,x,{account}\n"]
    record = pipeline.split("drops/a.csv", HEADER + "".join(rows))
    assert pipeline.repository.acquire_lease(record)  # of a worker that dies after its first row
    first = {"first_name": "Ann", "last_name": "Lee", "client_member_id": "000"}
    bulk_writer = BulkWriter(pipeline.services.table, record.id, "create", 1)
    bulk_writer.write([MemberRow(2, person(account, **first, phone_number=phone(5550000)))])

    pipeline.imports.give_up(record.id, 0)
    record = pipeline.drain(record.id)

    assert record.status == "completed"
    assert counts(record) == {"rows": 11, "created": 1, "updated": 0, "unchanged": 0, "rejected": 10}
    assert pipeline.report(record.id)["codes"] == {"not_processed": 9, "phone_not_possible": 1}


def test_given_up_split_or_report_fails_the_import(pipeline: Pipeline, account: str) -> None:
    body = (HEADER + f"Ann,Lee,3235550001,1,{account}\n").encode()
    source, import_id = pipeline.drop("drops/a.csv", body)
    pipeline.imports.start(source, import_id)
    assert pipeline.imports.give_up_split(import_id).error
    assert pipeline.split_object(source, import_id).status == "failed"

    source, import_id = pipeline.drop("drops/a.csv", body)
    pipeline.split_object(source, import_id)
    pipeline.imports.step(import_id, 0, repeated=False)
    record = pipeline.imports.give_up(import_id, 1)
    assert (record.status, record.error.code if record.error else "") == ("failed", "report_failed")
    assert counts(pipeline.drain(import_id))["created"] == 1


def test_import_with_earlier_attribute_names_continues(pipeline: Pipeline, account: str) -> None:
    """An earlier version stored `holder` and `held_until` of a lease, and `noticed`."""
    ended = pipeline.run("drops/a.csv", HEADER + f"Ann,Lee,3235550001,1,{account}\n")
    waiting = pipeline.split("drops/b.csv", HEADER + f"Ben,Lee,3235550002,2,{account}\n")
    rename = "SET noticed = :new, holder = :new, held_until = :new REMOVE notified"
    lease = "SET holder = :new, held_until = :new"
    for record, update in ((ended, rename), (waiting, lease)):
        config.dynamodb().update_item(
            TableName=pipeline.settings.table_name,
            Key={"pk": {"S": PARTITION}, "sk": {"S": record.id}},
            UpdateExpression=update,
            ExpressionAttributeValues={":new": {"S": "1e12"}},
        )

    assert pipeline.repository.get(ended.id) == ended
    assert counts(pipeline.drain(waiting.id))["created"] == 1
