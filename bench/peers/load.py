"""Rows a second of a whole load on this machine: Rollcall's import and two simpler ways, by turns.

Rollcall and batch_writer write to one emulator, the third way to a PostgreSQL of its own. ROWS sets the size.
"""

import os
import time
from pathlib import Path

from bench.child import measure
from bench.peers import postgres
from bench.peers.services import ROLLCALL
from bench.stack import Stack, deployed
from bench.stub import row_count
from tools.roster import Roster

ROWS = 100_000
ROUNDS = 2  # each with other members; the best one counts
BATCH_WRITER, DJANGO = "boto3 batch_writer", "Django + PostgreSQL"


def main(folder: Path) -> None:
    """Measures and prints."""
    count = row_count(ROWS)
    best: dict[str, float] = {}
    with deployed() as stack, postgres.started() as port:
        os.environ.update({k: v for k, v in stack.emulator.environment.items() if k.startswith("AWS_")})
        for number in range(ROUNDS):
            path = folder / f"roster-{number}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                Roster(count, seed=number, accounts=10).write(file)
            for name, seconds in _round(stack, path, port, count).items():
                best[name] = max(best.get(name, 0), count / seconds)
    rates = ", ".join(f"{n} {rate:,.0f} ({rate / best[ROLLCALL]:.2f}x)" for n, rate in best.items())
    print(f"peers: load of {count:,} rows, rows a second: {rates}")


def _round(stack: Stack, path: Path, port: int | None, count: int) -> dict[str, float]:
    """Returns the seconds of each way to load a file. Fails unless each stores all rows."""
    seconds = {ROLLCALL: _import(stack, path, count)}
    batch = measure("bench.peers.batch_writer:work", str(path), f"bench-{path.stem}")
    seconds[BATCH_WRITER] = batch.wall
    if port:
        django = measure("bench.peers.django_rows:work", str(path), str(port))
        assert django.result == count, django
        seconds[DJANGO] = django.wall
    return seconds


def _import(stack: Stack, path: Path, count: int) -> float:
    key = f"drops/{path.name}"
    started = time.perf_counter()
    stack.drop(path, key)
    *_, found = stack.until_ended(key)
    seconds = time.perf_counter() - started
    counts = found[key]["counts"]
    assert counts["created"] == count, counts
    return seconds
