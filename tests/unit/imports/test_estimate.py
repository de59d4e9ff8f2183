"""What a dry run says that its import would take: units of rows, dollars and minutes."""

import re
from typing import Any

import pytest

from chalicelib.config import Settings
from chalicelib.imports.records.estimate import Estimate, Estimator
from chalicelib.imports.records.model import Counts, ImportRecord, Source
from chalicelib.imports.records.write_units import NEW_MEMBER, import_units, row_units
from chalicelib.imports.rows.outcomes import Outcome, changed_since
from chalicelib.imports.rows.row_context import Mode
from tests.support import PROJECT

MILLION = 1_000_000
DEFAULTS = {name: field.default for name, field in Settings.model_fields.items()}


def estimate(units: int, rows: int = 0, chunks: int = 100, *, accepts: int | None, **given: Any) -> Estimate:
    """Returns the estimate for a table that accepts so many units a second, with settings that differ."""
    settings = DEFAULTS | given
    estimator = Estimator(
        lambda: accepts,
        settings["write_price"],
        settings["writes_in_flight"],
        settings["import_concurrency"],
        settings["load_write_units"],
    )
    return estimator.estimate(units, rows, chunks)


@pytest.mark.parametrize(
    ("table", "accepts"),
    [
        ("warm, with the default quota of 40,000 units", 40_000),
        ("warm, with a quota of 120,000 units", 120_000),
    ],
)
def test_five_million_members_take_what_the_docs_say(table: str, accepts: int) -> None:
    text = (PROJECT / "docs/operating.md").read_text(encoding="utf-8")
    minutes = re.search(rf"^\| {table} \| [0-9,]+ \| (\d+) minutes \|$", text, re.MULTILINE)
    dollars = re.search(r"25 million write units are \$([0-9.]+) ", text)
    assert minutes
    assert dollars
    found = estimate(5 * MILLION * NEW_MEMBER, 5 * MILLION, 700, accepts=accepts)
    assert (found.write_units, found.minutes) == (25 * MILLION, int(minutes[1]))
    assert float(dollars[1]) == pytest.approx(found.dollars, abs=0.0051)


def test_price_is_that_of_the_setting() -> None:
    assert estimate(MILLION, accepts=None).dollars == 0.625
    assert estimate(3, accepts=None).dollars == 0.000002
    assert estimate(2 * MILLION, accepts=None, write_price=1.25).dollars == 2.5


def test_table_that_does_not_tell_gives_no_minutes() -> None:
    assert estimate(MILLION, MILLION, accepts=None).minutes is None


@pytest.mark.parametrize(("units", "minutes"), [(0, 0), (1, 1), (240_000, 1), (240_001, 2), (480_000, 2)])
def test_minutes_are_rounded_up(units: int, minutes: int) -> None:
    assert estimate(units, accepts=4_000).minutes == minutes


@pytest.mark.parametrize(
    ("accepts", "chunks", "given", "minutes"),
    [
        (40_000, 100, {}, 60),
        (40_000, 100, {"load_write_units": 20_000}, 120),
        (20_000, 100, {"load_write_units": 40_000}, 120),
        # One transaction in flight: 250 units in 60 ms.
        (40_000, 100, {"import_concurrency": 1, "writes_in_flight": 1}, 576),
        (40_000, 100, {"import_concurrency": 4, "writes_in_flight": 1}, 144),
        (40_000, 2, {"import_concurrency": 4, "writes_in_flight": 1}, 288),
    ],
)
def test_slowest_of_table_workers_and_bound_counts(
    accepts: int, chunks: int, given: dict[str, int], minutes: int
) -> None:
    assert estimate(60 * 60 * 40_000, 0, chunks, accepts=accepts, **given).minutes == minutes


@pytest.mark.parametrize(
    ("changed", "units"),
    [
        ("first_name", 6),
        ("first_name last_name", 6),
        ("phone_number", 9),
        ("last_name phone_number", 10),
        ("client_member_id", 12),
        ("client_member_id first_name", 12),
        ("client_member_id phone_number", 14),
        ("client_member_id first_name phone_number", 14),
    ],
)
def test_update_takes_units_by_the_changed_fields(changed: str, units: int) -> None:
    before = tuple((name, "old") for name in changed.split())
    assert row_units(Outcome("updated", before=before)) == units


@pytest.mark.parametrize(
    ("outcome", "units"),
    [
        (Outcome("deleted", before=(("first_name", "Ann"),)), 9),
        (Outcome("unchanged"), 0),
        (changed_since("user:ann"), 0),
        (Outcome("rejected", "blank", "…"), 0),
    ],
)
def test_other_rows_take_units_by_their_outcome(outcome: Outcome, units: int) -> None:
    assert row_units(outcome) == units


@pytest.mark.parametrize(("mode", "units"), [("create", 5), ("upsert", 5), ("undo", 7)])
def test_created_members_take_more_if_they_are_restored(mode: Mode, units: int) -> None:
    record = ImportRecord(
        id="x",
        status="loading",
        mode=mode,
        source=Source(bucket="", key=""),
        counts=Counts(rows=10, created=10, removed=2),
        created_at="2026-11-23T04:00:00.000Z",
    )
    assert import_units(record, 100) == 10 * units + 100 + 2 * 7
