"""The triggers, called with events in the form of AWS."""

import io
import json
import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib import config
from chalicelib.imports.records.model import Source
from tests.support.exports import Exports, new_export
from tests.support.functions import Functions, dropped, message
from tests.support.pipeline import HEADER, Pipeline


@pytest.fixture
def functions(pipeline: Pipeline) -> Functions:
    return Functions()


@pytest.fixture
def logs(functions: Functions) -> Iterator[io.StringIO]:
    """The log of the workers, as in the log stream."""
    from chalicelib.workers import log

    handlers = [h for h in logging.getLogger(log.name).handlers if isinstance(h, logging.StreamHandler)]
    written = io.StringIO()
    streams = [handler.setStream(written) for handler in handlers]
    yield written
    for handler, stream in zip(handlers, streams, strict=True):
        handler.setStream(stream)


@contextmanager
def sent_messages() -> Iterator[list[Any]]:
    """Yields a list of the messages that are sent meanwhile; they do not reach their queue."""
    sent: list[Any] = []

    def note(params: dict[str, Any], **_: Any) -> Any:
        sent.append(json.loads(params["body"]))
        return SimpleNamespace(status_code=200), {}

    config.sqs().meta.events.register("before-call.sqs.SendMessage", note)
    try:
        yield sent
    finally:
        config.sqs().meta.events.unregister("before-call.sqs.SendMessage", note)


def test_each_record_of_an_event_is_an_import(functions: Functions, pipeline: Pipeline, account: str) -> None:
    body = (HEADER + f"Ann,Lee,3235550001,1,{account}\n").encode()
    objects = [pipeline.drop(key, body) for key in ("drops/a b+c.csv", "drops/ü/名.csv")]

    functions.invoke("start_import", dropped(*(source for source, _ in objects)))
    started = [pipeline.repository.get(import_id) for _, import_id in objects]
    for queued in pipeline.messages(pipeline.settings.split_queue_url):
        if any(queued["import"] == record.id for record in started):  # others are of tests with another table
            functions.invoke("split", message(queued))

    assert [record.source.key for record in started] == ["drops/a b+c.csv", "drops/ü/名.csv"]
    assert [record.status for record in started] == ["splitting", "splitting"]
    assert [pipeline.drain(record.id).status for record in started] == ["completed", "completed"]


