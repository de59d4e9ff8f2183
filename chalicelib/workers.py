"""The triggers: a dropped file, an import to split, its next step to load, an export, and dead letters."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from chalice.app import Blueprint, EventSourceHandler, S3Event, SQSEvent

from chalicelib.clock import normalized_time
from chalicelib.config import settings, sqs
from chalicelib.dynamodb.retries import transient_errors_as_busy
from chalicelib.errors import Busy, NotFound, frames, without_values
from chalicelib.imports.records.import_ids import event_import_id
from chalicelib.services import services

if TYPE_CHECKING:
    from chalicelib.exports.model import ExportRecord
    from chalicelib.imports.records.model import ImportRecord, Source
    from chalicelib.imports.records.steps import Step
    from chalicelib.imports.running.pipeline import ImportPipeline

workers = Blueprint(__name__)
log = Logger()

RESERVED_SECONDS = 30.0  # of a worker's life: to end what is in flight, and to note what is settled
AGAIN_SECONDS = 20  # before a message is delivered again whose work lacked capacity
MessageHandler = Callable[[Mapping[str, Any]], None]  # of one message


# infra/template.yaml sets the real bucket and queues; Chalice requires a name for each.
@workers.on_s3_event(bucket="rollcall", events=["s3:ObjectCreated:*"], prefix="drops/")
def start_import(event: S3Event) -> None:
    """Starts the imports of dropped files: any number of records, test events among them."""
    try:
        _start_imports(event.to_dict())
    except Exception as error:
        raise without_values(error) from None


class AnyS3Event(S3Event):
    """An S3 event of any form: Chalice's own class needs a first record, and a test event has none."""

    def _extract_attributes(self, event_dict: dict[str, Any]) -> None:
        pass


cast(EventSourceHandler, start_import).event_class = AnyS3Event


@workers.on_sqs_message(queue="split", batch_size=1)
def split(event: SQSEvent) -> dict[str, Any]:
    """Splits the file of an import into chunks."""

    def work(message: Mapping[str, Any]) -> None:
        _log_step(_imports(event).split(json.loads(message["body"])["import"]))

    return _handle(event, settings().split_queue_url, work)


@workers.on_sqs_message(queue="load", batch_size=1)
def load(event: SQSEvent) -> dict[str, Any]:
    """Does a step of an import."""

    def work(message: Mapping[str, Any]) -> None:
        _log_step(_imports(event).step(*_step_of(json.loads(message["body"]))))

    return _handle(event, settings().load_queue_url, work)


@workers.on_sqs_message(queue="export", batch_size=1)
def export(event: SQSEvent) -> dict[str, Any]:
    """Writes the file of an export, or the next part of a long one."""

    def work(message: Mapping[str, Any]) -> None:
        exports = services().exports_within(_time_left(event))
        _log_export(exports.run(_export_of(json.loads(message["body"]))))

    return _handle(event, settings().export_queue_url, work)


@workers.on_sqs_message(queue="dead", batch_size=1)
def settle_dead_letters(event: SQSEvent) -> None:
    """Settles what failed too often: the import is started again, continues, or ends.

    Where that fails so does the function, which an alarm watches: no other queue takes these messages.
    """
    for message in event.to_dict()["Records"]:
        try:
            _settle(json.loads(message["body"]))
        except Exception as error:
            raise without_values(error) from None


def _handle(event: SQSEvent, queue_url: str, work: MessageHandler) -> dict[str, Any]:
    """Does the work of each message. A failed one returns to its queue; after the tenth time, to `dead`.

    A lack of capacity is not a failure: then a new message replaces this one, with a new count of deliveries.
    """
    failed = [message for message in event.to_dict()["Records"] if not _succeeds(work, message, queue_url)]
    for message in failed:
        sqs().change_message_visibility(
            QueueUrl=queue_url,
            ReceiptHandle=message["receiptHandle"],
            # After 2, 4, 8 … 300 s; the queue's own delay is for workers that died.
            VisibilityTimeout=min(2 ** _deliveries(message), 300),
        )
    return {"batchItemFailures": [{"itemIdentifier": message["messageId"]} for message in failed]}


def _imports(event: SQSEvent) -> "ImportPipeline":
    """Returns the imports as this worker runs them: its requests wait for capacity while it has time."""
    return services().imports_within(_time_left(event))


def _time_left(event: SQSEvent) -> Callable[[], float]:
    """Returns a function that returns the seconds that a worker has left for its work."""
    context: Any = event.context
    return lambda: context.get_remaining_time_in_millis() / 1000 - RESERVED_SECONDS


