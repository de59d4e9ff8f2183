"""DynamoDB's own form of an item."""

from typing import Any

Item = dict[str, Any]  # DynamoDB's own form: {"pk": {"S": "…"}, …}
