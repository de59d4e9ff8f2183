"""A restart of `make local` continues the imports that were under way."""

import json
import time
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote_plus

import boto3
import pytest

from chalicelib import config
from chalicelib.config import Settings
from chalicelib.imports.model import Source, event_import_id
from chalicelib.services import Services
from infra.package import table_definition
from infra.resume import resume_imports
from tests.support.pipeline import KilledError, Pipeline, dies

ROSTER = b"first_name,last_name,phone_number,client_member_id\nAnn,Lee,3235550001,1\n"


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    """Yield services with a table and a queue of their own, and with leases that last for minutes."""
    name = f"rollcall-test-{uuid.uuid4().hex[:8]}"
    config.dynamodb().create_table(**{**table_definition(), "TableName": name})
    queue = config.sqs().create_queue(QueueName=name)["QueueUrl"]
    changes = {"table_name": name, "load_queue_url": queue}
    yield Services(settings.model_copy(update=changes), config.client)
    config.dynamodb().delete_table(TableName=name)


def resume(services: Services, started: float, events: list[Any] | None = None) -> None:
    """Resume imports as `make local` does; calls of Lambda add their event to `events`."""

    def client(service: Any) -> Any:
        built = boto3.client(service)
        built.meta.events.register("before-call.lambda.Invoke", invoke)
        return built

    def invoke(params: dict[str, Any], **_: Any) -> Any:
        assert events is not None
        events.append(json.loads(params["body"]))
        return SimpleNamespace(status_code=202), {}

    settings = services.settings
    outputs = {"TableName": settings.table_name, "LoadQueueUrl": settings.load_queue_url}
    resume_imports(client, outputs, "split", started)


def steps(services: Services) -> list[tuple[str, int]]:
    """Receive the queue's messages, without deleting them; return (import id, step) of each."""
    found = config.sqs().receive_message(QueueUrl=services.settings.load_queue_url, MaxNumberOfMessages=10)
    bodies = [json.loads(message["Body"]) for message in found.get("Messages", [])]
    return [(body["import"], body["step"]) for body in bodies]


def die_while_loading(services: Services, pipeline: Pipeline, account: str) -> str:
    """Split a file and kill the worker of its first step; return the import's id."""
    record = services.imports.split(*pipeline.drop(f"drops/account={account}/a.csv", ROSTER))
    assert steps(services) == [(record.id, 0)]
    with dies(config.dynamodb(), "dynamodb.TransactWriteItems"), pytest.raises(KilledError):
        services.imports.step(record.id, 0, repeated=False)
    return record.id


def test_chunk_of_a_killed_worker_is_loaded_after_a_restart(
    services: Services, pipeline: Pipeline, account: str
) -> None:
    import_id = die_while_loading(services, pipeline, account)
    assert steps(services) == []

    resume(services, started=time.time())

    assert steps(services) == [(import_id, 0)]
    services.imports.step(import_id, 0, repeated=False)
    assert services.imports.step(import_id, 1, repeated=False).status == "completed"


def test_step_of_a_running_worker_is_not_queued_again(
    services: Services, pipeline: Pipeline, account: str
) -> None:
    started = time.time()
    die_while_loading(services, pipeline, account)
    resume(services, started)
    assert steps(services) == []


def test_ended_imports_are_not_queued_again(services: Services, pipeline: Pipeline, account: str) -> None:
    record = services.imports.split(*pipeline.drop(f"drops/account={account}/a.csv", b""))
    assert record.status == "failed"
    resume(services, started=time.time())
    assert steps(services) == []


def test_split_of_a_killed_worker_is_called_again(
    services: Services, pipeline: Pipeline, account: str
) -> None:
    source, import_id = pipeline.drop(f"drops/account={account}/a b+c ü.csv", ROSTER)
    with dies(config.s3(), "s3.PutObject"), pytest.raises(KilledError):
        services.imports.split(source, import_id)
    events: list[Any] = []

    resume(services, started=time.time(), events=events)

    [record] = [record for event in events for record in event["Records"]]
    uploaded = record["s3"]["object"]
    called = Source(
        bucket=record["s3"]["bucket"]["name"],
        key=unquote_plus(uploaded["key"]),
        version=uploaded["versionId"],
        size=uploaded["size"],
    )
    assert (called, event_import_id(called, record["eventTime"], "")) == (source, import_id)
