"""Rows per CPU second of the load step, against a simple loop with one transaction for each row.

The transport is stubbed, so only this process's work counts. The loop uses csv.DictReader, the same validation of
each row, and boto3's transact_write_items with the same two puts. All of it runs on one core, as a function of
1,769 MB has one ("Configure Lambda function memory" in the Lambda documentation): on two, threads hand each other the
interpreter from core to core, which takes 3 µs a row.
"""

import csv
import io
import os
import time
from collections.abc import Callable
from typing import Any

import boto3

from bench.stub import attach_stub, round_count, row_count
from chalicelib import config
from chalicelib.clock import now
from chalicelib.dynamodb.table import Table
from chalicelib.fields.phone import PhoneRule
from chalicelib.fields.validation import validate
from chalicelib.imports.rows.columns import Header
from chalicelib.imports.rows.member_row import MemberRow
from chalicelib.imports.rows.row_context import Mode, RowContext
from chalicelib.imports.rows.row_hashes import find_dependencies, hash_rows
from chalicelib.imports.running.garbage import freeze_modules
from chalicelib.imports.text.csv_reader import Chunk, rows
from chalicelib.imports.writing.chunk_writer import ChunkWriter, DryRunWriter
from chalicelib.members.items import to_claim, to_item
from chalicelib.members.model import NewMember, new_member
from tools.roster import COLUMNS, Roster

ROWS = 5_000  # about one chunk of the default size
TRIES = 7  # the best one counts: other processes share the cores


def main() -> None:
    """Measure and print."""
    _use_one_core()
    stub = attach_stub()
    freeze_modules()  # as a worker does
    plain = boto3.client("dynamodb")
    stub.attach(plain)
    count = row_count(ROWS)
    text = io.StringIO()
    Roster(count, accounts=3).write(text)
    small = "".join(text.getvalue().splitlines(keepends=True)[: count // 5 + 1])

    bulk, dry, loop = 0.0, 0.0, 0.0
    for _ in range(round_count(TRIES)):
        bulk = max(bulk, _rate(lambda all_rows: in_bulk(all_rows, "create"), text.getvalue(), count))
        dry = max(dry, _rate(lambda all_rows: in_bulk(all_rows, "validate"), text.getvalue(), count))
        loop = max(loop, _rate(lambda part: row_by_row(part, plain), small, count // 5))
    for name, rate in (("load", bulk), ("dry run", dry)):
        print(
            f"load: {name}: {rate:,.0f} rows per CPU second, one transaction for each row {loop:,.0f}: "
            f"{rate / loop:.1f}x"
        )


def in_bulk(text: str, mode: Mode) -> None:
    """Parse, validate, compare and write as the load step does; a dry run reads instead of writing."""
    found = list(rows(Chunk(1, text)))[1:]
    header, rule = Header(COLUMNS), PhoneRule()
    read = (header.member_row(row, rule) for row in found)
    member_rows = [row for row in read if isinstance(row, MemberRow)]
    hashes = hash_rows(member_rows)
    dependencies = find_dependencies(lambda: [hashes], len(member_rows))
    settings = config.settings()
    table = Table(config.dynamodb(), settings.table_name)
    dry_run = mode == "validate"
    kind = DryRunWriter if dry_run else ChunkWriter
    writer = kind(
        table, RowContext("bench", "create", now(), dry_run), settings.writes_in_flight, dependencies
    )
    with writer.writing(member_rows) as parts:
        assert sum(map(len, parts)) == len(found)


def row_by_row(text: str, client: Any) -> None:
    """Parse, validate and write with a simple loop."""
    rule = PhoneRule()
    for row in csv.DictReader(io.StringIO(text)):
        del row["id"]
        member = new_member(validate(NewMember, row, rule))
        new = {
            "TableName": "bench",
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        items = to_item(member), to_claim(member)
        client.transact_write_items(TransactItems=[{"Put": {**new, "Item": item}} for item in items])


def _use_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):  # not on macOS
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _rate(work: Callable[[str], None], text: str, count: int) -> float:
    """Return the rows per second of this process's CPU time, in a second run: the interpreter adapts to the work."""
    work(text)
    started = time.process_time()
    work(text)
    return count / (time.process_time() - started)


if __name__ == "__main__":
    main()
