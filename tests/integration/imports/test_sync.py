"""Syncs: whole rosters of one account, and the members that they do not name."""

import pytest

from chalicelib.errors import NotFound
from chalicelib.imports.records.model import ImportRecord
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.people import person, phone, set_fields
from tests.support.pipeline import HEADER, Pipeline, counts
from tests.support.syncs import fill, ids_of, roster, row


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("chunk_size", [1024, 1_000_000])
def test_members_not_in_the_file_are_removed(table: MemberRepository, account: str, chunk_size: int) -> None:
    pipeline = Pipeline(chunk_size=chunk_size)
    fill(pipeline, account, 40)
    done = pipeline.run("drops/sync/a.csv", roster(account, [*range(5, 40), 50]))
    assert done.status == "completed"
    found = counts(done)
    assert (found["created"], found["unchanged"], done.counts.removed) == (1, 35, 5)
    assert ids_of(pipeline, account) == {f"m{n}" for n in [*range(5, 40), 50]}
    removed = [row for row in pipeline.changes(done.id) if row["outcome"] == "removed"]
    assert sorted(row["client_member_id_from"] for row in removed) == [f"m{n}" for n in range(5)]
    assert {(row["line"], row["phone_number_to"]) for row in removed} == {("", "")}
    history = pipeline.services.member_history.page(MemberKey(account, "m1"), 10).events
    assert (history[0].action, history[0].by) == ("deleted", f"import:{done.id}")
    assert table.restore(MemberKey(account, "m1")).last_name == "Mouse"


def test_other_accounts_keep_their_members(pipeline: Pipeline, account: str) -> None:
    other = f"{account}x"
    fill(pipeline, other, 3)
    fill(pipeline, account, 3)
    assert pipeline.run("drops/sync/a.csv", roster(account, range(2))).counts.removed == 1
    assert len(ids_of(pipeline, other)) == 3


def test_file_of_two_accounts_fails_before_the_first_write(pipeline: Pipeline, account: str) -> None:
    fill(pipeline, account, 3)
    text = roster(account, range(1)) + row(f"{account}x", 7)
    done = pipeline.run("drops/sync/a.csv", text)
    assert done.error
    assert (done.status, done.error.code, done.counts.rejected) == ("failed", "several_accounts", 2)
    assert len(ids_of(pipeline, account)) == 3


def test_rejected_row_still_names_its_member(pipeline: Pipeline, account: str) -> None:
    fill(pipeline, account, 4)
    text = roster(account, [0]) + f"Ann,Lee,12,m1,{account}\n" + f",Lee,,m2,{account}x\n"
    done = pipeline.run(f"drops/sync/account={account}/a.csv", text)
    assert (done.counts.rejected, done.counts.removed) == (2, 1)
    assert ids_of(pipeline, account) == {"m0", "m1", "m2"}


@pytest.mark.parametrize(
    "line",
    [
        "Ann,Lee,+13235559999,,{account}",
        "Ann,Lee,+13235559999,a\u200bb,{account}",
        "Ann,Lee,m1,{account}",
        "# m1",
    ],
)
def test_unreadable_id_keeps_all_members(pipeline: Pipeline, account: str, line: str) -> None:
    fill(pipeline, account, 4)
    done = pipeline.run("drops/sync/a.csv", roster(account, [0, 9]) + line.format(account=account) + "\n")
    assert done.removal
    assert (done.removal.state, done.removal.code, done.removal.found) == ("not_done", "unreadable_id", 3)
    assert (done.counts.created, done.counts.removed) == (1, 0)
    assert len(ids_of(pipeline, account)) == 5
    kept = [one["code"] for one in pipeline.changes(done.id) if one["outcome"] == "kept"]
    assert kept == ["unreadable_id"] * 3
    assert pipeline.report(done.id)["removal"]["detail"]


