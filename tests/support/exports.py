"""Runs exports over real S3, SQS and DynamoDB, in this process."""

import gzip
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import boto3

from chalicelib import config
from chalicelib.exports.exporter import Exporter
from chalicelib.exports.model import ExportRecord, NewExport
from chalicelib.exports.repository import LEASE_SECONDS
from chalicelib.exports.storage import export_key
from chalicelib.members.items import name_order
from chalicelib.members.model import Member, MemberKey, NewMember
from chalicelib.services import Services

from .written_rows import member_rows, write_rows


class Exports:
    """Runs exports one after the other, in small pages and parts."""

    def __init__(self, batch_size: int = 10, part_size: int = 1) -> None:
        self.settings = config.settings()
        # Each look at the clock is later than any lease.
        clock = itertools.count(step=LEASE_SECONDS + 1).__next__
        self.services = Services(self.settings, config.client, clock)
        self.repository = self.services.export_repository
        self.sizes: dict[str, int] = {"batch_size": batch_size, "part_size": part_size}
        self.exporter = self.within(lambda: 1.0)

    def within(self, time_left: Callable[[], float]) -> Exporter:
        """Returns the exporter of a worker."""
        return replace(self.services.exports_within(time_left), **self.sizes)  # type: ignore[arg-type]

    def run(self, account: str, **options: Any) -> ExportRecord:
        """Exports an account, message by message; returns the export, which has ended."""
        return self.drain(self.exporter.start(new_export(account, **options)))

    def drain(self, record: ExportRecord) -> ExportRecord:
        """Writes until the queue is empty; returns the export as it is then."""
        for message in self.messages():
            self.exporter.run(self.record_of(message))
        return self.repository.get(record.id)

    def messages(self) -> Iterator[dict[str, str]]:
        """Yields the bodies of the queue's messages, and deletes each once the caller asks for the next."""
        queue = self.settings.export_queue_url
        while found := config.sqs().receive_message(QueueUrl=queue).get("Messages"):
            for message in found:
                yield json.loads(message["Body"])
                config.sqs().delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    def record_of(self, message: dict[str, str]) -> ExportRecord:
        """Returns the export in a message."""
        return ExportRecord.model_validate_json(message["export"])

    def delete_file(self, record: ExportRecord) -> None:
        """Deletes the file of an export, as the bucket's lifecycle does."""
        config.s3().delete_object(Bucket=self.settings.bucket_name, Key=export_key(record))

    def file(self, record: ExportRecord) -> str:
        """Returns the text of an export's file."""
        return file_text(self.settings.bucket_name, record)


def new_export(account: str, **options: Any) -> ExportRecord:
    """Returns the record of a new export."""
    return NewExport.model_validate({"account_id": account, **options}).record("user:ann")


def file_text(bucket: str, record: ExportRecord) -> str:
    """Returns the text of an export's file, without its byte order mark."""
    body = boto3.client("s3").get_object(Bucket=bucket, Key=export_key(record))["Body"].read()
    return (gzip.decompress(body) if record.format == "csv.gz" else body).decode("utf-8-sig")


def add_members(services: Services, people: Sequence[NewMember]) -> list[Member]:
    """Adds members; returns them in the order of their names."""
    write_rows(services.table, member_rows(people), in_flight=2)
    found = (services.members.get(MemberKey(one.account_id, one.client_member_id)) for one in people)
    return sorted(found, key=name_order)
