"""Finds members of an account by first and last name, through the index by last name."""

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table

from .items import SHARDS
from .name_index import shard_query
from .person_names import NameStart

MAX_QUERIES = 6  # of each shard for a page, one after another, and for each reading of the name
MAX_SIZE = 400  # members of one query, about 130 kB
Accept = Callable[[Item], bool]


class _Source(NamedTuple):
    """The members of one shard of an account whose names have a start."""

    account_id: str
    shard: int
    start: NameStart

    def query(self, place: str) -> dict[str, Any]:
        """Returns the query for the next ones after a place."""
        return shard_query(self.account_id, self.shard, self.start.last, self.start.seek(place))


class NameSearch:
    """The searches by name in one table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._pool = ThreadPoolExecutor(SHARDS)  # starts no thread before its first use

    def page(
        self, account_id: str, starts: Iterable[NameStart], accept: Accept, after: str, limit: int
    ) -> tuple[list[Item], str | None]:
        """Returns at most `limit` members in name order with one of these starts, and the place of the next page.

        `accept` decides which of them are found. The place is a `name_order`, None on the last page. A page may be
        short, or empty, where a start of many last names has few members with such a first name.
        """
        sources = [_Source(account_id, shard, start) for start in starts for shard in range(SHARDS)]
        results = list(self._pool.map(lambda source: self._read(source, accept, after, limit), sources))
        # One that was not read to its end is known up to a place. What others have after it may not be next.
        reached = min((place for _, place in results if place), default=None)
        found = {
            order: item
            for items, _ in results
            for item in items
            if (order := item["name_order"]["S"]) <= (reached or order)
        }
        page = sorted(found)[:limit]
        return [found[order] for order in page], page[-1] if len(found) > limit else reached

    def _read(self, source: _Source, accept: Accept, after: str, limit: int) -> tuple[list[Item], str | None]:
        """Returns some members of a source, and the place up to which these are all; None at its end."""
        share = limit / SHARDS
        enough = size = math.ceil(share + 2 * math.sqrt(share))  # a shard seldom has more of the page
        found: list[Item] = []
        place = max(after, source.start.last)
        for _ in range(MAX_QUERIES):
            page = self._table.query(**source.query(place), Limit=size)
            found += filter(accept, page["Items"])
            if "LastEvaluatedKey" not in page:
                return found, None
            place = page["LastEvaluatedKey"]["name_order"]["S"]
            if len(found) >= enough:
                break
            size = min(2 * size, MAX_SIZE)
        return found, place
