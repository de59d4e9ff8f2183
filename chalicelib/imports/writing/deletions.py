"""Marks of the members that an import has deleted: a member remembers the row that wrote it, a deleted one cannot.

A mark is written in the transaction that deletes. So a repeated step finds what it did, and what was there before.
"""

import time
from collections.abc import Iterable

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionalWrite, put_new
from chalicelib.imports.records.repository import detail_key
from chalicelib.imports.records.steps import KEPT_SECONDS
from chalicelib.imports.rows.member_row import MemberRow
from chalicelib.imports.rows.outcomes import Outcome, decode_outcomes, encode_outcomes

MARK = "mark"  # constraint: no earlier attempt has deleted the row's member


def mark_deletion(import_id: str, row: MemberRow, outcome: Outcome) -> ConditionalWrite:
    """Returns the write that marks a row whose member is deleted."""
    item = {
        **_key(import_id, row),
        "outcome": {"S": encode_outcomes([(row.line, outcome)]).decode()},
        "expires_at": {"N": str(int(time.time()) + KEPT_SECONDS)},
    }
    return put_new(MARK, item)


def read_mark(item: Item) -> dict[int, Outcome]:
    """Returns the outcome of a marked row, by line."""
    return decode_outcomes(item["outcome"]["S"])


def deletions_before(table: Table, import_id: str, rows: Iterable[MemberRow]) -> dict[int, Outcome]:
    """Returns the outcomes of those of the rows whose members an earlier attempt has deleted, by line."""
    found: dict[int, Outcome] = {}
    for item in table.batch_get([_key(import_id, row) for row in rows if row.deletes]):
        found |= read_mark(item)
    return found


def _key(import_id: str, row: MemberRow) -> Item:
    # The member's id in the partition key spreads the marks of an import over the table's partitions.
    return detail_key(f"{import_id}#{row.member.client_member_id}", f"DELETED#{row.line}")
