"""The triggers: a file dropped in the bucket, an import's next step, and what failed too often."""

import gc
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from chalice.app import Blueprint, EventSourceHandler, S3Event, SQSEvent

from chalicelib.config import settings, sqs
from chalicelib.errors import Busy
from chalicelib.imports.model import ImportRecord, Source, event_import_id
from chalicelib.services import services

workers = Blueprint(__name__)
log = Logger()
# A load makes a million small objects and hardly a cycle: looking for those at Python's usual pace, every 700
# objects, takes a seventh of its time.
gc.set_threshold(50_000)


@workers.on_s3_event(bucket="rollcall", events=["s3:ObjectCreated:*"], prefix="drops/")
def split(event: S3Event) -> None:
    """Files dropped: any number of records, test events among them."""
    for source, import_id in _dropped(event.to_dict()):
        record = services().imports.split(source, import_id)
        log.info("split", import_id=record.id, status=record.status, chunks=record.chunks)


class AnyS3Event(S3Event):
    """An S3 event as it comes: Chalice's own reads the first record at once, and a test event has none."""

    def _extract_attributes(self, event_dict: dict[str, Any]) -> None:
        pass


cast(EventSourceHandler, split).event_class = AnyS3Event


@workers.on_sqs_message(queue="load", batch_size=1)
def load(event: SQSEvent) -> dict[str, Any]:
    """The next step of an import. What fails goes back to the queue, and to `dead` after the tenth time."""
    failed = [message for message in event.to_dict()["Records"] if not _done(message)]
    for message in failed:
        _postpone(message)
    return {"batchItemFailures": [{"itemIdentifier": message["messageId"]} for message in failed]}


@workers.on_sqs_message(queue="dead", batch_size=1)
def settle_dead_letters(event: SQSEvent) -> None:
    """What failed too often: a step of an import, or the splitting of a file. The import goes on or ends.

    Where it cannot settle one it fails, so that an alarm rings: no other queue takes what is left here.
    """
    for message in event.to_dict()["Records"]:
        try:
            _give_up(message)
        except Exception as error:
            raise RuntimeError(type(error).__name__) from None  # a message may quote a row


def _done(message: Mapping[str, Any]) -> bool:
    """Whether a step was done. What it failed of goes to the log."""
    try:
        _step(message)
    except Exception as error:
        # The type alone: a message of botocore or pydantic may quote a row.
        level = log.warning if isinstance(error, Busy) else log.error
        level("failed", message_id=message["messageId"], error=type(error).__name__)
        return False
    return True


def _step(message: Mapping[str, Any]) -> None:
    body = json.loads(message["body"])
    _log_step(services().imports.step(body["import"], body["step"], repeated=_deliveries(message) > 1))


def _postpone(message: Mapping[str, Any]) -> None:
    """Brings a failed message back after 2, 4, 8 … 300 s: the queue's own delay is for workers that died."""
    sqs().change_message_visibility(
        QueueUrl=settings().load_queue_url,
        ReceiptHandle=message["receiptHandle"],
        VisibilityTimeout=min(2 ** _deliveries(message), 300),
    )


def _deliveries(message: Mapping[str, Any]) -> int:
    return int(message["attributes"]["ApproximateReceiveCount"])


def _give_up(message: Mapping[str, Any]) -> None:
    body = json.loads(message["body"])
    if "import" in body:
        _log_step(services().imports.give_up(body["import"], body["step"]))
        return
    # A failed call of `split`, with the event that it was given.
    for source, import_id in _dropped(body["requestPayload"]):
        _log_step(services().imports.give_up_split(source, import_id))


def _dropped(event: Mapping[str, Any]) -> Iterator[tuple[Source, str]]:
    """(the object, the id of its import) of each record. Keys come form-encoded; folders are no files."""
    for record in event.get("Records", []):
        thing = record["s3"]["object"]
        source = Source(
            bucket=record["s3"]["bucket"]["name"],
            key=unquote_plus(thing["key"]),
            version=thing.get("versionId"),
            size=thing.get("size", 0),
        )
        if not source.key.endswith("/"):
            yield source, event_import_id(source, record["eventTime"], thing.get("sequencer", ""))


def _log_step(record: ImportRecord) -> None:
    """One line of log a step; the counts as metrics where it ended the import. No names, phones or client ids."""
    log.info(
        "import",
        import_id=record.id,
        status=record.status,
        position=record.position,
        chunks=record.chunks,
        counts=record.counts.model_dump(),
        error=record.error.code if record.error else None,
    )
    if record.finished_at and not record.noticed:  # as read just before this step sent the notice
        metrics = Metrics(namespace="Rollcall")
        metrics.add_dimension(name="status", value=record.status)
        for name, number in record.counts.model_dump().items():
            metrics.add_metric(
                name=f"rows_{name}" if name != "rows" else name, unit=MetricUnit.Count, value=number
            )
        metrics.flush_metrics()
