"""Work in a process of its own, for its CPU time and for the most memory that it held at once."""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

MB = 1024 * 1024


class Cost(NamedTuple):
    """Seconds of CPU time and by the clock, and the largest resident set, in MB."""

    cpu: float
    wall: float
    peak: float
    said: Any  # what it returned


def measured(where: str, *arguments: str) -> Cost:
    """What the work costs that a function (`module:name`) of these texts has made ready, in a fresh process."""
    command = [sys.executable, "-m", "bench.child", where, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return Cost(*json.loads(done.stdout.splitlines()[-1]))


def peak(status: Path = Path("/proc/self/status")) -> float:
    """The largest resident set of a process so far, in MB.

    Linux's getrusage counts what the parent held when it started us too.
    """
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB  # bytes on macOS
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def main(where: str, *arguments: str) -> None:
    """Calls what the function returns, and prints what that cost."""
    module, _, name = where.partition(":")
    function = getattr(__import__(module, fromlist=[name]), name)
    work = function(*arguments)
    cpu, wall = time.process_time(), time.perf_counter()
    said = work()
    print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall, peak(), said]))


if __name__ == "__main__":
    main(*sys.argv[1:])
