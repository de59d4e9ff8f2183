"""Writes rows as the steps of an import do: the independent ones, then the others."""

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib import config
from chalicelib.clock import now
from chalicelib.dynamodb.table import Table
from chalicelib.imports.records.import_ids import event_import_id
from chalicelib.imports.records.model import ImportRecord, Source
from chalicelib.imports.records.repository import ImportRepository
from chalicelib.imports.rows.member_row import MemberRow, encode_row
from chalicelib.imports.rows.outcomes import DEFERRED, Outcome
from chalicelib.imports.rows.row_context import Mode
from chalicelib.imports.rows.row_hashes import find_dependencies, hash_rows
from chalicelib.imports.writing.chunk_writer import ChunkWriter
from chalicelib.imports.writing.resolver import Resolver
from chalicelib.members.model import Member, NewMember

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def load(
    people: Sequence[NewMember],
    mode: Mode = "create",
    import_id: str = "",
    client: "DynamoDBClient | None" = None,
    table_name: str = "",
    arrived_at: str = "",
) -> list[Outcome]:
    """Writes people as the lines of a file, from line 2 on; returns the outcomes in their order."""
    table = Table(client or config.dynamodb(), table_name or config.settings().table_name)
    rows = member_rows(people)
    outcomes = write_rows(table, rows, mode, import_id or uuid.uuid4().hex, arrived_at=arrived_at)
    assert outcomes.keys() == {row.line for row in rows}
    return [outcomes[row.line] for row in rows]


def write_rows(
    table: Table,
    rows: Sequence[MemberRow],
    mode: Mode = "create",
    import_id: str = "",
    in_flight: int = 4,
    arrived_at: str = "",
    of: str = "",
) -> dict[int, Outcome]:
    """Writes the rows of a file as the steps of an import do; returns the outcomes by line.

    `of` is the import that an undo takes back.
    """
    import_id = import_id_of(import_id or uuid.uuid4().hex)
    source = Source(bucket="", key="")
    record = ImportRecord(
        id=import_id,
        status="loading",
        mode=mode,
        source=source,
        created_at=arrived_at or now(),
        of=of or None,
    )
    resolver = Resolver(table, record.row_context, in_flight)
    repeated = not ImportRepository(table).add(record)
    outcomes = resolver.settled() if repeated else {}
    dependencies = find_dependencies(lambda: [hash_rows(rows)], len(rows))
    writer = ChunkWriter(table, record.row_context, in_flight, dependencies, repeated=repeated)
    left = [row for row in rows if row.line not in outcomes]
    with writer.writing(left) as parts:
        outcomes |= {row.line: outcome for part in parts for row, outcome in part}
    deferred = [encode_row(row) for row in left if outcomes[row.line] == DEFERRED]
    for settled in resolver.resolve(deferred):
        outcomes |= settled
    return outcomes


def import_id_of(name: str) -> str:
    """Returns the id of the import that a test calls by this name."""
    return event_import_id(Source(bucket="", key=name), "2026-01-01T00:00:00.000Z", "")


def member_rows(people: Sequence[NewMember]) -> list[MemberRow]:
    """Returns people as the rows of a file, from line 2 on."""
    return [MemberRow(line, new) for line, new in enumerate(people, 2)]


def codes(outcomes: Sequence[Outcome]) -> list[str]:
    """Returns the code of each rejected row, and the outcome of each other."""
    return [outcome.code or outcome.outcome for outcome in outcomes]


def without_account(member: Member) -> dict[str, str]:
    """Returns a member's writable fields but the account."""
    return {name: value for name, value in member.writable().items() if name != "account_id"}
