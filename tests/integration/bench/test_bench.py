"""The benchmarks without a deployed stack run at small sizes, so that changes do not break them."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("load", "x"),
        ("split", "x, peak"),
        ("memory", " MB"),
        ("page", "x"),
        ("cold", "x"),
        ("peers single cold", "peers: cold start: Rollcall"),
    ],
)
def test_benchmark_runs_and_prints_its_figure(name: str, figure: str) -> None:
    module, *arguments = name.split()
    command = [sys.executable, "-m", f"bench.{module}", *arguments]
    sizes = {"ROWS": "500", "ROUNDS": "1"}
    done = subprocess.run(command, env=os.environ | sizes, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert figure in done.stdout


@pytest.mark.parametrize("worker_seconds", ["300", "33"])
def test_cold_table_loses_no_row_of_ten_imports(worker_seconds: str) -> None:
    """In model time; a worker of 33 s has three for its rows, so each step is sent again and again."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.capacity", "cold"],
        env={**os.environ, "ROWS": "16000", "WORKER_SECONDS": worker_seconds},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "every good row created" in done.stdout


def test_flood_of_passwords_leaves_tokens_served() -> None:
    """2,000 a second at ten concurrent executions, in model time. Without the bound the same flood refuses them."""
    command = [sys.executable, "-m", "bench.flood"]
    done = subprocess.run(
        command, env=os.environ | {"SECONDS": "10"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    bounded = ("LoginsPerSecond=5", "made-up tokens")
    lines = [line for line in done.stdout.splitlines() if any(one in line for one in bounded)]
    assert len(lines) == 3
    assert all("with a token 0 failed" in line for line in lines)
