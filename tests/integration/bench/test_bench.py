"""The benchmarks that need no deployed stack run, in small: what they measure changes under them."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(("name", "ratio"), [("load", "x"), ("split", "x, peak"), ("memory", " MB")])
def test_a_benchmark_runs_and_says_what_it_found(name: str, ratio: str) -> None:
    command = [sys.executable, "-m", f"bench.{name}"]
    done = subprocess.run(
        command, env={**os.environ, "ROWS": "500"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert ratio in done.stdout