def test_guessed_encoding_keeps_all_members(pipeline: Pipeline, account: str) -> None:
    fill(pipeline, account, 4)
    names = ["Zo\u00eb", "Ren\u00e9e", "J\u00fcrgen", "Fran\u00e7ois", "M\u00fcller", "Andr\u00e9"]
    rows = [f"{name},Lee,{phone(30 + n)},n{n},{account}\n" for n, name in enumerate(names)]
    done = pipeline.run("drops/sync/a.csv", (HEADER + "".join(rows)).encode("windows-1252"))
    assert done.encoding_guessed
    assert done.removal
    assert (done.removal.code, done.counts.removed) == ("encoding_guessed", 0)


def test_member_changed_since_the_file_arrived_stays(
    pipeline: Pipeline, table: MemberRepository, account: str
) -> None:
    fill(pipeline, account, 4)
    dropped = pipeline.drop("drops/sync/a.csv", roster(account, [0, 1]).encode())
    table.change(MemberKey(account, "m2"), set_fields(last_name="Vole"))
    table.create(person(account, 77))
    done = pipeline.drain(pipeline.split_object(*dropped).id)
    assert done.counts.removed == 1
    assert ids_of(pipeline, account) == {"m0", "m1", "m2", "m77"}


def test_row_gets_the_number_of_a_removed_member(pipeline: Pipeline, account: str) -> None:
    fill(pipeline, account, 3)
    text = roster(account, [0]) + f"New,Mouse,{phone(2)},m9,{account}\n" + f"M,One,{phone(1)},m0,{account}\n"
    done = pipeline.run("drops/sync/a.csv", text)
    found = counts(done)
    assert (found["created"], found["updated"], done.counts.removed) == (1, 1, 2)
    assert ids_of(pipeline, account) == {"m0", "m9"}


def test_dry_run_tells_what_would_be_removed(pipeline: Pipeline, account: str) -> None:
    fill(pipeline, account, 3)
    text = roster(account, [0]) + f"New,Mouse,{phone(2)},m9,{account}\n"
    done = pipeline.run("drops/dry_run/sync/a.csv", text)
    assert done.removal
    found = counts(done)
    assert (found["created"], found["unchanged"], done.counts.removed) == (1, 1, 2)
    assert done.removal.state == "within_limits"
    assert len(ids_of(pipeline, account)) == 3
    would = [
        one["client_member_id_from"] for one in pipeline.changes(done.id) if one["outcome"] == "would_remove"
    ]
    assert sorted(would) == ["m1", "m2"]


def test_renewed_id_is_no_missing_member(pipeline: Pipeline, account: str) -> None:
    fill(pipeline, account, 2)
    text = (
        HEADER.strip()
        + ",previous id\n"
        + f"Ann,Lee,{phone(0)},n0,{account},m0\n"
        + row(account, 1)[:-1]
        + ",\n"
    )
    done = pipeline.run("drops/sync/a.csv", text)
    assert (done.counts.updated, done.counts.removed) == (1, 0)
    assert ids_of(pipeline, account) == {"n0", "m1"}


def test_older_file_that_loads_late_removes_nothing(pipeline: Pipeline, account: str) -> None:
    fill(pipeline, account, 4)
    old = pipeline.drop("drops/sync/a.csv", roster(account, [0]).encode())
    assert pipeline.run("drops/sync/b.csv", roster(account, range(4))).counts.removed == 0
    done = pipeline.drain(pipeline.split_object(*old).id)
    assert done.removal
    assert (done.removal.code, done.counts.removed) == ("superseded", 0)
    assert len(ids_of(pipeline, account)) == 4


def test_cancelled_sync_removes_nothing(pipeline: Pipeline, account: str) -> None:
    fill(pipeline, account, 4)
    record = pipeline.split("drops/sync/a.csv", roster(account, [0]))
    pipeline.imports.cancel(record.id)
    done: ImportRecord = pipeline.drain(record.id)
    assert (done.status, done.counts.removed) == ("cancelled", 0)
    assert len(ids_of(pipeline, account)) == 4


def test_removed_member_is_gone(pipeline: Pipeline, table: MemberRepository, account: str) -> None:
    fill(pipeline, account, 2)
    pipeline.run("drops/sync/a.csv", roster(account, [0]))
    with pytest.raises(NotFound):
        table.get(MemberKey(account, "m1"))
    table.create(person(account, 1))
