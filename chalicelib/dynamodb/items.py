"""Items in DynamoDB's JSON form, and their keys."""

from collections.abc import Mapping
from typing import Any

Item = dict[str, Any]  # {"pk": {"S": "…"}, "sk": {"S": "…"}, …}


def key_of(pk: str, sk: str) -> Item:
    """Returns the key of an item."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def key_pair(item: Mapping[str, Any]) -> tuple[str, str]:
    """Returns (partition key, sort key) of an item or of its key."""
    return item["pk"]["S"], item["sk"]["S"]
