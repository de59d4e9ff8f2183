"""No row overwrites a member that others changed after its file had arrived."""

from collections.abc import Callable

import pytest

from chalicelib.members.model import MemberChanges, MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.pipeline import HEADER, Pipeline

SIZES = pytest.mark.parametrize("chunk_size", [256, 1_000_000])  # several chunks, one chunk


def roster(account: str, first_name: str, count: int = 20) -> bytes:
    rows = (f"{first_name},Lee,{3235550000 + i},{i},{account}\n" for i in range(count))
    return (HEADER + "".join(rows)).encode()


@pytest.fixture
def rename(table: MemberRepository, account: str) -> Callable[[str, str], object]:
    """Returns a function that changes a member's first name, as a caller of the API does."""

    def change(client_member_id: str, first_name: str) -> object:
        changes = MemberChanges(first_name=first_name)
        return table.change(MemberKey(account, client_member_id), changes.applied_to, by="user:ann")

    return change


@SIZES
def test_member_changed_after_arrival_stays_unchanged(
    account: str, table: MemberRepository, rename: Callable[[str, str], object], chunk_size: int
) -> None:
    pipeline = Pipeline(chunk_size=chunk_size)
    pipeline.run("drops/a.csv", roster(account, "Old"))
    rename("1", "Before")
    dropped = pipeline.drop("drops/upsert/b.csv", roster(account, "New"))
    rename("2", "After")
    rename("3", "New")  # as the file says

    record = pipeline.drain(pipeline.split_object(*dropped).id)

    assert table.get(MemberKey(account, "1")).first_name == "New"
    assert table.get(MemberKey(account, "2")).first_name == "After"
    assert record.counts.model_dump() == {
        "rows": 20,
        "created": 0,
        "updated": 18,
        "unchanged": 2,
        "deleted": 0,
        "rejected": 0,
        "removed": 0,
    }
    assert record.changed_since == record.shown().changed_since == 1
    assert pipeline.report(record.id)["changed_since"] == 1


@SIZES
def test_deferred_row_keeps_a_member_changed_since(
    account: str, table: MemberRepository, rename: Callable[[str, str], object], chunk_size: int
) -> None:
    pipeline = Pipeline(chunk_size=chunk_size)
    pipeline.run("drops/a.csv", roster(account, "Old"))
    dropped = pipeline.drop(
        "drops/upsert/b.csv", roster(account, "New") + f"Newer,Lee,,2,{account}\n".encode()
    )
    rename("2", "After")

    record = pipeline.drain(pipeline.split_object(*dropped).id)

    assert table.get(MemberKey(account, "2")).first_name == "After"
    assert (record.counts.updated, record.counts.unchanged, record.changed_since) == (19, 2, 2)


@pytest.mark.parametrize("older_first", [True, False])
@SIZES
def test_later_file_wins_whichever_loads_first(
    account: str, table: MemberRepository, chunk_size: int, *, older_first: bool
) -> None:
    pipeline = Pipeline(chunk_size=chunk_size)
    pipeline.run("drops/a.csv", roster(account, "Old"))
    files = [pipeline.drop(f"drops/upsert/{name}.csv", roster(account, name)) for name in ("Older", "Newer")]

    ends = [
        pipeline.drain(pipeline.split_object(*dropped).id)
        for dropped in (files if older_first else reversed(files))
    ]

    assert {table.get(MemberKey(account, str(i))).first_name for i in range(20)} == {"Newer"}
    assert [end.changed_since for end in ends] == [0, 0 if older_first else 20]


def test_older_file_keeps_members_that_a_newer_one_created(account: str, table: MemberRepository) -> None:
    pipeline = Pipeline()
    older, newer = (pipeline.drop(f"drops/upsert/{n}.csv", roster(account, n)) for n in ("Older", "Newer"))
    created = pipeline.drain(pipeline.split_object(*newer).id)
    kept = pipeline.drain(pipeline.split_object(*older).id)
    assert (created.counts.created, kept.counts.unchanged, kept.changed_since) == (20, 20, 20)


def test_rows_about_one_member_follow_each_other(account: str, table: MemberRepository) -> None:
    """What the import itself has written is no change since the file arrived."""
    pipeline = Pipeline(chunk_size=256)
    text = HEADER + "".join(f"N{n},Lee,3235550001,1,{account}\n" for n in range(40))
    record = pipeline.run("drops/upsert/a.csv", text)
    assert (record.counts.created, record.counts.updated, record.changed_since) == (1, 39, 0)
    assert table.get(MemberKey(account, "1")).first_name == "N39"


@pytest.mark.parametrize("mode", ["upsert", "delete"])
@SIZES
def test_dry_run_keeps_members_changed_since(
    account: str, table: MemberRepository, rename: Callable[[str, str], object], chunk_size: int, mode: str
) -> None:
    pipeline = Pipeline(chunk_size=chunk_size)
    pipeline.run("drops/a.csv", roster(account, "Old"))
    body = roster(account, "Old" if mode == "delete" else "New")
    if mode == "delete":
        body = body.replace(b"Old,Lee", b",")
    dropped = pipeline.drop(f"drops/dry_run/{mode}/b.csv", body)
    rename("2", "After")

    checked = pipeline.drain(pipeline.split_object(*dropped).id)

    assert checked.counts.unchanged == checked.changed_since == 1
    changes = pipeline.changes(checked.id)
    assert [row["line"] for row in changes if row["code"] == "changed_since"] == ["4"]
    applied = pipeline.imports.apply(checked, None)
    pipeline.imports.split(applied.id)
    assert pipeline.drain(applied.id).counts == checked.counts
    assert table.get(MemberKey(account, "2")).first_name == "After"
