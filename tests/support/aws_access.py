"""Records what is asked of AWS's services, and compares it with the policies of the functions."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatchcase
from typing import Any

from chalicelib import config
from tests.support import PROJECT

# An action such as dynamodb:GetItem, and what it is used on: a partition key or index of the table, a key of the
# bucket, a queue, a topic.
Access = tuple[str, str]
# Of S3's operations whose action has another name ("Required permissions for Amazon S3 API operations").
S3_ACTIONS = {
    "HeadObject": "GetObject",
    **dict.fromkeys(("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"), "PutObject"),
}
# What AWS does in the name of a function, without a call of its own.
BY_AWS = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}


@contextmanager
def aws_access() -> Iterator[set[Access]]:
    """Yields the set of what this process asks of AWS meanwhile, presigned links included."""
    found: set[Access] = set()

    def note_table(model: Any, params: dict[str, Any], **_: Any) -> None:
        found.update(_of_table(model.name, json.loads(params["body"])))

    def note_other(model: Any, params: dict[str, Any], **_: Any) -> None:
        found.update(_of_other(model.name, params))

    with ExitStack() as stack:
        for client, event, note in (
            (config.dynamodb(), "before-call.dynamodb", note_table),
            (config.s3(), "before-parameter-build.s3", note_other),
            (config.sqs(), "before-parameter-build.sqs", note_other),
            (config.sns(), "before-parameter-build.sns", note_other),
        ):
            events: Any = client.meta.events
            events.register_last(event, note, unique_id="aws_access")
            stack.callback(events.unregister, event, note, unique_id="aws_access")
        yield found


def _of_table(operation: str, body: dict[str, Any]) -> Iterator[Access]:
    """Yields what IAM checks for one request ("Amazon DynamoDB transactions: how it works" for transactions)."""
    if operation == "TransactWriteItems":
        for write in body["TransactItems"]:
            [(verb, single)] = write.items()
            yield f"dynamodb:{verb}Item", _partition(single)
    elif operation == "BatchGetItem":
        for table in body["RequestItems"].values():
            yield from (("dynamodb:BatchGetItem", key["pk"]["S"]) for key in table["Keys"])
    elif "IndexName" in body:
        yield f"dynamodb:{operation}", body["IndexName"]
    elif operation == "Query":
        yield "dynamodb:Query", body["ExpressionAttributeValues"][":pk"]["S"]
    else:
        yield f"dynamodb:{operation}", _partition(body)


def _partition(body: dict[str, Any]) -> str:
    item = body.get("Key") or body.get("Item")
    return item["pk"]["S"] if item else "the table itself"


def _of_other(operation: str, params: Mapping[str, Any]) -> Iterator[Access]:
    """Yields what IAM checks for one request to the bucket, a queue or the topic."""
    settings = config.settings()
    if "QueueUrl" in params:
        queues = {getattr(settings, f"{name}_queue_url"): name for name in ("split", "load", "export")}
        yield f"sqs:{operation}", f"{queues[params['QueueUrl']].title()}Queue"
    elif "TopicArn" in params:
        yield f"sns:{operation}", "NoticeTopic"
    elif params["Key"] != "any":  # of the link whose host alone is looked at
        action = S3_ACTIONS.get(operation, operation)
        if "VersionId" in params:
            action = {"GetObject": "GetObjectVersion", "PutObjectTagging": "PutObjectVersionTagging"}[action]
        yield f"s3:{action}", params["Key"]


def statements(function: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yields the id of each statement of a function's policy, its actions, and patterns of what they are used on.

    What AWS does in the name of the function, and its log, are left out.
    """
    policy = json.loads((PROJECT / ".chalice" / f"policy-{function}.json").read_text(encoding="utf-8"))
    for statement in policy["Statement"]:
        actions = [one for one in statement["Action"] if one not in BY_AWS]
        if statement["Sid"] != "WriteItsOwnLogs":
            yield statement["Sid"], actions, list(_patterns(statement))


def _patterns(statement: Mapping[str, Any]) -> Iterator[str]:
    named = statement["Resource"]
    for resource in named if isinstance(named, list) else [named]:
        match resource:
            case {"Fn::GetAtt": ["Table", _]}:
                for condition in statement.get("Condition", {"": {"dynamodb:LeadingKeys": ["*"]}}).values():
                    yield from condition["dynamodb:LeadingKeys"]
            case {"Fn::GetAtt": [name, _]}:
                yield name
            case {"Fn::Sub": str(arn)}:  # of an index, or of the bucket and its keys
                yield arn.rpartition("/index/")[2] if "/index/" in arn else arn.partition("/")[2]


def compare(function: str, found: set[Access]) -> tuple[set[Access], set[str]]:
    """Returns what a function did without a right, and the parts of its policy that it did not use.

    These are actions that a statement allows on nothing that was used, and what it names for no action.
    """
    refused, unused = set(found), set()
    for name, actions, patterns in statements(function):
        used = {
            (access, pattern)
            for access in found
            for pattern in patterns
            if access[0] in actions and fnmatchcase(access[1], pattern)
        }
        refused -= {access for access, _ in used}
        unused |= {f"{name}: {one}" for one in actions if one not in {access[0] for access, _ in used}}
        unused |= {f"{name}: {one}" for one in patterns if one not in {pattern for _, pattern in used}}
    return refused, unused
