"""Finds the members of an account that were written since a time, by reading all of them.

No key has the time: an index by time would make each create a fifth dearer (docs/decisions/9-changes-by-reading.md).
DynamoDB filters, so only members that were written since are sent.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table
from chalicelib.fields.text import SEPARATOR

from .items import SHARDS, shard_of
from .name_index import shard_query

READ_SIZE = 2000  # members per query, about 1 MB, which is DynamoDB's limit
MAX_QUERIES = 10  # per page; those of an empty shard cost little


class ModifiedMembers:
    """The members of one table by the time when they were written last."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def page(
        self, account_id: str, prefix: str, since: str, after: str, limit: int
    ) -> tuple[list[Item], str | None]:
        """Returns at most `limit` members, shard by shard, and the place after which the next page starts.

        The place is a `name_order`, None on the last page. A page holds fewer members, or none, if few were
        written since. `prefix` is the start of their last names, folded.
        """
        shard = _shard_of_place(after) if after else 0
        found: list[Item] = []
        queries = 0
        while queries < MAX_QUERIES or not after:
            page = self._query(account_id, shard, prefix, since, after)
            queries += 1
            room = limit - len(found)
            found += page["Items"][:room]
            if len(page["Items"]) > room:
                return found, found[-1]["name_order"]["S"]
            if "LastEvaluatedKey" in page:
                after = page["LastEvaluatedKey"]["name_order"]["S"]
            elif shard == SHARDS - 1:
                return found, None
            else:
                shard, after = shard + 1, ""
        return found, after

    def _query(self, account_id: str, shard: int, prefix: str, since: str, after: str) -> Mapping[str, Any]:
        """Returns some members of a shard after a place in it, those that were written since a time."""
        query = shard_query(account_id, shard, prefix, after)
        values = {**query["ExpressionAttributeValues"], ":since": {"S": since}}
        return self._table.query(
            **{**query, "ExpressionAttributeValues": values},
            FilterExpression="last_modified >= :since",
            Limit=READ_SIZE,
        )


def _shard_of_place(name_order: str) -> int:
    return shard_of(name_order.rpartition(SEPARATOR)[2])
