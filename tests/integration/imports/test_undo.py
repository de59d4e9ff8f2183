"""Taking imports back: what they created, changed, moved and deleted."""

import pytest
from botocore.exceptions import ReadTimeoutError

from chalicelib import config
from chalicelib.errors import NotUndoable
from chalicelib.imports.records.steps import Step
from chalicelib.imports.records.storage import CHANGES, result_key
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.people import person, phone, set_fields
from tests.support.pipeline import HEADER, Pipeline, counts
from tests.support.tables import members_of
from tests.support.undo_runs import kept, undo

SIZES = pytest.mark.parametrize("chunk_size", [256, 1_000_000])  # several chunks, one chunk
MORE = HEADER.replace("\n", ",previous id,action\n")


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
        "removed": 0,
    }
    assert pipeline.changes(undone.id) == pipeline.changes(rehearsed.id)

    again = undo(pipeline, done)
    assert pipeline.rejected(again.id) == []
    assert counts(again)["unchanged"] == again.changed_since == found["rows"]
    assert {row["changed_by"] for row in pipeline.changes(again.id)} == {f"import:{undone.id}"}

    redone = undo(pipeline, undone)
    assert counts(redone)["rows"] == counts(undone)["rows"]
    assert kept(members_of(account)) == kept(after)


def test_newer_changes_are_kept_and_named(pipeline: Pipeline, table: MemberRepository, account: str) -> None:
    """Changed, deleted, moved, restored, erased: each by another caller, and by another import."""
    for n in range(6):
        table.create(person(account, n))
    rows = [f"New,,,m{n},{account},," for n in range(3)] + [f",,,m{n},{account},,delete" for n in range(3, 6)]
    done = pipeline.run("drops/upsert/a.csv", MORE + "".join(f"{row}\n" for row in rows))
    table.change(MemberKey(account, "m0"), set_fields(last_name="Vole"), by="user:bob")
    table.delete(MemberKey(account, "m1"), by="user:eve")
    later = pipeline.run("drops/upsert/b.csv", f"{HEADER}Newer,,,m2,{account}\n")
    table.restore(MemberKey(account, "m3"), by="user:eve")
    table.erase(MemberKey(account, "m4"))
    table.restore(MemberKey(account, "m5"), by="user:eve")
    table.change(MemberKey(account, "m5"), set_fields(client_member_id="other"), by="user:bob")
    before = members_of(account)

    undone = undo(pipeline, done)

    assert members_of(account) == before
    assert (counts(undone)["unchanged"], undone.changed_since) == (5, 5)
    by = ["user:bob", "user:eve", f"import:{later.id}", "user:eve", "", "user:bob"]
    assert [row["changed_by"] for row in pipeline.changes(undone.id)] == by
    assert [row["code"] for row in pipeline.rejected(undone.id)] == ["no_history"]


def test_number_of_another_member_rejects_the_row(
    pipeline: Pipeline, table: MemberRepository, account: str
) -> None:
    for n in range(3):
        table.create(person(account, n))
    rows = f",,{phone(50)},m0,{account},,\n,,,m1,{account},,delete\n,,,renamed,{account},m2,\n"
    done = pipeline.run("drops/upsert/a.csv", MORE + rows)
    holders = [
        table.create(person(account, 10 + n, phone_number=phone(n)), by="user:bob").id for n in range(2)
    ]
    holders.append(table.create(person(account, 2, phone_number=phone(60)), by="user:bob").id)
    before = members_of(account)

    for dry_run in (True, False):
        undone = undo(pipeline, done, dry_run=dry_run)
        assert members_of(account) == before
        rejected = pipeline.rejected(undone.id)
        assert [row["code"] for row in rejected] == [
            "phone_number_taken",
            "phone_number_taken",
            "client_member_id_taken",
        ]
        assert all(holder in row["reason"] for holder, row in zip(holders, rejected, strict=True))


def test_rows_of_a_cancelled_import_are_taken_back(table: MemberRepository, account: str) -> None:
    pipeline = Pipeline(chunk_size=256, import_concurrency=1)
    rows = "".join(f"Ann,Lee,{phone(n)},m{n},{account}\n" for n in range(40))
    started = pipeline.split("drops/a.csv", HEADER + rows)
    written = False
    for message in pipeline.messages(pipeline.settings.load_queue_url):
        pipeline.imports.step(message["import"], Step(message["stage"], message["number"]))
        if not written and pipeline.repository.get(started.id).counts.created:
            written = True
            pipeline.imports.cancel(started.id)
            with pytest.raises(NotUndoable):  # it still counts the rows that it will not load
                pipeline.imports.undo(pipeline.repository.get(started.id), None)
    done = pipeline.repository.get(started.id)
    assert (done.status, len(members_of(account))) == ("cancelled", done.counts.created)

    undone = undo(pipeline, done)

    assert undone.counts.deleted == undone.counts.rows == done.counts.created
    assert members_of(account) == {}


def test_later_row_that_stays_keeps_earlier_ones(
    pipeline: Pipeline, table: MemberRepository, account: str
) -> None:
    """A member is not deleted in place of the one that must stay under its id."""
    table.create(person(account, 1))
    rows = [f"A,B,{phone(5)},x,{account},,", f",,,y,{account},x,", f",,,x,{account},m1,"]
    done = pipeline.run("drops/upsert/a.csv", MORE + "".join(f"{row}\n" for row in rows))
    assert done.counts.rejected == 0
    table.create(person(account, 1, phone_number=phone(7)))  # who now has the id of the member under x

    undone = undo(pipeline, done)

    assert sorted(members_of(account)) == ["m1", "x", "y"]
    assert {row["code"] for row in pipeline.rejected(undone.id)} == {
        "client_member_id_taken",
        "later_row_kept",
    }


def test_results_that_expire_fail_the_undo(pipeline: Pipeline, account: str) -> None:
    done = pipeline.run("drops/a.csv", f"{HEADER}Ann,Lee,{phone(1)},m1,{account}\n")
    started = pipeline.imports.undo(done, None)
    key = result_key(done.id, CHANGES)
    config.s3().delete_object(Bucket=pipeline.settings.bucket_name, Key=key)
    assert started.id in [one["import"] for one in pipeline.messages(pipeline.settings.split_queue_url)]
    failed = pipeline.imports.split(started.id)
    assert (failed.status, failed.error and failed.error.code) == ("failed", "no_results")
    assert list(members_of(account)) == ["m1"]


def test_undo_that_cannot_be_queued_has_failed(pipeline: Pipeline, account: str) -> None:
    done = pipeline.run("drops/a.csv", f"{HEADER}Ann,Lee,{phone(1)},m1,{account}\n")

    def refuse(**_: object) -> None:
        raise ReadTimeoutError(endpoint_url="")

    events = config.sqs().meta.events
    events.register_first("before-call.sqs.SendMessage", refuse)
    try:
        with pytest.raises(ReadTimeoutError):
            pipeline.imports.undo(done, None)
    finally:
        events.unregister("before-call.sqs.SendMessage", refuse)
    [failed] = [one for one in pipeline.repository.newest(50) if one.of == done.id]
    assert (failed.status, failed.error and failed.error.code) == ("failed", "not_started")
    assert pipeline.repository.get(done.id).undone_by is None
