"""Imports whose events and messages repeat, and whose workers die or give up."""

from itertools import repeat
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from chalicelib import config
from chalicelib.dynamodb import retries
from chalicelib.errors import Busy
from chalicelib.imports.records.repository import PARTITION
from chalicelib.imports.records.steps import Step
from chalicelib.imports.running import write_progress
from chalicelib.services import Services
from tests.support.pipeline import HEADER, KilledError, Pipeline, counts, dies
from tests.support.request_faults import inject_faults, leave_unprocessed, lose_response


def test_repeated_events_and_messages_change_nothing(pipeline: Pipeline, account: str) -> None:
    body = (HEADER + f"Ann,Lee,3235550001,1,{account}\nBen,Lee,12,2,{account}\n").encode()
    source, import_id = pipeline.drop("drops/a.csv", body)
    for _ in range(3):
        pipeline.split_object(source, import_id)
    pipeline.drain(import_id)
    once = pipeline.repository.get(import_id)
    report = pipeline.result(import_id, "report.json")

    pipeline.split_object(source, import_id)
    for step in (Step("load"), Step("finish"), Step("load"), Step("write", 7)):
        pipeline.imports.step(import_id, step)
    pipeline.drain(import_id)

    assert pipeline.repository.get(import_id) == once
    assert counts(once) == {
        "rows": 2,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "deleted": 0,
        "rejected": 1,
        "removed": 0,
    }
    assert pipeline.result(import_id, "report.json") == report


def test_lost_messages_are_sent_again_by_a_repeated_step(account: str, settings: object) -> None:
    """Every message of the stages is lost once, after its step was done."""
    pipeline = Pipeline(chunk_size=1024, import_concurrency=2)
    rows = [f"Ann,Lee,{3235550000 + i},{i:03},{account}\n" for i in range(150)]
    import_id = pipeline.split("drops/a.csv", HEADER + "".join(rows + rows[:5])).id
    stages = set()
    for message in list(pipeline.messages(pipeline.settings.load_queue_url)):
        waiting = [Step(message["stage"], message["number"])]
        while waiting:
            step = waiting.pop(0)
            stages.add(step.stage)
            pipeline.imports.step(import_id, step)
            list(pipeline.messages(pipeline.settings.load_queue_url))  # lost
            pipeline.imports.step(import_id, step)
            waiting += [
                Step(again["stage"], again["number"])
                for again in pipeline.messages(pipeline.settings.load_queue_url)
            ]
    record = pipeline.repository.get(import_id)
    assert record.status == "completed"
    assert (record.counts.created, record.counts.unchanged) == (150, 5)
    assert stages == {"read", "decide", "write", "resolve", "finish"}


def test_stage_that_started_without_a_response_is_sent(pipeline: Pipeline, account: str) -> None:
    """The table's second attempt finds the stage started: by this worker, not by another."""
    pipeline = Pipeline(chunk_size=1024)
    rows = [f"Ann,Lee,{3235550000 + i},{i:03},{account}\n" for i in range(40)]
    record = pipeline.split("drops/a.csv", HEADER + "".join(rows))
    assert record.chunks == 2
    pipeline.imports.step(record.id, Step("read", 0))
    with inject_faults(config.dynamodb(), "UpdateItem", None, lose_response) as requests:
        pipeline.imports.step(record.id, Step("read", 1))
    assert len(requests) == 3
    assert pipeline.drain(record.id).counts.created == 40


def test_step_with_unprocessed_keys_is_postponed(
    pipeline: Pipeline, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = f"Ann,Lee,3235550001,1,{account}\n"
    pipeline.run("drops/a.csv", HEADER + rows)
    import_id = pipeline.split("drops/upsert/b.csv", HEADER + rows.replace("Ann", "Eve")).id
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 3)
    with leave_unprocessed(config.dynamodb(), repeat(0)) as left, pytest.raises(Busy):
        pipeline.imports.step(import_id, Step("load"))
    assert left == [1] * 3

    assert counts(pipeline.drain(import_id))["updated"] == 1


