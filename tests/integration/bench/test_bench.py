"""The benchmarks without a deployed stack run at small sizes, so that changes do not break them."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("name", "figure"), [("load", "x"), ("split", "x, peak"), ("memory", " MB"), ("page", "x"), ("cold", "x")]
)
def test_benchmark_runs_and_prints_its_figure(name: str, figure: str) -> None:
    command = [sys.executable, "-m", f"bench.{name}"]
    done = subprocess.run(
        command, env={**os.environ, "ROWS": "500"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert figure in done.stdout
