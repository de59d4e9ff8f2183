"""Removals whose workers die or run out of time: each member is removed and counted once."""

import itertools
from contextlib import suppress

import pytest

from chalicelib import config
from chalicelib.errors import Busy
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.steps import Step
from chalicelib.imports.running import removal_steps
from chalicelib.members.repository import MemberRepository
from tests.support.people import person
from tests.support.pipeline import KilledError, Pipeline, dies
from tests.support.syncs import fill, ids_of, roster

MEMBERS = 600  # more than two transactions of each shard


def removed(pipeline: Pipeline, record: ImportRecord) -> list[str]:
    """Returns the members that changes.csv shows as removed."""
    rows = pipeline.changes(record.id)
    return sorted(row["client_member_id_from"] for row in rows if row["outcome"] == "removed")


def test_repeated_removal_counts_each_member_once(
    pipeline: Pipeline, table: MemberRepository, account: str
) -> None:
    """The worker dies after it removed, before it noted what; meanwhile others create a member anew."""
    fill(pipeline, account, 25)
    record = pipeline.split("drops/sync/a.csv", roster(account, [0]))
    created = False
    for message in pipeline.messages(pipeline.settings.load_queue_url):
        step = Step(message["stage"], message["number"])
        if step.stage == "remove":
            with dies(config.s3(), "s3.PutObject"), suppress(KilledError):
                pipeline.imports.step(record.id, step)
            if not created and "m7" not in ids_of(pipeline, account):
                table.create(person(account, 7))
                created = True
        pipeline.imports.step(record.id, step)

    done = pipeline.repository.get(record.id)
    assert created
    assert ids_of(pipeline, account) == {"m0", "m7"}
    # The one that is there again was changed after the file had arrived.
    assert removed(pipeline, done) == sorted(f"m{n}" for n in range(1, 25) if n != 7)
    assert done.counts.removed == 23


@pytest.mark.parametrize("note_seconds", [0, 60])
def test_cancelled_removal_counts_what_was_removed_before(
    pipeline: Pipeline, account: str, monkeypatch: pytest.MonkeyPatch, note_seconds: int
) -> None:
    """A worker dies after it removed, before it noted what; then the import is cancelled."""
    monkeypatch.setattr(removal_steps, "NOTE_SECONDS", note_seconds)
    fill(pipeline, account, 25)
    record = pipeline.split("drops/sync/a.csv", roster(account, [0]))
    for message in pipeline.messages(pipeline.settings.load_queue_url):
        step = Step(message["stage"], message["number"])
        if step.stage == "remove" and pipeline.repository.get(record.id).status == "loading":
            with dies(config.s3(), "s3.PutObject"), suppress(KilledError):
                pipeline.imports.step(record.id, step)
            if len(ids_of(pipeline, account)) < 25:
                pipeline.imports.cancel(record.id)
        pipeline.imports.step(record.id, step)

    done = pipeline.repository.get(record.id)
    left = ids_of(pipeline, account)
    assert (done.status, done.counts.removed) == ("cancelled", 25 - len(left))
    assert 0 < done.counts.removed < 24
    assert removed(pipeline, done) == sorted({f"m{n}" for n in range(25)} - left)


def test_removal_without_time_goes_on_where_it_stopped(
    pipeline: Pipeline, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal_steps, "NOTE_SECONDS", 0)  # each group is noted
    fill(pipeline, account, MEMBERS)
    pipeline = Pipeline(max_removed=MEMBERS, writes_in_flight=1)
    looks = itertools.count()
    hurried = pipeline.services.imports_within(lambda: 0.0 if next(looks) % 7 == 6 else 60.0)
    record = pipeline.split("drops/sync/a.csv", roster(account, [0]))
    stopped = 0
    for message in pipeline.messages(pipeline.settings.load_queue_url):
        step = Step(message["stage"], message["number"])
        imports = hurried if step.stage == "remove" else pipeline.imports
        for _ in range(50):
            try:
                imports.step(record.id, step)
                break
            except Busy:
                stopped += 1

    done = pipeline.repository.get(record.id)
    assert stopped > 1
    assert done.counts.removed == len(removed(pipeline, done)) == MEMBERS - 1
    assert ids_of(pipeline, account) == {"m0"}
