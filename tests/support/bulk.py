"""Writes rows through the bulk writer of an import, for its tests."""

import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib import config
from chalicelib.dynamodb.table import Table
from chalicelib.imports.bulk_writer import BulkWriter
from chalicelib.imports.model import Mode
from chalicelib.imports.outcomes import MemberRow, Outcome
from chalicelib.members.model import Member, NewMember

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


CHECKPOINTS: dict[tuple[str, str], Mapping[int, Outcome]] = {}  # by import and account, for repeated loads


def load(
    people: Sequence[NewMember],
    mode: Mode = "create",
    import_id: str = "",
    client: "DynamoDBClient | None" = None,
    table_name: str = "",
) -> list[Outcome]:
    """Writes people as the lines of a file, from line 2 on; returns the outcomes in their order."""
    client, table_name = client or config.dynamodb(), table_name or config.settings().table_name
    import_id = import_id or uuid.uuid4().hex
    chunk = import_id, "".join(one.account_id for one in people[:1])

    def save(outcomes: Mapping[int, Outcome]) -> None:
        CHECKPOINTS[chunk] = dict(outcomes)

    known = CHECKPOINTS.get(chunk)
    writer = BulkWriter(Table(client, table_name), import_id, mode, 4, known=known, save_checkpoint=save)
    rows = member_rows(people)
    outcomes = writer.write(rows)
    assert outcomes.keys() == {row.line for row in rows}
    return [outcomes[row.line] for row in rows]


def member_rows(people: Sequence[NewMember]) -> list[MemberRow]:
    """Returns people as the rows of a file, from line 2 on."""
    return [MemberRow(line, new) for line, new in enumerate(people, 2)]


def codes(outcomes: Sequence[Outcome]) -> list[str]:
    """Returns the code of each rejected row, and the outcome of each other."""
    return [outcome.code or outcome.outcome for outcome in outcomes]


def without_account(member: Member) -> dict[str, str]:
    """Returns a member's writable fields but the account."""
    return {name: value for name, value in member.writable().items() if name != "account_id"}
