"""Notices of `./rollcall import` about files without progress, with the test's clock."""

from typing import Any, get_args

import pytest

from chalicelib.imports.records.model import ImportRecord, Source, Stage
from commands.progress import Lines
from commands.waiting import Waits, describe_wait
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def notices(waits: Waits, printed: list[str], clock: Clock, seconds: int) -> list[str]:
    """Check once a second for `seconds`; return the lines printed."""
    printed.clear()
    for _ in range(seconds):
        clock.now += 1
        waits.check()
    return [*printed]


def test_stalled_file_is_reported_once_a_minute(clock: Clock) -> None:
    printed: list[str] = []
    waits = Waits(printed.append, clock)
    waits.update("a.csv", ("loading", 1), "waiting for load")
    assert notices(waits, printed, clock, 59) == []
    assert notices(waits, printed, clock, 1) == ["a.csv: no progress for 1 min: waiting for load"]
    assert notices(waits, printed, clock, 125) == [
        "a.csv: no progress for 2 min: waiting for load",
        "a.csv: no progress for 3 min: waiting for load",
    ]


def test_progress_starts_the_minute_again(clock: Clock) -> None:
    printed: list[str] = []
    waits = Waits(printed.append, clock)
    for position in range(4):
        waits.update("a.csv", ("loading", position), "waiting for load")
        assert notices(waits, printed, clock, 59) == []


def test_notice_has_the_newest_text(clock: Clock) -> None:
    printed: list[str] = []
    waits = Waits(printed.append, clock)
    waits.update("a.csv", "loading", "waiting for load")
    clock.now += 59
    waits.update("a.csv", "loading", "DynamoDB does not answer")
    assert notices(waits, printed, clock, 1) == ["a.csv: no progress for 1 min: DynamoDB does not answer"]


def test_file_that_has_ended_is_not_reported(clock: Clock) -> None:
    printed: list[str] = []
    waits = Waits(printed.append, clock)
    for name in ("a.csv", "b.csv"):
        waits.update(name, "loading", "waiting for load")
    waits.end("a.csv")
    assert notices(waits, printed, clock, 60) == ["b.csv: no progress for 1 min: waiting for load"]


@pytest.mark.parametrize(
    ("state", "waits_for"),
    [
        (
            {"status": "awaiting_upload"},
            "awaiting_upload at 0%, waiting for the bucket to call the function start_import for the uploaded file",
        ),
        (
            {"status": "splitting"},
            "splitting at 0%, waiting for the function split to divide the file into chunks",
        ),
        (
            {"status": "loading", "chunks": 4, "stage": "read", "steps_done": 2},
            "loading at 5%, waiting for the function load to read the rows (2 of 4 chunks done)",
        ),
        (
            {"status": "loading", "chunks": 1, "stage": "finish", "counts": {"rows": 9}, "rows_found": 9},
            "loading at 99%, waiting for the function load to write the report",
        ),
        (
            {"status": "cancelled", "chunks": 4, "stage": "write", "steps_done": 3, "rows_found": 9},
            "cancelled at 10%, waiting for the function load to reject the rows (3 of 4 chunks done)",
        ),
    ],
)
def test_each_state_names_what_it_waits_for(state: dict[str, Any], waits_for: str) -> None:
    record = ImportRecord(
        id="20261123T040000Z-abcdefghij",
        mode="create",
        source=Source(bucket="b", key="k"),
        created_at="2999-01-01T00:00:00.000Z",
        **state,
    )
    expected = f"import 20261123T040000Z-abcdefghij is {waits_for}. See emulator.log"
    assert describe_wait(record, "emulator.log") == expected


@pytest.mark.parametrize("stage", get_args(Stage))
def test_each_stage_has_words(stage: Stage) -> None:
    source = Source(bucket="b", key="k")
    record = ImportRecord(
        id="x",
        status="loading",
        mode="sync",
        source=source,
        created_at="2999-01-01T00:00:00.000Z",
        stage=stage,
    )
    assert describe_wait(record.model_copy(update={"chunks": 1}), "log").startswith("import x is loading at ")


def test_long_upload_is_reported_in_lines(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    sent = Lines(clock).upload("a.csv", 3000)
    for _ in range(3):
        clock.now += 6
        sent(1000)
    assert capsys.readouterr().err == "a.csv: uploading 3.0 kB\na.csv: 2.0 kB uploaded\n"
