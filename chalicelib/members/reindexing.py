"""Brings a table to the name order of this version: members that an earlier one wrote may have other folded names.

The index by_account is read in segments, and members under another key than theirs get it, each by one conditional
write. Nothing else of a member changes: neither its version nor its history. A member that somebody changes meanwhile
gets its key by that write. So it can run beside everything else, stop anywhere, and run again.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.segments import handle_pages
from chalicelib.dynamodb.table import Table

from .items import INDEX, member_key, member_key_of, name_order_of

SEGMENTS = 16  # read at a time, each by a thread that also writes


class Reindexed(NamedTuple):
    """How many members were read, had another key and got theirs, and were changed or deleted just before that."""

    read: int = 0
    moved: int = 0
    changed: int = 0


def reindexed(table: Table, segments: int = SEGMENTS) -> Iterator[Reindexed]:
    """Gives each member its key; yields what is done so far after each page. Raises Busy."""
    read, moved, changed = Reindexed()
    pages = handle_pages(
        table,
        segments,
        partial(_correct, table),
        IndexName=INDEX,
        ProjectionExpression="pk, sk, name_order, last_name, first_name",
    )
    for page in pages:
        read, moved, changed = read + page.read, moved + page.moved, changed + page.changed
        yield Reindexed(read, moved, changed)


def _correct(table: Table, items: Sequence[Item]) -> Reindexed:
    """Gives the members in these items their keys."""
    wrong = [item for item in items if item["name_order"]["S"] != name_order_of(item)]
    moved = sum(_move(table, item) for item in wrong)
    return Reindexed(len(items), moved, len(wrong) - moved)


def _move(table: Table, item: Item) -> bool:
    """Gives a member its key. Returns False if it was renamed or deleted since it was read.

    The key depends on the names and on what no write changes, so no more than the names must be unchanged.
    """
    updated = table.update(
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
