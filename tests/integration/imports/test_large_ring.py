"""A ring of phone numbers that is applied in parts, and whose worker dies between two of them."""

from contextlib import suppress

import pytest

from chalicelib import config
from chalicelib.imports.records.steps import Step
from chalicelib.members.repository import MemberRepository
from tests.support.people import person, phone
from tests.support.pipeline import HEADER, KilledError, Pipeline, dies
from tests.support.tables import members_of
from tests.support.undo_runs import kept, undo

SIZE = 80  # three parts


@pytest.mark.parametrize("spared", [6, 7])  # of the transactions: until one or two parts are written
def test_interrupted_ring_is_applied_and_taken_back(
    pipeline: Pipeline, table: MemberRepository, account: str, spared: int
) -> None:
    for n in range(SIZE):
        table.create(person(account, n))
    before = members_of(account)
    rows = (f",,{phone((n + 1) % SIZE).removeprefix('+1')},m{n},{account}\n" for n in range(SIZE))
    record = pipeline.split("drops/upsert/a.csv", HEADER + "".join(rows))
    with dies(config.dynamodb(), "dynamodb.TransactWriteItems", spared), suppress(KilledError):
        pipeline.imports.step(record.id, Step("load"))
    assert 0 < pipeline.repository.get(record.id).counts.updated < SIZE
    done = pipeline.drain(record.id)
    assert done.counts.updated == SIZE
    assert [member.phone_number for member in members_of(account).values()] != [
        member.phone_number for member in before.values()
    ]
    undo(pipeline, done)
    assert kept(members_of(account)) == kept(before)
