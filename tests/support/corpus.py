"""What is the same for each way in which a case of the corpus is sent: its options, and the check of its result."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from chalicelib.cells.escaping import escape
from chalicelib.imports.records.drop_key import parse_drop_key
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.rows.outcomes import OUTCOMES

from .cases import CASES, Case
from .client import Http
from .pipeline import Pipeline

FIELDS = ("first_name", "last_name", "phone_number", "client_member_id")
# The cases that a request and a command can send as well.
SENT = [case for case in CASES if not case.only_dropped]


def options_of(case: Case, account: str) -> dict[str, str]:
    """Returns the options that the folders and the profile of a case set, by field of NewImport, as text."""
    profile = {
        {"account": "account_id"}.get(name, name): value for name, value in (case.profile or {}).items()
    }
    columns = profile.pop("columns", {})
    options: dict[str, Any] = profile | parse_drop_key(case.key.replace("{account}", account))
    if columns:
        options["columns"] = ",".join(f"{field}={name}" for name, field in columns.items())
    return {name: str(value).replace("{account}", account) for name, value in options.items()}


def filename_of(case: Case) -> str:
    """Returns the name of a case's file."""
    return case.key.rpartition("/")[2]


def store_by_requests(http: Http, case: Case, account: str) -> None:
    """Creates the members that exist before the file."""
    for values in case.stored:
        http.create(dict(zip(FIELDS, values, strict=True)) | {"account_id": account})


def check_members(http: Http, case: Case, account: str) -> None:
    """Checks the members of an account after the file."""
    pages = http.pages("/members", {"account_id": account, "limit": 100})
    found = {one["client_member_id"]: one for page in pages for one in page["items"]}
    options = options_of(case, account)
    dry_run = options.get("dry_run") == "True" or options.get("mode") == "validate"
    written = 0 if dry_run else case.created - case.deleted - case.elsewhere
    assert len(found) == len(case.stored) + written
    if case.members is not None:
        named = {name: [one[field] for field in FIELDS[:3]] for name, one in found.items()}
        assert named == case.members


def check_outcome(pipeline: Pipeline, case: Case, record: ImportRecord) -> list[dict[str, str]]:
    """Checks an ended import and its results against its case; returns what it did with each row."""
    assert record.status == case.status, record.error
    assert (record.error.code if record.error else "") == case.error
    counts = record.counts.model_dump()
    assert counts["rows"] == sum(counts[name] for name in OUTCOMES)
    report = pipeline.report(record.id)
    assert report["counts"] == counts
    for name in ("mode", "status", "finished_at"):
        assert report[name] == getattr(record, name)
    for name, value in case.report.items():
        assert report[name] == value, name
    found_warnings = {w["code"]: [cell["line"] for cell in w["cells"]] for w in report["warnings"]}
    assert found_warnings == case.warned | (case.warned_dry if record.dry_run else {})
    if case.error:
        assert report["error"]["detail"]
    if case.error and not case.rejected:
        assert counts["rows"] == 0
        return []
    return _check_rejected(pipeline, case, record, report)


def _check_rejected(
    pipeline: Pipeline, case: Case, record: ImportRecord, report: Mapping[str, Any]
) -> list[dict[str, str]]:
    rejected = pipeline.rejected(record.id)
    found = [(int(row["line"]), row["code"]) for row in rejected]
    assert found == sorted(found)
    assert len(found) == record.counts.rejected
    assert report["codes"] == dict(Counter(code for _, code in found)) == case.expected_codes
    assert record.counts.model_dump() == case.counts
    shown = [(one["line"], one["code"], one["reason"]) for one in report["sample"]]
    assert set(shown) <= {(int(row["line"]), row["code"], row["reason"]) for row in rejected}
    assert bool(shown) == bool(found)
    if not case.codes:
        assert dict(found) == case.rejected
    reasons = {int(row["line"]): row["reason"] for row in rejected}
    assert all(reason and escape(reason) == reason for reason in reasons.values()), "a reason is a formula"
    for line, words in case.reasons.items():
        assert words in reasons[line]
    changes = pipeline.changes(record.id)
    assert [(int(row["line"]), row["code"]) for row in changes if row["outcome"] == "rejected"] == found
    tally = Counter(row["outcome"] for row in changes)
    assert case.counts == {name: tally[name] for name in OUTCOMES} | {"rows": len(changes), "removed": 0}
    return changes
