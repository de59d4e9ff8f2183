"""Drives the real import pipeline over real S3, SQS and DynamoDB, in this process."""

import csv
import io
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib import config
from chalicelib.clock import now
from chalicelib.imports.records.import_ids import event_import_id, new_import_id
from chalicelib.imports.records.model import ImportRecord, Source
from chalicelib.imports.records.steps import LEASE_SECONDS, Step
from chalicelib.imports.records.storage import result_key
from chalicelib.imports.rows.outcomes import OUTCOMES
from chalicelib.services import Services

HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"


class Pipeline:
    """Runs imports one after the other, each to its end. `changes` are settings that differ."""

    def __init__(self, **changes: Any) -> None:
        self.settings = config.settings().model_copy(update=changes)
        # Each look at the clock is later than any lease.
        clock = itertools.count(step=LEASE_SECONDS + 1).__next__
        self.services = Services(self.settings, config.client, clock)
        self.imports = self.services.imports
        self.repository = self.services.import_repository
        self.storage = self.services.import_storage

    def announce(self, **changes: Any) -> ImportRecord:
        """Announces an import that waits for its file; `changes` are fields that differ."""
        record = ImportRecord(
            id=new_import_id(),
            status="awaiting_upload",
            mode="create",
            source=Source(bucket="", key=""),
            created_at=now(),
        )
        return self.imports.announce(record.model_copy(update=changes), "a.csv")[0]

    def drop(self, key: str, body: bytes) -> tuple[Source, str]:
        """Stores an object; returns what its event would say: the source, and the import's id."""
        bucket = self.settings.bucket_name
        arrived_at = now()
        version = config.s3().put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
        source = Source(bucket=bucket, key=key, version=version, size=len(body), arrived_at=arrived_at)
        return source, event_import_id(source, "2026-11-23T04:00:00.000Z", "")

    def split(self, key: str, body: bytes | str) -> ImportRecord:
        """Drops a file and splits it; returns its import, which waits for its first step."""
        return self.split_object(*self.drop(key, body.encode() if isinstance(body, str) else body))

    def split_object(self, source: Source, import_id: str) -> ImportRecord:
        """Does what the event of a dropped object and the message that follows cause; returns its import."""
        return self.imports.split(self.imports.start(source, import_id).id)

    def run(self, key: str, body: bytes | str) -> ImportRecord:
        """Drops a file and loads it, message by message; returns its import, which has ended."""
        return self.drain(self.split(key, body).id)

    def drain(self, import_id: str) -> ImportRecord:
        """Loads until the queue is empty; returns the import as it is then."""
        for message in self.messages(self.settings.load_queue_url):
            self.imports.step(message["import"], Step(message["stage"], message["number"]))
        return self.repository.get(import_id)

    def messages(self, queue: str) -> Iterator[dict[str, Any]]:
        """Yields the bodies of a queue's messages, and deletes each once the caller asks for the next."""
        while found := config.sqs().receive_message(QueueUrl=queue).get("Messages"):
            for message in found:
                yield json.loads(message["Body"])
                config.sqs().delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    def latest_version(self, key: str) -> str:
        """Returns the version of the object under this key."""
        return config.s3().head_object(Bucket=self.settings.bucket_name, Key=key)["VersionId"]

    def result(self, import_id: str, name: str, encoding: str = "utf-8-sig") -> str:
        """Returns one of the import's results, without the byte order mark of rejected.csv."""
        key = result_key(import_id, name)
        body = config.s3().get_object(Bucket=self.settings.bucket_name, Key=key)["Body"]
        return body.read().decode(encoding)

    def report(self, import_id: str) -> dict[str, Any]:
        """Returns the import's report."""
        report: dict[str, Any] = json.loads(self.result(import_id, "report.json"))
        return report

    def changes(self, import_id: str) -> list[dict[str, str]]:
        """Returns what the import did with each row, by column."""
        return list(csv.DictReader(io.StringIO(self.result(import_id, "changes.csv"))))

    def rejected(self, import_id: str) -> list[dict[str, str]]:
        """Returns the import's rejected rows, by column."""
        return list(csv.DictReader(io.StringIO(self.result(import_id, "rejected.csv"))))


def counts(record: ImportRecord) -> dict[str, int]:
    """Returns the import's counts, after a check that every row has an outcome."""
    found = record.counts.model_dump()
    assert found["rows"] == sum(found[name] for name in OUTCOMES)
    return found


@contextmanager
def dies(client: Any, call: str, spared: int = 0) -> Iterator[None]:
    """Ends the caller at a `call` of the client (such as dynamodb.UpdateItem), as a killed worker ends.

    So does every further one; the first `spared` calls succeed.
    """
    calls = itertools.count()

    def stop(**_: Any) -> None:
        if next(calls) >= spared:
            raise KilledError

    client.meta.events.register_first(f"before-call.{call}", stop)
    try:
        yield
    finally:
        client.meta.events.unregister(f"before-call.{call}", stop)


class KilledError(BaseException):
    """The end of a worker; no error handler catches it."""
