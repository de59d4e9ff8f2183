"""Removals above the limits: they wait, and are approved, declined, superseded, or expire."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib import config
from chalicelib.errors import ApproverIsSender, Busy, NotAwaitingApproval
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.steps import Step
from chalicelib.imports.syncs import approvals
from chalicelib.members.model import MemberKey, decode_parts
from chalicelib.members.repository import MemberRepository
from tests.support.people import phone, set_fields
from tests.support.pipeline import Pipeline, counts
from tests.support.syncs import fill, ids_of, roster

SMALL: dict[str, Any] = {"max_removed": 3, "max_removed_percent": 5}


@pytest.fixture
def strict(settings: object) -> Pipeline:
    """A deployment with low limits."""
    return Pipeline(**SMALL)


def waiting(pipeline: Pipeline, account: str, text: str = "") -> ImportRecord:
    """Returns a sync that waits: of twenty members its file names m0 to m9, and m90."""
    fill(pipeline, account, 20)
    record = pipeline.run("drops/sync/a.csv", text or roster(account, [*range(10), 90]))
    assert record.status == "awaiting_approval"
    return record


def outcomes(pipeline: Pipeline, record: ImportRecord, outcome: str) -> dict[str, str]:
    """Returns the codes of the members with this outcome in changes.csv, by client member id."""
    rows = [one for one in pipeline.changes(record.id) if one["outcome"] == outcome]
    return {decode_parts(one["member_id"])[1]: one["code"] for one in rows}


def test_removals_above_both_limits_wait_with_their_list(strict: Pipeline, account: str) -> None:
    record = waiting(strict, account)
    assert record.removal
    assert (record.removal.members, record.removal.found) == (20, 10)
    assert (record.counts.created, record.counts.unchanged, record.counts.removed) == (1, 10, 0)
    assert outcomes(strict, record, "would_remove").keys() == {f"m{n}" for n in range(10, 20)}
    assert (record.notified, record.shown().seconds_left) == (True, None)
    assert strict.report(record.id)["status"] == "awaiting_approval"


@pytest.mark.parametrize(("left_out", "status"), [(3, "completed"), (4, "awaiting_approval")])
def test_sync_within_one_limit_removes_at_once(
    strict: Pipeline, account: str, left_out: int, status: str
) -> None:
    fill(strict, account, 20)
    assert strict.run("drops/sync/a.csv", roster(account, range(20 - left_out))).status == status


def test_removals_of_a_day_count_together(strict: Pipeline, account: str) -> None:
    fill(strict, account, 20)
    assert strict.run("drops/sync/a.csv", roster(account, range(18))).counts.removed == 2
    assert strict.run("drops/sync/b.csv", roster(account, range(16))).status == "awaiting_approval"


def test_import_can_lower_limits_and_not_raise_them(strict: Pipeline, account: str) -> None:
    fill(strict, account, 20)
    lower = strict.run("drops/sync/max_removed=1/a.csv", roster(account, range(18)))
    assert lower.status == "awaiting_approval"
    higher = strict.run("drops/sync/max_removed=99/a.csv", roster(account, range(10)))
    assert higher.status == "awaiting_approval"


def test_approved_removal_takes_no_more_than_was_shown(
    strict: Pipeline, table: MemberRepository, account: str
) -> None:
    record = waiting(strict, account)
    fill(strict, account, 22)  # m20 and m21 are new
    table.change(MemberKey(account, "m11"), set_fields(last_name="Vole"))
    table.delete(MemberKey(account, "m12"))
    newer = strict.announce(mode="upsert")
    strict.drain(strict.split_object(*strict.drop(newer.source.key, roster(account, [13]).encode())).id)
    strict.imports.approvals.approve(record.id, "user:ann")
    done = strict.drain(record.id)
    assert done.removal
    assert (done.status, done.counts.removed) == ("completed", 7)
    assert (done.removal.state, done.removal.decided_by) == ("approved", "user:ann")
    assert ids_of(strict, account) == {f"m{n}" for n in [*range(10), 11, 13, 20, 21, 90]}
    assert outcomes(strict, done, "kept") == {"m11": "changed_since", "m12": "gone", "m13": "named_since"}
    assert len(outcomes(strict, done, "removed")) == 7


def test_row_that_waits_for_a_number_is_applied_after_approval(strict: Pipeline, account: str) -> None:
    text = roster(account, range(10)) + f"New,Mouse,{phone(15)},m90,{account}\n"
    record = waiting(strict, account, text)
    assert (record.rows_held, record.counts.created) == (1, 0)
    assert [one["outcome"] for one in strict.changes(record.id)].count("held") == 1
    strict.imports.approvals.approve(record.id)
    done = strict.drain(record.id)
    assert (counts(done)["created"], done.counts.removed) == (1, 10)


def test_declined_removal_keeps_all_members(strict: Pipeline, account: str) -> None:
    text = roster(account, range(10)) + f"New,Mouse,{phone(15)},m90,{account}\n"
    record = waiting(strict, account, text)
    strict.imports.approvals.decline(record.id, "user:ann")
    done = strict.drain(record.id)
    assert done.removal
    assert (done.status, done.removal.state, done.counts.removed) == ("completed", "declined", 0)
    assert [one["code"] for one in strict.rejected(done.id)] == ["phone_number_taken"]
    assert set(outcomes(strict, done, "kept").values()) == {"declined"}
    with pytest.raises(NotAwaitingApproval):
        strict.imports.approvals.approve(record.id)


def test_cancelling_a_waiting_import_declines_it(strict: Pipeline, account: str) -> None:
    record = waiting(strict, account)
    strict.imports.cancel(record.id)
    done = strict.drain(record.id)
    assert done.removal
    assert (done.removal.state, len(ids_of(strict, account))) == ("declined", 21)


def test_newer_sync_supersedes_a_waiting_one(strict: Pipeline, account: str) -> None:
    record = waiting(strict, account)
    newer = strict.run("drops/sync/b.csv", roster(account, [*range(20), 90]))
    assert newer.counts.removed == 0
    done = strict.drain(record.id)
    assert done.removal
    assert (done.status, done.removal.state) == ("completed", "superseded")
    assert len(ids_of(strict, account)) == 21


def test_approved_sync_ends_when_it_meets_a_newer_one(strict: Pipeline, account: str) -> None:
    """The newer one has begun before the approval, and compares after it."""
    record = waiting(strict, account)
    newer = strict.announce(mode="sync", account_id=account)
    strict.split_object(*strict.drop(newer.source.key, roster(account, [*range(18), 90]).encode()))
    strict.imports.approvals.approve(record.id)
    work_by_turns(strict)
    done = strict.repository.get(record.id)
    assert done.removal
    assert (done.status, done.removal.code, done.counts.removed) == ("completed", "superseded", 0)
    assert strict.repository.get(newer.id).counts.removed == 2
    assert ids_of(strict, account) == {f"m{n}" for n in [*range(18), 90]}


def work_by_turns(pipeline: Pipeline) -> None:
    """Does the steps of all imports by turns; one that finds the table busy is tried again later."""
    messages: list[dict[str, Any]] = []
    for _ in range(200):
        messages += pipeline.messages(pipeline.settings.load_queue_url)
        if not messages:
            return
        message = messages.pop(0)
        try:
            pipeline.imports.step(message["import"], Step(message["stage"], message["number"]))
        except Busy:
            messages.append(message)
    raise AssertionError(messages)


def test_removal_expires(strict: Pipeline, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record = waiting(strict, account)
    assert strict.imports.step(record.id, Step("hold")).status == "awaiting_approval"
    monkeypatch.setattr(approvals, "now", lambda: "2999-01-01T00:00:00.000Z")
    strict.imports.step(record.id, Step("hold"))
    done = strict.drain(record.id)
    assert done.removal
    assert (done.removal.state, done.counts.removed) == ("expired", 0)


@pytest.mark.usefixtures("settings")
def test_sender_cannot_approve_where_another_must(account: str) -> None:
    pipeline = Pipeline(**SMALL, approver_must_differ=True)
    fill(pipeline, account, 20)
    announced = pipeline.announce(mode="sync", created_by="user:ann")
    dropped = pipeline.drop(announced.source.key, roster(account, range(10)).encode())
    record = pipeline.drain(pipeline.split_object(*dropped).id)
    with pytest.raises(ApproverIsSender):
        pipeline.imports.approvals.approve(record.id, "user:ann")
    pipeline.imports.approvals.approve(record.id, "user:ben")
    assert pipeline.drain(record.id).counts.removed == 10


@pytest.mark.usefixtures("settings")
def test_notice_tells_that_an_import_waits(account: str) -> None:
    pipeline = Pipeline(**SMALL, notice_topic_arn="arn:aws:sns:us-east-1:000000000000:notices")
    published: list[tuple[str, str]] = []

    def publish(params: dict[str, Any], **_: Any) -> Any:
        attributes = params["body"]
        published.append((json.loads(attributes["Message"])["status"], str(attributes)))
        return SimpleNamespace(status_code=200), {}

    events = config.sns().meta.events
    events.register_first("before-call.sns.Publish", publish)
    try:
        record = waiting(pipeline, account)
        pipeline.imports.step(record.id, Step("hold"))
        pipeline.imports.approvals.decline(record.id)
        pipeline.drain(record.id)
    finally:
        events.unregister("before-call.sns.Publish", publish)
    assert [status for status, _ in published] == ["awaiting_approval", "completed"]
    assert account in published[0][1]  # though no option names it


@pytest.mark.usefixtures("settings")
def test_syncs_of_an_account_compare_one_after_the_other(account: str) -> None:
    pipeline = Pipeline(import_concurrency=1)
    fill(pipeline, account, 20)
    imports = [pipeline.split(f"drops/sync/{name}.csv", roster(account, range(18))).id for name in ("a", "b")]
    waited = False
    for message in pipeline.messages(pipeline.settings.load_queue_url):
        step = Step(message["stage"], message["number"])
        try:
            pipeline.imports.step(message["import"], step)
        except Busy:
            waited = True
            pipeline.imports.messenger.send_step(message["import"], step)
    assert waited
    assert sorted(pipeline.repository.get(one).counts.removed for one in imports) == [0, 2]
    assert len(ids_of(pipeline, account)) == 18
