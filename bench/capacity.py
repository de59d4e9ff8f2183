"""Imports on tables of known capacity: how much of it becomes rows, that none is lost, and what the API notices.

It runs in model time (bench/model/world.py): the table with its limits is a model, the imports are the real ones.
`ROWS` scales all files; `python -m bench.capacity warm` runs one case.
"""

# ruff: noqa: E402 - model time starts before anything is imported that makes threads or sleeps
from bench.model.model_time import start

MODEL = start()

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.capacity_drawing import Bar, draw
from bench.model.callers import Callers
from bench.model.capacity import Rules
from bench.model.world import World
from bench.stub import ENVIRONMENT, row_count
from chalicelib.imports.records.write_units import NEW_MEMBER
from tools.roster import Roster

ROWS = 1_000_000  # of all files of a case together
WORKERS = 10  # LoadConcurrency's default
DRAWING = Path(__file__).parents[1] / "docs" / "capacity.svg"


@dataclass(frozen=True)
class Case:
    """Files that are dropped at once on a table.

    `budget` is LoadWriteUnits for the second run. `goal` is the least share of the capacity that must become rows.
    """

    name: str
    rules: Rules
    files: int
    rows: int  # of each file
    budget: int
    goal: float


CASES = {
    "cold": Case(
        "a new table, ten files",
        Rules(split_seconds=300.0),
        files=10,
        rows=ROWS // 20,
        budget=4_000,
        goal=0.8,
    ),
    "warm": Case(
        "a warm table, 40,000 units",
        Rules(partitions=40, index_partitions=40),
        files=1,
        rows=ROWS,
        budget=32_000,
        goal=0.85,
    ),
    "large": Case(
        "a warm table, 120,000 units",
        Rules(partitions=120, index_partitions=120, table_write_units=120_000),
        files=1,
        rows=ROWS,
        budget=96_000,
        goal=0.0,
    ),
}


@dataclass(frozen=True)
class Run:
    """What was measured: rows a second, the share of the table's capacity, seconds of the API's requests."""

    rate: float
    share: float
    median: float
    slowest: float
    refused: int

    def text(self) -> str:
        """Returns it as a line."""
        return (
            f"every good row created, {self.rate:,.0f} rows a second, {self.share:.0%} of the capacity; a request of "
            f"the API takes {self.median * 1000:,.0f} ms, 99 of 100 at most {self.slowest * 1000:,.0f} ms; "
            f"{self.refused} refused as busy"
        )


def run(case: Case, rows: int, budget: int) -> Run:
    """Loads the files of a case while callers use the API. Fails unless every good row is created."""
    world = World(MODEL, case.rules, load_write_units=budget)
    rosters = [Roster(rows, bad=0.002, accounts=10, seed=number) for number in range(case.files)]
    ids = [world.drop(f"{number}", roster) for number, roster in enumerate(rosters)]
    callers = Callers(MODEL, world.process)
    given = world.limits.given()
    with callers.calling():
        seconds = world.load(WORKERS)
    assert not world.queue.errors, world.queue.errors
    assert not world.queue.dead, "a message failed too often"
    for import_id, roster in zip(ids, rosters, strict=True):
        record = world.record(import_id)
        found = {"status": record.status, "counts": record.counts.model_dump()}
        assert found == {"status": "completed", "counts": roster.expected["counts"]}, found
    created = sum(world.record(import_id).counts.created for import_id in ids)
    # Partitions count the units of the table alone, 4 a row; a quota those of the table and its index.
    capacity = min((world.limits.given() - given) * NEW_MEMBER / 4, case.rules.table_write_units * seconds)
    return Run(created / seconds, created * NEW_MEMBER / capacity, *callers.summary())


def measure(name: str, rows: int) -> list[Bar]:
    """Measures a case without and with LoadWriteUnits, and prints the figures."""
    case = CASES[name]
    scaled = max(1000, case.rows * rows // ROWS)
    bars = []
    # A bound makes the rate even, so fewer rows show it.
    for budget, size in ((0, scaled), (case.budget, max(1000, scaled // 5))):
        found = run(case, size, budget)
        files = f"{name}: {case.files} x {size:,} rows"
        print(f"capacity: {files}, LoadWriteUnits={budget}: {found.text()}", flush=True)
        assert rows < ROWS or budget or found.share >= case.goal, "too little of what the table gives"
        bars.append(Bar(case.name, budget, found.rate, found.share, found.slowest))
    return bars


def main() -> None:
    """Run the cases and print their figures; draw them, if all ran in full."""
    os.environ.update(ENVIRONMENT)
    rows = row_count(ROWS)
    names = sys.argv[1:] or list(CASES)
    bars: list[Bar] = []
    for name in names:
        bars += MODEL.run(lambda name=name: measure(name, rows))  # type: ignore[misc]
    if rows >= ROWS and names == list(CASES):
        DRAWING.write_text(draw(bars), encoding="utf-8")


if __name__ == "__main__":
    main()