def _succeeds(work: MessageHandler, message: Mapping[str, Any], queue_url: str) -> bool:
    """Does the work of a message; returns False where it fails, and logs why."""
    try:
        _work_or_send_again(work, message, queue_url)
    except Exception as error:
        # Without the message: those of botocore and pydantic may quote a row.
        log.error(
            "step_failed", message_id=message["messageId"], error=type(error).__name__, at=frames(error)
        )
        return False
    return True


def _step_of(body: Mapping[str, Any]) -> "tuple[str, Step]":
    """Returns (the import's id, the step) of a message."""
    from chalicelib.imports.records.steps import Step

    return body["import"], Step(body["stage"], body["number"])


def _export_of(body: Mapping[str, Any]) -> "ExportRecord":
    """Returns the export in a message."""
    from chalicelib.exports.model import ExportRecord

    return ExportRecord.model_validate_json(body["export"])


def _work_or_send_again(work: MessageHandler, message: Mapping[str, Any], queue_url: str) -> None:
    """Does the work of a message. Where the table, S3 or SQS lack capacity, sends a copy of the message."""
    try:
        with transient_errors_as_busy():
            work(message)
    except Busy as error:
        sqs().send_message(QueueUrl=queue_url, MessageBody=message["body"], DelaySeconds=AGAIN_SECONDS)
        idle = _idle_seconds(json.loads(message["body"]))
        error_name = type(error).__name__
        log.info("step_sent_again", message_id=message["messageId"], error=error_name, idle_seconds=idle)


def _idle_seconds(body: Mapping[str, Any]) -> int | None:
    """Returns the seconds since the last progress of a message's import, None if that is not known."""
    from chalicelib.imports.records.pace import idle_seconds

    if "import" in body:
        with suppress(Busy, NotFound):
            return idle_seconds(services().import_repository.get(body["import"]))
    return None


def _deliveries(message: Mapping[str, Any]) -> int:
    return int(message["attributes"]["ApproximateReceiveCount"])


def _settle(body: Mapping[str, Any]) -> None:
    if "export" in body:
        _log_export(services().exports.give_up(_export_of(body)))
    elif "stage" in body:
        _log_step(services().imports.give_up(*_step_of(body)))
    elif "import" in body:
        _log_step(services().imports.give_up_split(body["import"]))
    else:  # an event on which start_import failed; nothing is wrong with its file, so its import is started again
        _start_imports(body["requestPayload"])


def _start_imports(event: Mapping[str, Any]) -> None:
    for source, import_id in _dropped_objects(event):
        _log_step(services().imports.start(source, import_id))


def _dropped_objects(event: Mapping[str, Any]) -> Iterator[tuple["Source", str]]:
    """Yields (the object, the id of its import) of each record. Skips folders and profiles; keys are form-encoded."""
    from chalicelib.imports.records.model import Source
    from chalicelib.imports.records.profile import is_profile

    for record in event.get("Records", []):
        item = record["s3"]["object"]
        source = Source(
            bucket=record["s3"]["bucket"]["name"],
            key=unquote_plus(item["key"]),
            version=item.get("versionId"),
            size=item.get("size", 0),
            # When S3 had stored the object ("Event message structure" in the Amazon S3 User Guide).
            arrived_at=normalized_time(record["eventTime"]),
        )
        if not source.key.endswith("/") and not is_profile(source.key):
            yield source, event_import_id(source, record["eventTime"], item.get("sequencer", ""))


def _log_export(record: "ExportRecord") -> None:
    """Logs one line for each worker of an export. Logs no personal data."""
    shown = record.shown()
    error = shown.error.code if shown.error else None
    log.info("export_step", export_id=shown.id, status=shown.status, rows=shown.rows, error=error)


def _log_step(record: "ImportRecord") -> None:
    """Logs one line for each step, and the counts as metrics once the import has ended. Logs no personal data."""
    log.info(
        "import_step",
        import_id=record.id,
        status=record.status,
        stage=record.stage,
        steps_done=record.steps_done,
        chunks=record.chunks,
        counts=record.counts.model_dump(),
        error=record.error.code if record.error else None,
    )
    if record.finished_at and not record.notified:  # as it was before this step sent the notice
        metrics = Metrics(namespace="Rollcall")
        metrics.add_dimension(name="status", value=record.status)
        for name, number in record.counts.model_dump().items():
            metric = name if name == "rows" else f"rows_{name}"
            metrics.add_metric(name=metric, unit=MetricUnit.Count, value=number)
        metrics.flush_metrics()
