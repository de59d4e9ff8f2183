"""Import a roster of a million rows on the local stack: `python -m bench.million`; ROWS=… for another size.

Fails when the counts differ from the roster's, or when a function's process uses more than 256 MB.
"""

import sys
import tempfile
import time
from pathlib import Path

from bench.stack import deployed
from bench.stub import row_count
from tools.roster import Roster

ROWS = 1_000_000
LIMIT = 256  # MB


def main() -> int:
    """Measure and print; return the exit status."""
    count = row_count(ROWS)
    with tempfile.TemporaryDirectory() as folder, deployed() as stack:
        path, key = Path(folder) / "roster.csv", "drops/roster.csv"
        roster = Roster(count, bad=0.02, seed=7, accounts=10)
        with path.open("w", encoding="utf-8", newline="") as file:
            roster.write(file)
        peaks: dict[str, float] = {}
        started = time.perf_counter()
        stack.drop(path, key)
        for imports in stack.until_ended(key, pause=2):
            last = imports
            for name, mb in stack.peaks().items():
                peaks[name] = max(peaks.get(name, 0), mb)
        seconds = time.perf_counter() - started
        one = last[key]
    exact = one["counts"] == roster.expected["counts"]
    print(f"million: {one['status']} in {seconds:,.0f} s, {count / seconds:,.0f} rows a second")
    print(f"million: {one['counts']}, {'exact' if exact else f'expected {roster.expected}'}")
    print("million: peak memory of a process, " + ", ".join(f"{n} {mb:.0f} MB" for n, mb in peaks.items()))
    return 0 if exact and peaks and max(peaks.values()) < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
