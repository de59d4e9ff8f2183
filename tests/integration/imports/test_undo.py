"""Taking imports back: what they created, changed, moved and deleted."""

import pytest

from chalicelib.imports.model import ImportRecord
from chalicelib.members.model import Member
from chalicelib.members.repository import MemberRepository
from tests.support.people import person, phone
from tests.support.pipeline import HEADER, Pipeline, counts
from tests.support.tables import members_of

SIZES = pytest.mark.parametrize("chunk_size", [256, 1_000_000])  # several chunks, one chunk
MORE = HEADER.replace("\n", ",previous id,action\n")


def undo(pipeline: Pipeline, record: ImportRecord, *, dry_run: bool = False) -> ImportRecord:
    """Takes an import back, and returns the undo, which has ended."""
    started = pipeline.imports.undo(record, "user:ann", dry_run=dry_run)
    for message in pipeline.messages(pipeline.settings.split_queue_url):
        pipeline.imports.split(message["import"])
    return pipeline.drain(started.id)


def kept(members: dict[str, Member]) -> dict[str, dict[str, object]]:
    """Returns what an undo gives back of each member."""
    apart = ("last_modified", "modified_by", "version")
    return {
        name: {field: value for field, value in vars(member).items() if field not in apart}
        for name, member in members.items()
    }


def roster(account: str) -> str:
    """Returns a file that creates, changes, moves and deletes members, and exchanges ids and numbers."""
    number = {n: phone(n).removeprefix("+1") for n in range(200)}
    rows = [f"New,Lee,{number[100 + n]},new{n},{account},," for n in range(10)]  # created
    rows += [f"Changed,Lee,{number[n]},m{n},{account},," for n in range(5)]
    rows += [f",,,m{n},{account},,delete" for n in range(5, 10)]
    rows += [f",,{number[11]},m10,{account},,", f",,{number[10]},m11,{account},,"]  # a swap of numbers
    rows += [f",,,m13,{account},m12,", f",,,m12,{account},m13,"]  # a swap of ids
    rows += [f",,{number[n + 1]},m{n},{account},," for n in range(14, 18)]  # a chain
    rows += [f",,{number[50]},m18,{account},,"]
    rows += [f",,,moved,{account},m19,", f"Anew,Lee,{number[60]},m19,{account},,"]
    rows += [f",,,m20,{account},,delete", f"Again,Lee,{number[20]},m20,{account},,"]  # deleted, then created
    rows += [f"A,B,{number[70]},x,{account},,", f"B,,,x,{account},,", f",,,x,{account},,delete"]
    return MORE + "".join(f"{row}\n" for row in rows)


@SIZES
def test_undo_gives_back_all_members(account: str, table: MemberRepository, chunk_size: int) -> None:
    pipeline = Pipeline(chunk_size=chunk_size)
    for n in range(25):
        table.create(person(account, n), by="user:bob")
    before = members_of(account)
    done = pipeline.run("drops/upsert/a.csv", roster(account))
    assert done.counts.rejected == 0
    after = members_of(account)

    rehearsed = undo(pipeline, done, dry_run=True)
    assert members_of(account) == after
    undone = undo(pipeline, done)

    assert kept(members_of(account)) == kept(before)
    assert (undone.status, undone.mode, undone.of, undone.created_by) == (
        "completed",
        "undo",
        done.id,
        "user:ann",
    )
    found = counts(undone)
    assert found == counts(rehearsed)
    assert found == {
        "rows": found["created"] + found["updated"] + found["deleted"],
        "created": 6,
        "updated": 15,
        "unchanged": 0,
        "deleted": 12,
        "rejected": 0,
    }
    assert pipeline.changes(undone.id) == pipeline.changes(rehearsed.id)

    again = undo(pipeline, done)
    assert pipeline.rejected(again.id) == []
    assert counts(again)["unchanged"] == again.changed_since == found["rows"]
    assert {row["changed_by"] for row in pipeline.changes(again.id)} == {f"import:{undone.id}"}

    redone = undo(pipeline, undone)
    assert counts(redone)["rows"] == counts(undone)["rows"]
    assert kept(members_of(account)) == kept(after)
