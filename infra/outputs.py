"""The outputs of a stack, as the settings of services that work outside Lambda."""

from collections.abc import Mapping

from chalicelib.config import Settings


def settings_of(outputs: Mapping[str, str]) -> Settings:
    """Returns the settings of a stack. Raises KeyError if an output is missing."""
    return Settings(
        table_name=outputs["TableName"],
        bucket_name=outputs["BucketName"],
        split_queue_url=outputs["SplitQueueUrl"],
        load_queue_url=outputs["LoadQueueUrl"],
        export_queue_url=outputs["ExportQueueUrl"],
        notice_topic_arn=outputs.get("NoticeTopicArn"),
    )
