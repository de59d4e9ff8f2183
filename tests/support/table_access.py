"""Records what is asked of the table, and compares it with the policies of the functions."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

from chalicelib import config
from tests.support import PROJECT

Access = tuple[str, str]  # an action such as dynamodb:GetItem, and a partition key, or the name of an index
ANY = {"": {"dynamodb:LeadingKeys": ["*"]}}  # of a statement without a condition


@contextmanager
def table_access() -> Iterator[set[Access]]:
    """Yields the set of what this process does to the table meanwhile."""
    found: set[Access] = set()

    def note(model: Any, params: dict[str, Any], **_: Any) -> None:
        found.update(_accesses(model.name, json.loads(params["body"])))

    events = config.dynamodb().meta.events
    events.register_last("before-call.dynamodb", note, unique_id="table_access")
    try:
        yield found
    finally:
        events.unregister("before-call.dynamodb", note, unique_id="table_access")


def _accesses(operation: str, body: dict[str, Any]) -> Iterator[Access]:
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


def permissions(function: str) -> set[Access]:
    """Returns the (action, pattern of partition keys or of indexes) that a function's policy allows on the table."""
    policy = json.loads((PROJECT / ".chalice" / f"policy-{function}.json").read_text(encoding="utf-8"))
    found: set[Access] = set()
    for statement in policy["Statement"]:
        match statement["Resource"]:
            case {"Fn::GetAtt": ["Table", "Arn"]}:
                [patterns] = [
                    condition["dynamodb:LeadingKeys"]
                    for condition in statement.get("Condition", ANY).values()
                ]
            case {"Fn::Sub": str(arn)} if arn.startswith("${Table.Arn}/index/"):
                patterns = [arn.rpartition("/")[2]]
            case _:
                continue
        found.update((action, pattern) for action in statement["Action"] for pattern in patterns)
    return found


def allows(permission: Access, access: Access) -> bool:
    """Returns whether a permission is one for this access."""
    return permission[0] == access[0] and fnmatchcase(access[1], permission[1])
