"""The record of an import, the part that callers see, and its id."""

from typing import Any

import pytest

from chalicelib.imports.records.import_ids import event_import_id, is_import_id, new_import_id
from chalicelib.imports.records.limits import exceeds_limit
from chalicelib.imports.records.model import Counts, Failure, ImportRecord, Source, with_status
from chalicelib.imports.records.pace import idle_seconds
from chalicelib.imports.records.stages import next_stage

LONG_AGO = "2020-01-01T00:00:00.000Z"
NEVER = "2999-01-01T00:00:00.000Z"  # no upload has expired by then


def record(**fields: Any) -> ImportRecord:
    usual = {"id": new_import_id(), "status": "loading", "mode": "create", "created_at": LONG_AGO}
    return ImportRecord.model_validate(usual | {"source": Source(bucket="b", key="k")} | fields)


@pytest.mark.parametrize(
    ("fields", "percent"),
    [
        ({"chunks": 0}, 0),
        ({"stage": "read", "steps_done": 1}, 5),
        ({"stage": "read", "steps_done": 1, "rows_found": 50, "counts": Counts(rows=50, rejected=50)}, 5),
        ({"stage": "decide", "rows_found": 100}, 10),
        ({"stage": "write", "rows_found": 100, "counts": Counts(rows=50)}, 55),
        ({"stage": "finish", "rows_found": 100, "counts": Counts(rows=100)}, 99),
        ({"stage": "load"}, 0),
        ({"status": "completed"}, 100),
    ],
)
def test_percent_counts_read_chunks_then_settled_rows(fields: dict[str, Any], percent: int) -> None:
    assert record(**{"chunks": 2, **fields}).shown().percent == percent


@pytest.mark.parametrize(
    ("stage", "deferred", "following"),
    [
        ("read", 0, "decide"),
        ("decide", 0, "write"),
        ("write", 3, "resolve"),
        ("write", 0, "finish"),
        ("resolve", 3, "finish"),
        ("load", 3, "finish"),
    ],
)
def test_resolve_is_skipped_without_deferred_rows(stage: str, deferred: int, following: str) -> None:
    assert next_stage(record(stage=stage, rows_deferred=deferred)) == following


def test_import_without_upload_fails_after_a_day() -> None:
    shown = record(status="awaiting_upload").shown()
    assert (shown.status, shown.finished_at) == ("failed", "2020-01-02T00:00:00.000Z")
    assert shown.error
    assert shown.error.code == "upload_expired"


def test_import_waits_for_its_upload_for_a_day() -> None:
    shown = record(status="awaiting_upload", created_at=NEVER).shown()
    assert (shown.status, shown.finished_at, shown.error) == ("awaiting_upload", None, None)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"loading_at": LONG_AGO},
        {"loading_at": LONG_AGO, "advanced_at": LONG_AGO, "finished_at": LONG_AGO},
    ],
)
def test_time_left_is_unknown_before_first_rows_and_after_end(fields: dict[str, str]) -> None:
    assert record(chunks=2, stage="read", steps_done=1, **fields).shown().seconds_left is None


def test_time_left_is_never_negative() -> None:
    times = {"loading_at": LONG_AGO, "advanced_at": "2020-01-01T00:00:10.000Z"}
    assert record(chunks=3, stage="read", steps_done=1, **times).shown().seconds_left == 0


def test_progress_is_the_latest_of_start_rows_and_approval() -> None:
    assert record(status="awaiting_upload").shown().progress_at is None
    started, settled, approved = (f"2020-01-0{day}T00:00:00.000Z" for day in (1, 2, 3))
    times = {"started_at": started, "advanced_at": settled}
    assert record(started_at=started).shown().progress_at == started
    assert record(**times, loading_at=started).shown().progress_at == settled
    assert record(**times, loading_at=approved).shown().progress_at == approved


def test_only_running_imports_are_idle() -> None:
    started = {"started_at": LONG_AGO}
    assert (idle_seconds(record(**started)) or 0) > 900
    assert idle_seconds(record(status="awaiting_upload")) is None
    assert idle_seconds(record(status="awaiting_approval", **started)) is None
    assert idle_seconds(record(status="cancelled", finished_at=LONG_AGO, **started)) is None


def test_shown_import_has_no_worker_fields() -> None:
    shown = record(columns=["x"], folder="f", accounts=["1"], holder="h").shown().model_dump()
    assert not shown.keys() & {"columns", "folder", "accounts", "holder", "delimiter", "stage"}


def test_with_status_does_not_change_the_old_record() -> None:
    before = record()
    after = with_status(before, "cancelled", Failure(code="cancelled", detail="It was."))
    assert (before.status, before.error) == ("loading", None)
    assert (after.status, after.error and after.error.code) == ("cancelled", "cancelled")


@pytest.mark.parametrize(
    ("accounts", "account", "expected"), [(None, "1", True), (["1"], "1", True), (["1"], "2", False)]
)
def test_scope_contains_the_accounts(accounts: list[str] | None, account: str, *, expected: bool) -> None:
    assert record(accounts=accounts).scope.includes(account) is expected


def test_scope_of_no_accounts_is_empty() -> None:
    assert not record(accounts=[]).scope.includes("1")


@pytest.mark.parametrize(
    ("limit", "rejected", "rows", "expected"),
    [
        (None, 9, 9, False),
        ("0", 0, 9, False),
        ("0", 1, 9, True),
        ("5", 5, 9, False),
        ("5", 6, 9, True),
        ("0%", 0, 0, False),
        ("5%", 5, 100, False),
        ("5%", 51, 1000, True),
    ],
)
def test_limit_of_rejected_rows_is_a_number_or_percentage(
    limit: str | None, rejected: int, rows: int, *, expected: bool
) -> None:
    assert exceeds_limit(limit, rejected, rows) is expected


def test_all_deliveries_of_an_event_have_the_same_import_id() -> None:
    source = Source(bucket="b", key="drops/a.csv", version="1", size=5)
    made = event_import_id(source, "2026-11-23T04:00:00.000Z", "seq")
    assert made.startswith("20261123T040000Z-")
    assert is_import_id(made)
    assert made == event_import_id(source, "2026-11-23T05:00:00.000+01:00", "another")


@pytest.mark.parametrize("change", [{"version": "2"}, {"key": "drops/b.csv"}, {"bucket": "c"}])
def test_other_object_has_other_import_id(change: dict[str, str]) -> None:
    source = Source(bucket="b", key="drops/a.csv", version="1")
    ids = {event_import_id(s, LONG_AGO, "") for s in (source, source.model_copy(update=change))}
    assert len(ids) == 2


def test_object_without_version_is_identified_by_its_sequencer() -> None:
    source = Source(bucket="b", key="drops/a.csv")
    assert event_import_id(source, LONG_AGO, "1") != event_import_id(source, LONG_AGO, "2")


def test_new_import_ids_are_valid_and_unique() -> None:
    ids = {new_import_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(map(is_import_id, ids))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20261123T040000Z-",
        "20261123T040000Z-aaaaaaaaa1",
        "20261123T040000Z-AAAAAAAAAA",
        "20261123T040000Z-aaaaaaaaaa\n",
        "20261123T040000Z-aaaaaaaaaaa",
        "\u0662\u0660\u0662\u0666\u0661\u0661\u0662\u0663T040000Z-aaaaaaaaaa",  # digits of another script
    ],
)
def test_malformed_import_id_is_rejected(text: str) -> None:
    assert not is_import_id(text)
