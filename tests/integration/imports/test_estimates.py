"""The estimate at the end of a dry run, beside what the import then consumes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib import config
from chalicelib.imports.records.model import ImportRecord
from tests.support.metering import calls, counts_units_as_aws, metered
from tests.support.people import phone
from tests.support.pipeline import HEADER, Pipeline
from tests.support.syncs import fill, roster
from tests.support.undo_runs import undo

SIZES = pytest.mark.parametrize("chunk_size", [256, 1_000_000])  # several chunks, one chunk
MEMBERS = 40


def changes(account: str) -> str:
    """Returns a file with rows of each kind, which do not depend on each other."""
    rows = [f"New,Lee,{phone(100 + n)},new{n},{account},," for n in range(3)]
    rows += [f"Changed,Lee,,m{n},{account},," for n in range(5)]
    rows += [f",,{phone(200 + n)},m{n},{account},," for n in range(5, 10)]
    rows += [f",Both,{phone(200 + n)},m{n},{account},," for n in range(10, 13)]
    rows += [f",,,moved{n},{account},m{n}," for n in range(13, 16)]
    rows += [f"Moved,,{phone(200 + n)},moved{n},{account},m{n}," for n in range(16, 18)]
    rows += [f",,,m{n},{account},,delete" for n in range(18, 22)]
    rows += [f"Ralph,Mouse,,m{n},{account},," for n in range(22, 24)]  # unchanged
    rows += [f"Bad,Lee,12,bad,{account},,"]  # rejected
    return HEADER.replace("\n", ",previous id,action\n") + "".join(f"{row}\n" for row in rows)


def new_members(account: str) -> str:
    return HEADER + "".join(f"New,Lee,{phone(100 + n)},new{n},{account}\n" for n in range(60))


def gone_members(account: str) -> str:
    return "account_id,client_member_id\n" + "".join(f"{account},m{n}\n" for n in range(20, 60))


def whole_roster(account: str) -> str:
    """Returns a roster that leaves out two members, changes one and adds one."""
    more = f"Zoe,Mouse,,m37,{account}\nNew,Lee,{phone(100)},new,{account}\n"
    return roster(account, range(37)) + more


FILES = {"create": new_members, "upsert": changes, "delete": gone_members, "sync": whole_roster}
UNITS = {  # see docs/operating.md
    "create": 60 * 5,
    "upsert": 3 * 5 + 5 * 6 + 5 * 9 + 3 * 10 + 3 * 12 + 2 * 14 + 4 * 9,
    "delete": 20 * 9,
    "sync": 6 + 5 + 2 * 7,
}


def consumed(run: Any) -> tuple[ImportRecord, float]:
    """Returns (the import that `run` returns, the units of its members), where the engine counts as AWS does."""
    with metered(config.dynamodb()) as meter:
        record: ImportRecord = run()
    return record, meter.member_units


def units(record: ImportRecord) -> int:
    assert record.estimate
    return record.estimate.write_units


@pytest.mark.usefixtures("settings")
@SIZES
@pytest.mark.parametrize("mode", FILES)
def test_import_and_undo_consume_what_dry_runs_estimate(account: str, mode: str, chunk_size: int) -> None:
    pipeline = Pipeline(chunk_size=chunk_size)
    fill(pipeline, account, MEMBERS)
    text = FILES[mode](account)
    checked = pipeline.run(f"drops/dry_run/{mode}/a.csv", text)
    assert units(checked) == UNITS[mode]
    done, members = consumed(lambda: pipeline.run(f"drops/{mode}/a.csv", text))
    assert done.counts == checked.counts
    assert done.estimate is None

    rehearsed = undo(pipeline, done, dry_run=True)
    undone, restored = consumed(lambda: undo(pipeline, done))
    assert undone.counts == rehearsed.counts
    if not counts_units_as_aws():
        pytest.skip("DynamoDB Local counts write units differently")
    assert (members, restored) == (units(checked), units(rehearsed))


@contextmanager
def accepting(table: int, index: int | None) -> Iterator[None]:
    """Lets the engine tell how many write units a second the table and its index accept."""

    def warm(parsed: dict[str, Any], **_: Any) -> None:
        found = parsed["Table"]
        found["WarmThroughput"] = {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": table}
        [of_index] = found["GlobalSecondaryIndexes"]
        of_index.pop("WarmThroughput", None)
        of_index |= {"WarmThroughput": {"WriteUnitsPerSecond": index}} if index else {}

    events: Any = config.dynamodb().meta.events
    events.register("after-call.dynamodb.DescribeTable", warm)
    try:
        yield
    finally:
        events.unregister("after-call.dynamodb.DescribeTable", warm)


@pytest.mark.parametrize(
    ("table", "index", "minutes"), [(40_000, 40_000, 1), (1, 4_000, 6), (4_000, 1, 6), (4_000, None, None)]
)
def test_minutes_follow_what_table_and_index_accept(
    pipeline: Pipeline, account: str, table: int, index: int | None, minutes: int | None
) -> None:
    with accepting(table, index):
        checked = pipeline.run("drops/dry_run/a.csv", new_members(account))
    assert checked.estimate
    assert checked.estimate.model_dump() == {"write_units": 300, "dollars": 0.000188, "minutes": minutes}
    assert checked.shown().estimate == checked.estimate
    assert pipeline.report(checked.id)["estimate"] == checked.estimate.model_dump()


@SIZES
@pytest.mark.usefixtures("settings")
def test_only_dry_runs_ask_what_the_table_accepts(account: str, chunk_size: int) -> None:
    pipeline = Pipeline(chunk_size=chunk_size)
    for key, asked in (("drops/dry_run/a.csv", 1), ("drops/a.csv", 0)):
        with calls() as made:
            pipeline.run(key, new_members(account))
        assert made.count("dynamodb.DescribeTable") == asked


def test_failed_dry_run_has_no_estimate(pipeline: Pipeline, account: str) -> None:
    failed = pipeline.run("drops/dry_run/rows=7/a.csv", new_members(account))
    assert (failed.status, failed.estimate) == ("failed", None)
