"""Drives the real import pipeline over real S3, SQS and DynamoDB, in this process."""

import csv
import io
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib import config
from chalicelib.dynamodb.table import Table
from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.model import ImportRecord, Source, event_import_id
from chalicelib.imports.pipeline import ImportPipeline
from chalicelib.imports.repository import LEASE_SECONDS, ImportRepository
from chalicelib.imports.storage import ImportStorage, result_key


class Pipeline:
    """One import after the other, each to its end."""

    def __init__(self, **changes: Any) -> None:
        self.settings = config.settings().model_copy(update=changes)
        # From one look at the clock to the next any worker would have died.
        clock = itertools.count(step=LEASE_SECONDS + 1).__next__
        table = Table(config.dynamodb(), self.settings.table_name)
        storage = ImportStorage(self.settings, config.s3(), config.sqs(), config.client("sns"))
        rule = PhoneRule(self.settings.phone_region, self.settings.phone_check)
        self.imports = ImportPipeline(table, ImportRepository(table, clock), storage, rule)

    def drop(self, key: str, body: bytes) -> tuple[Source, str]:
        """Stores an object; what its event would say: the source, and the import's id."""
        bucket = self.settings.bucket_name
        version = config.s3().put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
        source = Source(bucket=bucket, key=key, version=version, size=len(body))
        return source, event_import_id(source, "2026-11-23T04:00:00.000Z", "")

    def latest_version(self, key: str) -> str:
        """The version of the object under this key."""
        return config.s3().head_object(Bucket=self.settings.bucket_name, Key=key)["VersionId"]

    def run(self, key: str, body: bytes | str) -> ImportRecord:
        """Drops a file and loads it, message by message, until its import has ended."""
        source, import_id = self.drop(key, body.encode() if isinstance(body, str) else body)
        return self.drain(self.imports.split(source, import_id).id)

    def drain(self, import_id: str) -> ImportRecord:
        """Handles the queue's messages until it is empty; the import as it is then."""
        for message in self.messages():
            self.imports.step(message["import"], message["step"], repeated=False)
        return self.imports.ledger.get(import_id)

    def messages(self) -> Any:
        """The bodies of the queue's messages as they come, each deleted once the caller is done with it."""
        queue = self.settings.load_queue_url
        while found := config.sqs().receive_message(QueueUrl=queue).get("Messages"):
            for message in found:
                yield json.loads(message["Body"])
                config.sqs().delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    def result(self, import_id: str, name: str, encoding: str = "utf-8-sig") -> str:
        """One of the import's result objects, without the mark that rejected.csv starts with."""
        key = result_key(import_id, name)
        body = config.s3().get_object(Bucket=self.settings.bucket_name, Key=key)["Body"]
        return body.read().decode(encoding)

    def report(self, import_id: str) -> dict[str, Any]:
        """The import's report."""
        report: dict[str, Any] = json.loads(self.result(import_id, "report.json"))
        return report

    def rejected(self, import_id: str) -> list[dict[str, str]]:
        """The import's rejected rows, by column."""
        return list(csv.DictReader(io.StringIO(self.result(import_id, "rejected.csv"))))


@contextmanager
def dies(client: Any, call: str, spared: int = 0) -> Iterator[None]:
    """A `call` of the client (such as dynamodb.UpdateItem) ends the caller, as a killed worker ends.

    So does every further one; the first few may be spared.
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
    """The worker's end; no handler of errors sees it."""
