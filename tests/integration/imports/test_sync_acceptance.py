"""A sync of a large account: what is removed, held, and kept. SYNC_ROWS=100000 makes it larger."""

import os

import pytest

from chalicelib.members.model import MemberKey
from tests.support.people import set_fields
from tests.support.pipeline import Pipeline
from tests.support.syncs import ids_of, roster

ROWS = int(os.environ.get("SYNC_ROWS", "2000"))
SMALL_PART, LARGE_PART = ROWS * 3 // 100, ROWS * 8 // 100  # left out; the limit is 5 %


@pytest.fixture(scope="module")
def account() -> str:
    """An account that all tests share: each syncs it back to all of its members."""
    return f"sync-{ROWS}"


@pytest.fixture
def full(pipeline: Pipeline, account: str) -> Pipeline:
    """The pipeline, with all members in the account, and without removals of the last day."""
    pipeline.services.table.delete({"pk": {"S": f"SYNC#{account}"}, "sk": {"S": "SYNC"}})
    pipeline.run("drops/upsert/all.csv", roster(account, range(ROWS)))
    return pipeline


def test_three_percent_are_removed(full: Pipeline, account: str) -> None:
    done = full.run("drops/sync/a.csv", roster(account, range(SMALL_PART, ROWS)))
    assert (done.status, done.counts.removed) == ("completed", SMALL_PART)
    assert len(ids_of(full, account)) == ROWS - SMALL_PART


def test_eight_percent_are_held_and_removed_after_approval(full: Pipeline, account: str) -> None:
    held = full.run("drops/sync/a.csv", roster(account, range(LARGE_PART, ROWS)))
    assert (held.status, held.counts.removed) == ("awaiting_approval", 0)
    changed = MemberKey(account, "m0")
    full.services.members.change(changed, set_fields(last_name="Vole"))
    full.imports.approvals.approve(held.id)
    assert full.drain(held.id).counts.removed == LARGE_PART - 1
    assert len(ids_of(full, account)) == ROWS - LARGE_PART + 1
    full.services.members.delete(changed)


def test_one_unreadable_id_keeps_all(full: Pipeline, account: str) -> None:
    text = roster(account, range(SMALL_PART, ROWS)) + f"Ann,Lee,3235550000,,{account}\n"
    done = full.run("drops/sync/a.csv", text)
    assert (done.status, done.counts.removed) == ("completed", 0)
    assert len(ids_of(full, account)) == ROWS