def test_test_events_and_folders_start_no_import(functions: Functions, pipeline: Pipeline) -> None:
    before = pipeline.repository.newest(1)
    functions.invoke("start_import", {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"})
    functions.invoke("start_import", dropped(Source(bucket="b", key="drops/folder/")))
    assert pipeline.repository.newest(1) == before


@pytest.mark.parametrize("function", ["split", "load", "export"])
def test_failed_message_is_reported_and_returns_soon(
    functions: Functions, pipeline: Pipeline, function: str
) -> None:
    """The queue's own delay is half an hour or more: six times the function's timeout."""
    queue = getattr(pipeline.settings, f"{function}_queue_url")
    for _ in pipeline.messages(queue):
        pass  # of other tests
    body = {"import": "20260101T000000Z-aaaaaaaaaa", "stage": "load", "number": 0}
    config.sqs().send_message(QueueUrl=queue, MessageBody=json.dumps(body))
    [received] = config.sqs().receive_message(QueueUrl=queue, VisibilityTimeout=1800)["Messages"]
    event = message(body)
    event["Records"][0] |= {"receiptHandle": received["ReceiptHandle"]}

    answer = functions.invoke(function, event)

    assert answer.payload == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    [again] = config.sqs().receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    assert again["MessageId"] == received["MessageId"]
    config.sqs().delete_message(QueueUrl=queue, ReceiptHandle=again["ReceiptHandle"])


def test_step_without_capacity_is_sent_again(
    functions: Functions, pipeline: Pipeline, logs: io.StringIO, account: str
) -> None:
    """Its message is deleted; the new one has all its deliveries before it."""
    import_id = pipeline.split("drops/a.csv", HEADER + f"Ann,Lee,3235550001,1,{account}\n").id
    [body] = pipeline.messages(pipeline.settings.load_queue_url)

    with sent_messages() as sent:
        answer = functions.invoke("load", message(body, times=9), seconds=20)

    assert answer.payload == {"batchItemFailures": []}
    assert [json.loads(one["MessageBody"]) for one in sent] == [body]
    assert sent[0]["DelaySeconds"] > 0
    [line] = [one for one in map(json.loads, logs.getvalue().splitlines()) if "idle_seconds" in one]
    assert (line["message"], line["idle_seconds"] >= 0) == ("step_sent_again", True)
    functions.invoke("load", message(body))
    assert pipeline.repository.get(import_id).counts.created == 1


def test_export_without_time_is_sent_again(functions: Functions, account: str) -> None:
    exports = Exports()
    record = exports.exporter.start(new_export(account))
    [body] = exports.messages()

    with sent_messages() as sent:
        answer = functions.invoke("export", message(body), seconds=20)

    assert answer.payload == {"batchItemFailures": []}
    assert [json.loads(one["MessageBody"]) for one in sent] == [body]
    functions.invoke("export", message(body))
    functions.invoke("export", message(body, times=2))
    assert exports.repository.get(record.id).shown().status == "completed"


def test_dead_letter_of_an_export_fails_it(functions: Functions, account: str) -> None:
    exports = Exports()
    record = exports.exporter.start(new_export(account))
    [body] = exports.messages()
    functions.invoke("settle_dead_letters", message(body))
    assert exports.repository.get(record.id).shown().status == "failed"


def test_dead_letter_of_a_step_rejects_its_rows(
    functions: Functions, pipeline: Pipeline, account: str
) -> None:
    import_id = pipeline.split("drops/a.csv", HEADER + f"Ann,Lee,3235550001,1,{account}\n").id

    functions.invoke("settle_dead_letters", message({"import": import_id, "stage": "load", "number": 0}))

    record = pipeline.drain(import_id)
    assert record.status == "completed"
    assert pipeline.report(import_id)["codes"] == {"not_processed": 1}


def test_dead_letter_of_a_split_fails_its_import(
    functions: Functions, pipeline: Pipeline, account: str
) -> None:
    source, import_id = pipeline.drop("drops/a.csv", HEADER.encode())
    pipeline.imports.start(source, import_id)
    functions.invoke("settle_dead_letters", message({"import": import_id}))
    record = pipeline.repository.get(import_id)
    assert record.error
    assert record.error.code == "split_failed"


def test_dead_letter_of_an_event_starts_its_import(
    functions: Functions, pipeline: Pipeline, account: str
) -> None:
    """Lambda wraps the event in a message of its own."""
    source, import_id = pipeline.drop("drops/a.csv", (HEADER + f"Ann,Lee,3235550001,1,{account}\n").encode())
    functions.invoke(
        "settle_dead_letters", message({"requestPayload": dropped(source), "responsePayload": {}})
    )
    assert {"import": import_id} in list(pipeline.messages(pipeline.settings.split_queue_url))
    pipeline.imports.split(import_id)
    assert pipeline.drain(import_id).status == "completed"


@pytest.mark.parametrize("name", ["start_import", "settle_dead_letters"])
def test_failed_function_says_where_and_quotes_nothing(functions: Functions, account: str, name: str) -> None:
    """An alarm watches Lambda's count of errors; a reported batch failure does not count."""
    event = dropped(Source(bucket="b", key="drops/a.csv"), size=account)  # pydantic rejects and quotes it
    with pytest.raises(RuntimeError) as failed:
        functions.invoke(name, event if name == "start_import" else message({"requestPayload": event}))
    text = "".join(traceback.format_exception(failed.value))
    assert re.search(r"RuntimeError: ValidationError at workers\.py:\d+ .*main\.py:\d+\n$", text)
    assert account not in text


def test_counts_of_an_import_are_metrics_once(
    functions: Functions, account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With any number of steps left when it stops, and of deliveries of the last message."""
    pipeline = Pipeline(chunk_size=1024)
    record = pipeline.announce(max_rejected="10")
    rows = "".join(f"Ann,Lee,12,{i},{account}\n" for i in range(200))
    source, _ = pipeline.drop(record.source.key, (HEADER + rows).encode())
    pipeline.split_object(source, "unused")
    capsys.readouterr()

    for body in pipeline.messages(pipeline.settings.load_queue_url):
        functions.invoke("load", message(body))
        functions.invoke("load", message(body, times=2))

    record = pipeline.repository.get(record.id)
    assert (record.status, record.chunks > 5, record.counts.rows) == ("failed", True, 200)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert [(line["status"], line["rows"], line["rows_rejected"]) for line in lines] == [
        ("failed", [200.0], [200.0])
    ]


def test_logs_of_an_import_hold_no_personal_data(
    functions: Functions, pipeline: Pipeline, account: str, logs: io.StringIO
) -> None:
    rows = "Secretfirst,Secretlast,3235559876,secretid,{0}\nSecretfirst,Secretlast,12,secretid2,{0}\n"
    source, import_id = pipeline.drop("drops/a.csv", (HEADER + rows.format(account)).encode())
    functions.invoke("start_import", dropped(source))
    functions.invoke("split", message({"import": import_id}))
    for body in pipeline.messages(pipeline.settings.load_queue_url):
        functions.invoke("load", message(body))
    assert pipeline.repository.get(import_id).status == "completed"
    out = logs.getvalue()
    assert import_id in out
    assert "secret" not in out.lower()
    assert "5559876" not in out
