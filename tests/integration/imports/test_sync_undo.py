"""Taking syncs back: their rows, and the members that they removed."""

import pytest

from chalicelib.errors import NotUndoable
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.people import phone
from tests.support.pipeline import Pipeline, counts
from tests.support.syncs import fill, roster
from tests.support.tables import members_of
from tests.support.undo_runs import kept, undo


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("chunk_size", [256, 1_000_000])
def test_undo_of_a_sync_brings_removed_members_back(account: str, chunk_size: int) -> None:
    """Also those whose numbers other rows of the file have got."""
    pipeline = Pipeline(chunk_size=chunk_size)
    fill(pipeline, account, 20)
    before = members_of(account)
    rows = f"New,Mouse,{phone(17)},new,{account}\nM,One,{phone(18)},m1,{account}\nM,Two,,m2,{account}\n"
    done = pipeline.run("drops/sync/a.csv", roster(account, [0, *range(3, 16)]) + rows)
    assert (done.counts.created, done.counts.updated, done.counts.removed) == (1, 2, 4)
    after = members_of(account)

    rehearsed = undo(pipeline, done, dry_run=True)
    assert members_of(account) == after
    undone = undo(pipeline, done)

    assert kept(members_of(account)) == kept(before)
    found = counts(undone)
    assert found == counts(rehearsed)
    assert (found["rows"], found["created"], found["updated"], found["deleted"]) == (7, 4, 2, 1)
    assert pipeline.changes(undone.id) == pipeline.changes(rehearsed.id)

    undo(pipeline, undone)
    assert kept(members_of(account)) == kept(after)


def test_removed_member_that_is_back_stays(pipeline: Pipeline, table: MemberRepository, account: str) -> None:
    fill(pipeline, account, 4)
    done = pipeline.run("drops/sync/a.csv", roster(account, [0, 1]))
    assert (done.counts.unchanged, done.counts.removed) == (2, 2)
    table.restore(MemberKey(account, "m2"), by="user:eve")
    restored = members_of(account)["m2"]
    table.erase(MemberKey(account, "m3"))

    undone = undo(pipeline, done)

    assert members_of(account)["m2"] == restored
    assert (undone.counts.unchanged, undone.changed_since) == (1, 1)
    assert {row["changed_by"] for row in pipeline.changes(undone.id)} == {"user:eve", ""}
    [row] = pipeline.rejected(undone.id)
    assert (row["code"], row["client_member_id"], row["import_line"]) == ("no_history", "m3", "")


@pytest.mark.usefixtures("settings")
def test_approved_removals_are_taken_back(account: str) -> None:
    pipeline = Pipeline(max_removed=1, max_removed_percent=0)
    fill(pipeline, account, 4)
    before = members_of(account)
    waits = pipeline.run("drops/sync/a.csv", roster(account, [0, 1]))
    with pytest.raises(NotUndoable):
        pipeline.imports.undo(waits, None)
    pipeline.imports.approvals.approve(waits.id)
    done = pipeline.drain(waits.id)
    assert done.counts.removed == 2

    undone = undo(pipeline, done)

    assert undone.counts.created == 2
    assert kept(members_of(account)) == kept(before)
