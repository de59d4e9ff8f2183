"""Checks the results of an import after a schedule."""

import csv
import io
from collections import Counter
from collections.abc import Mapping

from chalicelib.imports.model import ImportRecord, exceeds_limit
from chalicelib.imports.results import RejectionSummary, join_chunk_results

from .model import NOT_LOADED
from .pipeline import HEADER
from .schedules import File, Schedule


def audited(schedule: Schedule, file: File) -> tuple[dict[str, int], dict[int, str]]:
    """Returns (counts, codes of the rejected rows by line) of an import, whose results agree with each other."""
    record = schedule.pipeline.repository.get(file.import_id)
    assert record.finished_at, f"it is still {record.status}"
    counts = record.counts.model_dump()
    without_report = record.error is not None and record.error.code == "report_failed"
    assert record.status == "cancelled" or without_report or file.import_id not in schedule.cancelled
    _check_report_and_notice(schedule, record)
    if not record.chunks:
        assert record.status in ("cancelled", "failed")
        return counts, {}
    assert not without_report or "not_processed" in file.allowed_codes
    rows = _chunk_results(schedule, record) if without_report else schedule.pipeline.rejected(record.id)
    rejected = {int(row["line"]): row["code"] for row in rows}
    assert list(rejected) == sorted(rejected)
    assert len(rejected) == len(rows)
    assert without_report or schedule.pipeline.report(record.id)["codes"] == Counter(rejected.values())
    assert {code for code in rejected.values() if code in NOT_LOADED} <= file.allowed_codes
    for row in rows:
        line = file.lines[int(row["line"])]
        assert (row["client_member_id"], row["first_name"]) == (line.client_member_id, line.first_name)
    _check_limit(schedule, file, record, rejected)
    return counts, rejected


def _check_report_and_notice(schedule: Schedule, record: ImportRecord) -> None:
    report = schedule.pipeline.report(record.id)
    assert (report["status"], report["counts"]) == (record.status, record.counts.model_dump())
    assert report["finished_at"] == record.finished_at
    assert report["error"] == (record.error.model_dump() if record.error else None)
    notices = [notice for notice in schedule.notices if notice["id"] == record.id]
    assert {notice["status"] for notice in notices} == {record.status}
    assert len(notices) == 1 or schedule.disturbed


def _chunk_results(schedule: Schedule, record: ImportRecord) -> list[dict[str, str]]:
    """Returns the rejected rows of an import whose chunks were settled and whose report failed."""
    results = (schedule.pipeline.storage.chunk_results(record.folder, n) for n in range(record.chunks))
    text = "".join(join_chunk_results(results, RejectionSummary()))
    return list(csv.DictReader(io.StringIO(HEADER.strip() + ",line,code,reason\n" + text)))


def _check_limit(schedule: Schedule, file: File, record: ImportRecord, rejected: Mapping[int, str]) -> None:
    """Asserts that an import with a limit of rejected rows stopped with the chunk that exceeds it."""
    if file.max_rejected is None or "cancelled" in (record.status, *rejected.values()):
        return
    starts = [schedule.pipeline.storage.chunk(record.folder, n).line for n in range(record.chunks)]
    over = [
        start
        for start in [*starts[1:], max(file.lines) + 1]
        if exceeds_limit(
            file.max_rejected,
            record.counts.model_copy(
                update={
                    "rows": sum(line < start for line in file.lines),
                    "rejected": sum(line < start for line in rejected),
                }
            ),
        )
    ]
    if not record.error or record.error.code != "report_failed":
        assert (record.status == "failed") == bool(over)
    left = [line for line, code in rejected.items() if code == "not_loaded"]
    end = over[0] if over else max(file.lines) + 1
    readable = [n for n, line in file.lines.items() if n >= end and not line.problem]
    given_up = [line for line, code in rejected.items() if code == "not_processed" and line >= end]
    assert sorted(left + given_up) == readable
