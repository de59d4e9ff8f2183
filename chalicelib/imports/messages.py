"""Sends the messages of imports: the next step to the queue, the end to the topic."""

import json
from typing import TYPE_CHECKING

from .model import ImportRecord

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient


class StepQueue:
    """The queue of steps; a worker takes one at a time."""

    def __init__(self, sqs: "SQSClient", queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def send(self, record: ImportRecord) -> None:
        """Queues the step at the import's position."""
        message = json.dumps({"import": record.id, "step": record.position})
        self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=message)


class Notifier:
    """The topic that gets a message when an import ends; None for a deployment without one."""

    def __init__(self, sns: "SNSClient", topic_arn: str | None) -> None:
        self._sns = sns
        self._topic_arn = topic_arn

    def notify(self, record: ImportRecord) -> None:
        """Publishes the end of an import."""
        if self._topic_arn:
            self._sns.publish(
                TopicArn=self._topic_arn,
                Subject=f"Rollcall import {record.id}: {record.status}",
                Message=record.shown().model_dump_json(),
            )
