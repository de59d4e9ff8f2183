"""Brings a table to the name order of this version: members that an earlier one wrote may have other folded names.

The index by_account is read in segments, and members under another key than theirs get it, each by one conditional
write. Nothing else of a member changes: neither its version nor its history. A member that somebody changes meanwhile
gets its key by that write. So it can run beside everything else, stop anywhere, and run again.
"""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, NamedTuple

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Throttled

from .items import INDEX, member_key, member_key_of, name_order_of

SEGMENTS = 16  # read at a time, each by a thread that also writes
SHOW_SECONDS = 1.0


class Reindexed(NamedTuple):
    """How many members were read, had another key and got theirs, and were changed or deleted just before that."""

    read: int = 0
    moved: int = 0
    changed: int = 0


class Reindexer:
    """One run over a table. `segments` are read at a time."""

    def __init__(self, table: Table, segments: int = SEGMENTS) -> None:
        self._table = table
        self._segments = segments
        self._done = Reindexed()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, show: Callable[[Reindexed], None] = lambda _: None) -> Reindexed:
        """Gives each member its key. `show` gets what is done so far, every second.

        Raises Busy if the table cannot be reached. Where it is throttled, this goes on.
        """
        with ThreadPoolExecutor(self._segments) as pool:
            running = {pool.submit(self._run_segment, segment) for segment in range(self._segments)}
            try:
                while running:
                    ended, running = wait(running, SHOW_SECONDS)
                    for segment in ended:
                        segment.result()
                    show(self._done)
            finally:
                self._stopped = True  # a failure or Ctrl-C ends the other segments at their next page
        return self._done

    def _run_segment(self, segment: int) -> None:
        """Reads the pages of one segment of the index ("Working with scans in DynamoDB", parallel scan)."""
        scan: dict[str, Any] = {
            "IndexName": INDEX,
            "ProjectionExpression": "pk, sk, name_order, last_name, first_name",
            "Segment": segment,
            "TotalSegments": self._segments,
        }
        while not self._stopped:
            try:
                page = self._table.scan(**scan)
                self._correct(page["Items"])
            except Throttled:
                continue  # the table has retried for seconds: read the page again, what is done stays
            self._count(read=len(page["Items"]))
            if "LastEvaluatedKey" not in page:
                return
            scan["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _correct(self, items: Iterable[Item]) -> None:
        """Gives the members in these items their keys."""
        for item in items:
            if item["name_order"]["S"] == name_order_of(item) or self._stopped:
                continue
            if self._move(item):
                self._count(moved=1)
            else:
                self._count(changed=1)

    def _count(self, read: int = 0, moved: int = 0, changed: int = 0) -> None:
        with self._lock:
            done = self._done
            self._done = Reindexed(done.read + read, done.moved + moved, done.changed + changed)

    def _move(self, item: Item) -> bool:
        """Gives a member its key. Returns False if it was renamed or deleted since it was read.

        The key depends on the names and on what no write changes, so no more than the names must be unchanged.
        """
        updated = self._table.update(
            member_key(*member_key_of(item)),
            UpdateExpression="SET name_order = :order",
            ConditionExpression="last_name = :last AND first_name = :first",
            ExpressionAttributeValues={
                ":order": {"S": name_order_of(item)},
                ":last": item["last_name"],
                ":first": item["first_name"],
            },
            ReturnValues="NONE",
        )
        return updated is not None
