"""Deletions by file: repeated steps, and members that others have changed."""

from contextlib import suppress

import pytest

from chalicelib import config
from chalicelib.errors import NotFound
from chalicelib.imports.records.steps import Step
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.people import person, phone, set_fields
from tests.support.pipeline import KilledError, Pipeline, counts, dies

HEADER = "account_id,client_member_id\n"


def ids(account: str, count: int) -> str:
    return HEADER + "".join(f"{account},m{n}\n" for n in range(count))


@pytest.mark.parametrize("chunk_size", [1024, 1_000_000])
def test_repeated_step_counts_each_deletion_once(
    table: MemberRepository, account: str, chunk_size: int
) -> None:
    """The worker dies after it deleted, before it noted what; meanwhile others create a member anew."""
    for n in range(90):
        table.create(person(account, n))
    pipeline = Pipeline(chunk_size=chunk_size)
    import_id = pipeline.split("drops/delete/a.csv", ids(account, 100)).id
    created = False
    for message in pipeline.messages(pipeline.settings.load_queue_url):
        step = Step(message["stage"], message["number"])
        if step.stage in ("load", "write"):
            with dies(config.s3(), "s3.PutObject"), suppress(KilledError):
                pipeline.imports.step(import_id, step)
            if not created:
                table.create(person(account, 0))
                created = True
        pipeline.imports.step(import_id, step)

    found = counts(pipeline.repository.get(import_id))
    assert (found["rows"], found["deleted"], found["unchanged"]) == (100, 90, 10)
    rows = pipeline.changes(import_id)
    assert [row["client_member_id_from"] for row in rows[:90]] == [f"m{n}" for n in range(90)]
    assert rows[5]["phone_number_from"] == phone(5)
    assert {row["phone_number_to"] for row in rows} == {""}
    assert table.get(MemberKey(account, "m0")).version == 1


def test_member_changed_after_the_file_arrived_stays(
    pipeline: Pipeline, table: MemberRepository, account: str
) -> None:
    for n in range(2):
        table.create(person(account, n))
    dropped = pipeline.drop("drops/delete/a.csv", ids(account, 2).encode())
    table.change(MemberKey(account, "m1"), set_fields(last_name="Vole"))
    done = pipeline.drain(pipeline.split_object(*dropped).id)
    assert (done.counts.deleted, done.counts.unchanged, done.changed_since) == (1, 1, 1)
    assert table.get(MemberKey(account, "m1")).last_name == "Vole"


def test_deleted_member_frees_phone_number_and_id(
    pipeline: Pipeline, table: MemberRepository, account: str
) -> None:
    table.create(person(account, 1))
    assert pipeline.run("drops/delete/a.csv", ids(account, 2)).counts.deleted == 1
    with pytest.raises(NotFound):
        table.get(MemberKey(account, "m1"))
    assert table.create(person(account, 1)).version == 1
