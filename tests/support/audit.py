"""Checks the results of an import after a schedule."""

import csv
import io
from collections import Counter
from collections.abc import Collection, Mapping

from chalicelib.imports.changes import FIELDS
from chalicelib.imports.changes import HEADER as CHANGES_HEADER
from chalicelib.imports.limits import exceeds_limit
from chalicelib.imports.model import ImportRecord
from chalicelib.imports.outcomes import OUTCOMES
from chalicelib.imports.parts import ImportParts, ResolvedRows
from chalicelib.imports.sync_parts import SyncParts

from .model import NOT_LOADED
from .schedules import UNREADABLE, File, Schedule


def audited(schedule: Schedule, file: File) -> tuple[dict[str, int], dict[int, str]]:
    """Returns (counts, codes of the rejected rows by line) of an import, whose results agree with each other."""
    record = schedule.pipeline.repository.get(file.import_id)
    assert record.finished_at, f"it is still {record.status}"
    counts = record.counts.model_dump(exclude={"removed"})
    without_report = record.error is not None and record.error.code == "report_failed"
    declined = record.removal is not None and record.removal.state == "declined"
    cancelled = file.import_id in schedule.cancelled
    assert record.status == "cancelled" or without_report or declined or not cancelled
    _check_report_and_notice(schedule, record)
    if not record.chunks:
        assert record.status in ("cancelled", "failed")
        return counts, {}
    assert not without_report or "not_processed" in file.allowed_codes
    if without_report:
        return counts, _parts(schedule, record)
    rows = schedule.pipeline.rejected(record.id)
    rejected = {int(row["line"]): row["code"] for row in rows}
    assert list(rejected) == sorted(rejected)
    assert len(rejected) == len(rows)
    assert schedule.pipeline.report(record.id)["codes"] == Counter(rejected.values())
    assert {code for code in rejected.values() if code in NOT_LOADED} <= file.allowed_codes
    for row in rows:
        line = file.lines[int(row["line"])]
        assert (row["client_member_id"], row["first_name"]) == (line.client_member_id, line.first_name)
    _check_limit(file, record, rejected)
    _check_changes(schedule, file, record, rejected)
    return counts, rejected


def _check_report_and_notice(schedule: Schedule, record: ImportRecord) -> None:
    report = schedule.pipeline.report(record.id)
    assert (report["status"], report["counts"]) == (record.status, record.counts.model_dump())
    assert report["finished_at"] == record.finished_at
    assert report["error"] == (record.error.model_dump() if record.error else None)
    notices = [notice for notice in schedule.notices if notice["id"] == record.id]
    notices = [notice for notice in notices if notice["status"] != "awaiting_approval"]
    assert {notice["status"] for notice in notices} == {record.status}
    assert len(notices) == 1 or schedule.disturbed


def _check_changes(schedule: Schedule, file: File, record: ImportRecord, rejected: Mapping[int, str]) -> None:
    """Asserts that changes.csv has each row once, and what each updated one has replaced."""
    rows = [row for row in schedule.pipeline.changes(record.id) if row["line"]]
    assert [int(row["line"]) for row in rows] == list(file.lines)
    tally = Counter(row["outcome"] for row in rows)
    assert all(tally[name] == getattr(record.counts, name) for name in OUTCOMES)
    assert {int(row["line"]): row["code"] for row in rows if row["outcome"] == "rejected"} == rejected
    for row in rows:
        changed = {name for name in FIELDS if row[f"{name}_from"]}
        line = file.lines[int(row["line"])]
        assert bool(changed) == (row["outcome"] in ("updated", "deleted"))
        assert line.deletes or row["outcome"] != "deleted"
        for name in changed - {"account_id"}:
            to = "" if line.deletes else getattr(line, name)
            assert row[f"{name}_from"] != row[f"{name}_to"] == to


def removed_by(schedule: Schedule, file: File, members: Collection[str]) -> set[str]:
    """Returns which of these members a sync has removed, or a dry run of it would remove, after checks."""
    record = schedule.pipeline.repository.get(file.import_id)
    removal = record.removal
    if removal is None or not record.chunks:
        assert not record.counts.removed
        return set()
    text = CHANGES_HEADER[1:] + "".join(SyncParts(schedule.pipeline.storage, record).changes())
    rows = list(csv.DictReader(io.StringIO(text)))
    removed = {row["client_member_id_from"] for row in rows if row["outcome"] != "kept"}
    if not record.error or record.error.code != "report_failed":
        assert [row for row in schedule.pipeline.changes(record.id) if not row["line"]] == rows
    assert record.counts.removed == len(removed)
    lines = file.lines.values()
    assert removed <= set(members) - {
        name for line in lines for name in (line.client_member_id, line.previous)
    }
    unreadable = any(line.previous == UNREADABLE for line in lines)
    assert not removed or not (unreadable or record.encoding_guessed or record.invalid_bytes)
    if removal.is_allowed and record.status == "completed" and not file.allowed_codes:
        assert len(removed) == removal.found
    return removed


def _parts(schedule: Schedule, record: ImportRecord) -> dict[int, str]:
    """Returns the codes of an import's rejected rows, by line, whose rows were settled and whose report failed."""
    parts = ImportParts(schedule.pipeline.storage, record)
    resolved = parts.resolved() if record.rows_deferred and not record.in_one_step else ResolvedRows()
    outcomes = [parts.found(number, resolved)[0] for number in range(record.chunks)]
    return {line: one.code for chunk in outcomes for line, one in chunk.items() if one.outcome == "rejected"}


def _check_limit(file: File, record: ImportRecord, rejected: Mapping[int, str]) -> None:
    """Asserts that an import with a limit of rejected rows stopped if it was exceeded, before the first write."""
    if file.max_rejected is None or "cancelled" in (record.status, *rejected.values()):
        return
    unreadable = sum(1 for line in file.lines.values() if line.problem)
    refused = sum(1 for code in rejected.values() if code != "not_loaded")
    failed = record.error is not None and record.error.code == "too_many_rejected"
    assert failed == exceeds_limit(file.max_rejected, refused, len(file.lines))
    assert failed or "not_loaded" not in rejected.values()
    if (
        exceeds_limit(file.max_rejected, unreadable, len(file.lines))
        and "not_processed" not in rejected.values()
    ):
        assert record.counts.created + record.counts.updated + record.counts.deleted == 0
