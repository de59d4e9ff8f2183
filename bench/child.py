"""Measure the CPU time and the peak memory of work in a process of its own."""

import json
import resource
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

MB = 1024 * 1024


class Cost(NamedTuple):
    """CPU time and elapsed time in seconds, and the largest resident set in MB."""

    cpu: float
    wall: float
    peak: float
    result: Any  # what the work returned


def measure(function: str, *arguments: str) -> Cost:
    """Return the cost, in a new process, of the work that `function` (`module:name`) of the arguments returns."""
    command = [sys.executable, "-m", "bench.child", function, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return Cost(*json.loads(done.stdout.splitlines()[-1]))


def peak(status: Path = Path("/proc/self/status")) -> float:
    """Return the largest resident set of a process so far, in MB.

    On Linux, getrusage includes the parent's memory at the start.
    """
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB  # bytes on macOS
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def main(function: str, *arguments: str) -> None:
    """Run the work that the function returns, and print its cost as JSON."""
    module, _, name = function.partition(":")
    work = getattr(import_module(module), name)(*arguments)
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall, peak(), result]))


if __name__ == "__main__":
    main(*sys.argv[1:])
