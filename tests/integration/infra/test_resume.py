"""A restart of `make local` continues the imports that were under way."""

import json
import time
import uuid
from collections.abc import Iterator

import boto3
import pytest

from chalicelib import config
from chalicelib.config import Settings
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.steps import Step
from chalicelib.services import Services
from infra.package import table_definition
from infra.resume import resume_exports, resume_imports
from tests.support.exports import new_export
from tests.support.pipeline import KilledError, Pipeline, dies

ROSTER = b"first_name,last_name,phone_number,client_member_id\nAnn,Lee,3235550001,1\n"


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    """Yield services with a table and queues of their own, and with leases that last for minutes."""
    name = f"rollcall-test-{uuid.uuid4().hex[:8]}"
    config.dynamodb().create_table(**{**table_definition(), "TableName": name})
    queues = {
        f"{kind}_queue_url": config.sqs().create_queue(QueueName=f"{name}-{kind}")["QueueUrl"]
        for kind in ("split", "load", "export")
    }
    yield Services(settings.model_copy(update={"table_name": name, **queues}), config.client)
    config.dynamodb().delete_table(TableName=name)


def resume(services: Services, started: float) -> None:
    """Resume imports as `make local` does."""
    settings = services.settings
    outputs = {
        "TableName": settings.table_name,
        "SplitQueueUrl": settings.split_queue_url,
        "LoadQueueUrl": settings.load_queue_url,
    }
    resume_imports(boto3.client, outputs, started)


def steps(services: Services) -> list[tuple[str, Step]]:
    """Receive the messages to load, without deleting them; return (import id, step) of each."""
    found = config.sqs().receive_message(QueueUrl=services.settings.load_queue_url, MaxNumberOfMessages=10)
    bodies = [json.loads(message["Body"]) for message in found.get("Messages", [])]
    return [(body["import"], Step(body["stage"], body["number"])) for body in bodies]


def splits(services: Services) -> list[str]:
    """Receive the messages to split, without deleting them; return the import's id of each."""
    found = config.sqs().receive_message(QueueUrl=services.settings.split_queue_url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"])["import"] for message in found.get("Messages", [])]


def split(services: Services, pipeline: Pipeline, key: str, body: bytes) -> ImportRecord:
    """Drop a file, start its import and split it."""
    record = services.imports.start(*pipeline.drop(key, body))
    assert splits(services) == [record.id]
    return services.imports.split(record.id)


def die_while_loading(services: Services, pipeline: Pipeline, account: str) -> str:
    """Split a file and kill the worker of its first step; return the import's id."""
    record = split(services, pipeline, f"drops/account={account}/a.csv", ROSTER)
    assert steps(services) == [(record.id, Step("load"))]
    with dies(config.dynamodb(), "dynamodb.TransactWriteItems"), pytest.raises(KilledError):
        services.imports.step(record.id, Step("load"))
    return record.id


def test_chunk_of_a_killed_worker_is_loaded_after_a_restart(
    services: Services, pipeline: Pipeline, account: str
) -> None:
    import_id = die_while_loading(services, pipeline, account)
    assert steps(services) == []

    resume(services, started=time.time())

    assert steps(services) == [(import_id, Step("load"))]
    record = services.imports.step(import_id, Step("load"))
    assert record
    assert services.import_repository.get(import_id).status == "completed"


def test_step_of_a_running_worker_is_not_queued_again(
    services: Services, pipeline: Pipeline, account: str
) -> None:
    started = time.time()
    die_while_loading(services, pipeline, account)
    resume(services, started)
    assert steps(services) == []


def test_ended_imports_are_not_queued_again(services: Services, pipeline: Pipeline, account: str) -> None:
    record = split(services, pipeline, f"drops/account={account}/a.csv", b"")
    assert record.status == "failed"
    resume(services, started=time.time())
    assert steps(services) == []


def test_split_of_a_killed_worker_is_queued_again(
    services: Services, pipeline: Pipeline, account: str
) -> None:
    source, import_id = pipeline.drop(f"drops/account={account}/a b+c ü.csv", ROSTER)
    services.imports.start(source, import_id)
    assert splits(services) == [import_id]
    with dies(config.s3(), "s3.PutObject"), pytest.raises(KilledError):
        services.imports.split(import_id)
    assert splits(services) == []

    resume(services, started=time.time())

    assert splits(services) == [import_id]
    assert services.imports.split(import_id).status == "loading"


def test_split_whose_message_was_never_sent_is_queued(
    services: Services, pipeline: Pipeline, account: str
) -> None:
    source, import_id = pipeline.drop(f"drops/account={account}/a.csv", ROSTER)
    with dies(config.sqs(), "sqs.SendMessage"), pytest.raises(KilledError):
        services.imports.start(source, import_id)

    resume(services, started=time.time())

    assert splits(services) == [import_id]


def test_export_of_a_killed_worker_continues_after_a_restart(services: Services, account: str) -> None:
    settings = services.settings
    open_one = services.export_repository.add(new_export(account))
    assert services.export_repository.acquire(open_one.id)  # by a worker that was killed
    ended = services.exports.give_up(new_export(account))
    outputs = {"TableName": settings.table_name, "ExportQueueUrl": settings.export_queue_url}

    resume_exports(boto3.client, outputs, time.time())

    found = config.sqs().receive_message(QueueUrl=settings.export_queue_url, MaxNumberOfMessages=10)
    [message] = found["Messages"]
    assert json.loads(json.loads(message["Body"])["export"])["id"] == open_one.id != ended.id
    assert services.exports.run(open_one).shown().status == "completed"
