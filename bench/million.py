"""A roster of a million rows through the local stack: `python -m bench.million`, or ROWS=… of another size.

The counts must be those that the roster's maker says, and no function's process may pass 256 MB.
"""

import sys
import tempfile
import time
from pathlib import Path

from bench.stack import deployed
from bench.stub import rows_asked
from tools.roster import Roster

ROWS = 1_000_000
LIMIT = 256  # MB


def main() -> int:
    """Measures and prints; whether all was as it should be, as an exit status."""
    count = rows_asked(ROWS)
    with tempfile.TemporaryDirectory() as folder, deployed() as stack:
        path, key = Path(folder) / "roster.csv", "drops/roster.csv"
        roster = Roster(count, bad=0.02, seed=7, accounts=10)
        with path.open("w", encoding="utf-8", newline="") as file:
            roster.write(file)
        peaks: dict[str, float] = {}
        begun = time.perf_counter()
        stack.drop(path, key)
        for _ in stack.ended(key, pause=2):
            for name, mb in stack.peaks().items():
                peaks[name] = max(peaks.get(name, 0), mb)
        seconds = time.perf_counter() - begun
        one = stack.imports()[key]
    exact = one["counts"] == roster.expected["counts"]
    print(f"million: {one['status']} in {seconds:,.0f} s, {count / seconds:,.0f} rows a second")
    print(f"million: {one['counts']}, {'exact' if exact else f'not {roster.expected}'}")
    print("million: peak memory of a process, " + ", ".join(f"{n} {mb:.0f} MB" for n, mb in peaks.items()))
    return 0 if exact and peaks and max(peaks.values()) < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
