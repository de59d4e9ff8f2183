"""Sends the messages of imports: to be split, the next step to load, and the end."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .model import ImportRecord
from .steps import Step

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class Messenger:
    """Sends to the queues, from which a worker takes one message at a time, and to the topic of ended imports."""

    sqs: "SQSClient"
    split_queue_url: str
    load_queue_url: str
    sns: "SNSClient"
    topic_arn: str | None  # None for a deployment without a topic

    def send_split(self, record: ImportRecord) -> None:
        """Queues the split of the import's file."""
        self._send(self.split_queue_url, {"import": record.id})

    def send_step(self, import_id: str, step: Step, delay: int = 0) -> None:
        """Queues a step, to be done after `delay` seconds."""
        self._send(self.load_queue_url, {"import": import_id, **step._asdict()}, delay)

    def _send(self, queue_url: str, message: dict[str, str | int], delay: int = 0) -> None:
        self.sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(message), DelaySeconds=delay)

    def send_notice(self, record: ImportRecord) -> None:
        """Publishes that an import has ended or waits for approval, with attributes for filters of subscriptions."""
        if self.topic_arn:
            subject = f"Rollcall import {record.id}: {record.status}"
            message = record.shown().model_dump_json()
            values = {"status": record.status, "mode": record.mode, "account": record.only_account}
            self.sns.publish(
                TopicArn=self.topic_arn,
                Subject=subject,
                Message=message,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in values.items()
                    if value
                },
            )
