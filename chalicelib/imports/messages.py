"""Sends the messages of imports: the next step to the queue, the end to the topic."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .model import ImportRecord

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class Messenger:
    """Sends to the queue of steps, from which a worker takes one at a time, and to the topic of ended imports."""

    sqs: "SQSClient"
    queue_url: str
    sns: "SNSClient"
    topic_arn: str | None  # None for a deployment without a topic

    def send_step(self, record: ImportRecord) -> None:
        """Queues the step at the import's position."""
        message = json.dumps({"import": record.id, "step": record.position})
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=message)

    def send_notice(self, record: ImportRecord) -> None:
        """Publishes the end of an import."""
        if self.topic_arn:
            subject = f"Rollcall import {record.id}: {record.status}"
            message = record.shown().model_dump_json()
            self.sns.publish(TopicArn=self.topic_arn, Subject=subject, Message=message)
