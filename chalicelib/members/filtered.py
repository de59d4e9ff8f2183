"""Finds members of an account by what no key has, by reading all of them: a time, the end of a phone number.

An index by either would make each create a fifth dearer (docs/decisions/9-changes-by-reading.md). DynamoDB filters,
so only members that may match are sent.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table
from chalicelib.fields.text import SEPARATOR

from .items import SHARDS, shard_of
from .name_index import shard_query

READ_SIZE = 2000  # members per query, about 1 MB, which is DynamoDB's limit
MAX_QUERIES = 10  # per page; those of an empty shard cost little


class Filter(NamedTuple):
    """What DynamoDB looks for: members written since a time, with these digits in their phone number; "" for any."""

    since: str = ""
    digits: str = ""

    def arguments(self) -> dict[str, Any]:
        """Returns the FilterExpression of a Query, and its values."""
        conditions = {
            ":since": ("last_modified >= :since", self.since),
            ":digits": ("contains(phone_number, :digits)", self.digits),
        }
        asked = {name: (text, value) for name, (text, value) in conditions.items() if value}
        return {
            "FilterExpression": " AND ".join(text for text, _ in asked.values()),
            "ExpressionAttributeValues": {name: {"S": value} for name, (_, value) in asked.items()},
        }


class FilteredMembers:
    """The members of one table that pass a filter, and `accept`, which decides what a filter cannot."""

    def __init__(self, table: Table, wanted: Filter, accept: Callable[[Item], bool]) -> None:
        self._table = table
        self._filter = wanted.arguments()
        self._accept = accept

    def page(self, account_id: str, prefix: str, after: str, limit: int) -> tuple[list[Item], str | None]:
        """Returns at most `limit` members, shard by shard, and the place after which the next page starts.

        The place is a `name_order`, None on the last page. A page holds fewer members, or none, if few match.
        `prefix` is the start of their last names, folded.
        """
        shard = _shard_of_place(after) if after else 0
        found: list[Item] = []
        queries = 0
        while queries < MAX_QUERIES or not after:
            page = self._query(account_id, shard, prefix, after)
            queries += 1
            accepted = [item for item in page["Items"] if self._accept(item)]
            room = limit - len(found)
            found += accepted[:room]
            if len(accepted) > room:
                return found, found[-1]["name_order"]["S"]
            if "LastEvaluatedKey" in page:
                after = page["LastEvaluatedKey"]["name_order"]["S"]
            elif shard == SHARDS - 1:
                return found, None
            else:
                shard, after = shard + 1, ""
        return found, after

    def _query(self, account_id: str, shard: int, prefix: str, after: str) -> Mapping[str, Any]:
        """Returns the members that pass the filter among the next ones of a shard after a place in it."""
        query = shard_query(account_id, shard, prefix, after)
        values = query["ExpressionAttributeValues"] | self._filter["ExpressionAttributeValues"]
        return self._table.query(
            **query | self._filter | {"ExpressionAttributeValues": values}, Limit=READ_SIZE
        )


def _shard_of_place(name_order: str) -> int:
    return shard_of(name_order.rpartition(SEPARATOR)[2])
