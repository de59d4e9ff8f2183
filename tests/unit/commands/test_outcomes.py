"""What the commands say about imports that have ended."""

import pytest

from chalicelib.imports.records.estimate import Estimate
from chalicelib.imports.records.model import ImportJob, ImportRecord, Source
from chalicelib.imports.rows.removal import Removal
from commands.outcomes import estimate_line, removal_lines


def shown(estimate: Estimate | None, of: str | None = None) -> ImportJob:
    """Returns a dry run with this estimate, perhaps of an undo."""
    record = ImportRecord(
        id="x",
        status="completed",
        mode="undo" if of else "create",
        dry_run=True,
        of=of,
        source=Source(bucket="", key=""),
        created_at="2026-11-23T04:00:00.000Z",
        estimate=estimate,
    )
    return record.shown()


@pytest.mark.parametrize(
    ("units", "dollars", "minutes", "text"),
    [
        (25_000_000, 15.625, 12, "25,000,000 write units ($15.63), and 12 minutes"),
        (3_200_000_000, 2000.0, 1_334, "3,200,000,000 write units ($2,000.00), and 1,334 minutes"),
        (40_000, 0.025, 1, "40,000 write units ($0.03), and less than a minute"),
        (1, 0.000001, None, "1 write unit (less than a cent)"),
        (5, 0.000003, None, "5 write units (less than a cent)"),
    ],
)
def test_estimate_is_a_sentence(units: int, dollars: float, minutes: int | None, text: str) -> None:
    text += " at the table's present throughput" if minutes else ""
    estimate = Estimate(write_units=units, dollars=dollars, minutes=minutes)
    assert estimate_line(shown(estimate)) == f"\n  The import would take {text}."
    assert estimate_line(shown(estimate, of="y")) == f"\n  The undo would take {text}."


def test_estimate_of_no_writes_says_so() -> None:
    nothing = Estimate(write_units=0, dollars=0, minutes=1)
    assert estimate_line(shown(nothing)) == "\n  The import would write nothing."
    assert estimate_line(shown(None)) == ""


@pytest.mark.parametrize(("found", "verb"), [(1, "is"), (2, "are")])
def test_removals_that_wait_name_their_commands(found: int, verb: str) -> None:
    removal = Removal(state="awaiting_approval", found=found, members=30)
    record = shown(None).model_copy(update={"dry_run": False, "removal": removal})
    told = removal_lines(record, lambda words: f"./rollcall {words} --stage prod").splitlines()
    assert told[1].startswith(
        f"  {found} of 30 members {verb} not in the file. Their removal needs approval until "
    )
    assert told[2:] == ["    ./rollcall approve x --stage prod", "    ./rollcall decline x --stage prod"]