@pytest.mark.parametrize("mode", ["create", "upsert"])
def test_load_repeated_after_a_death_counts_each_row_once(
    pipeline: Pipeline, account: str, mode: str
) -> None:
    """The worker dies after it wrote the rows, before it counted them."""
    rows = [f"Ann,Lee,{3235550000 + i},{i:03},{account}\n" for i in range(50)]
    rows += [f"Bob,Lee,{3235550000 + i},other-{i:03},{account}\n" for i in range(20)] + rows
    import_id = pipeline.split(f"drops/{mode}/a.csv", HEADER + "".join(rows)).id

    for _ in range(3):
        with dies(config.s3(), "s3.PutObject"), pytest.raises(KilledError):
            pipeline.imports.step(import_id, Step("load"))

    expected = {
        "rows": 120,
        "created": 50,
        "updated": 0,
        "unchanged": 50,
        "deleted": 0,
        "rejected": 20,
        "removed": 0,
    }
    assert counts(pipeline.drain(import_id)) == expected


def test_note_without_a_response_counts_its_rows_once(
    pipeline: Pipeline, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes effect, and the worker learns nothing of it, however often it asks."""
    rows = [f"Ann,Lee,{3235550000 + i},{i:03},{account}\n" for i in range(150)]
    import_id = pipeline.split("drops/a.csv", HEADER + "".join(rows)).id
    monkeypatch.setattr(write_progress, "NOTE_SECONDS", 0)
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 3)
    lost: list[bytes] = []

    def lose_first_note(request: AWSPreparedRequest) -> AWSResponse | None:
        body: Any = request.body
        if b"saved" not in body or body not in (lost or [body]):
            return None
        lost.append(body)
        return lose_response(request)

    with inject_faults(config.dynamodb(), "TransactWriteItems", *[lose_first_note] * 50), pytest.raises(Busy):
        pipeline.imports.step(import_id, Step("load"))

    assert len(lost) == 3
    assert counts(pipeline.drain(import_id))["created"] == 150


def test_given_up_chunk_accounts_for_all_its_rows(pipeline: Pipeline, account: str) -> None:
    """Its worker dies after it wrote its independent rows, before it resolved and counted."""
    rows = [f"Ann,Lee,{3235550000 + i},{i:03},{account}\n" for i in range(10)] + [f"Ann,Lee,12,x,{account}\n"]
    record = pipeline.split("drops/a.csv", HEADER + "".join(rows + rows[:1]))
    with dies(config.s3(), "s3.PutObject"), pytest.raises(KilledError):
        pipeline.imports.step(record.id, Step("load"))

    pipeline.imports.give_up(record.id, Step("load"))
    record = pipeline.drain(record.id)

    assert record.status == "completed"
    assert counts(record) == {
        "rows": 12,
        "created": 9,
        "updated": 0,
        "unchanged": 0,
        "deleted": 0,
        "rejected": 3,
        "removed": 0,
    }
    assert pipeline.report(record.id)["codes"] == {"not_processed": 2, "phone_not_possible": 1}


def test_given_up_split_or_report_fails_the_import(pipeline: Pipeline, account: str) -> None:
    body = (HEADER + f"Ann,Lee,3235550001,1,{account}\n").encode()
    source, import_id = pipeline.drop("drops/a.csv", body)
    pipeline.imports.start(source, import_id)
    assert pipeline.imports.give_up_split(import_id).error
    assert pipeline.split_object(source, import_id).status == "failed"

    source, import_id = pipeline.drop("drops/a.csv", body)
    pipeline.split_object(source, import_id)
    with (
        dies(config.s3(), "s3.CreateMultipartUpload"),
        dies(config.s3(), "s3.PutObject", spared=2),
        pytest.raises(KilledError),
    ):
        pipeline.imports.step(import_id, Step("load"))
    while_it_works = Services(pipeline.settings, config.client, lambda: 0.0)  # its lease has not expired
    with pytest.raises(Busy):
        while_it_works.imports.give_up(import_id, Step("finish"))
    assert pipeline.repository.get(import_id).finished_at is None
    record = pipeline.imports.give_up(import_id, Step("finish"))
    assert (record.status, record.error.code if record.error else "") == ("failed", "report_failed")
    assert counts(pipeline.drain(import_id))["created"] == 1


def test_import_with_an_earlier_attribute_name_is_read(pipeline: Pipeline, account: str) -> None:
    """An earlier version stored `noticed`."""
    ended = pipeline.run("drops/a.csv", HEADER + f"Ann,Lee,3235550001,1,{account}\n")
    config.dynamodb().update_item(
        TableName=pipeline.settings.table_name,
        Key={"pk": {"S": PARTITION}, "sk": {"S": ended.id}},
        UpdateExpression="SET noticed = :true REMOVE notified",
        ExpressionAttributeValues={":true": {"BOOL": True}},
    )
    assert pipeline.repository.get(ended.id) == ended
