"""Export an account of a million members on the local stack, and import the file again: `python -m bench.export`.

ROWS=… for another size. Fails when the file has not all members, when its import changes anything, or when a
function's process uses more than 256 MB.
"""

import sys
import tempfile
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any

from bench.stack import Stack, deployed
from bench.stub import row_count
from tools.roster import Roster

ROWS = 1_000_000
LIMIT = 256  # MB
ACCOUNT = "7-0"  # of a roster with one account and this seed


class Peaks(dict[str, float]):
    """The largest resident set of each function's processes, in MB."""

    def look(self, stack: Stack) -> None:
        """Look at the processes that run now."""
        for name, mb in stack.peaks().items():
            self[name] = max(self.get(name, 0), mb)


def main() -> int:
    """Measure and print; return the exit status."""
    count = row_count(ROWS)
    with tempfile.TemporaryDirectory() as folder, deployed() as stack:
        path, peaks = Path(folder) / "roster.csv", Peaks()
        with path.open("w", encoding="utf-8", newline="") as file:
            Roster(count, seed=7, accounts=1).write(file)
        loaded, _ = import_file(stack, path, "drops/roster.csv", peaks)
        assert loaded["counts"]["created"] == count, loaded

        started = time.perf_counter()
        export = export_account(stack, peaks)
        seconds = time.perf_counter() - started
        print(f"export: {export['status']}, {export['rows']:,} members in {seconds:,.0f} s, ", end="")
        print(f"{count / seconds:,.0f} a second; {export['size'] / 1e6:,.0f} MB")

        key = f"exports/{export['id']}/members.csv"
        stack.emulator.client("s3").download_file(stack.outputs["BucketName"], key, str(path))
        again, seconds = import_file(stack, path, f"drops/upsert/account={ACCOUNT}/again.csv", peaks)
        print(f"export: imported again in {seconds:,.0f} s, {again['counts']}")
    print("export: peak memory of a process, " + ", ".join(f"{n} {mb:.0f} MB" for n, mb in peaks.items()))
    exact = export["rows"] == count == again["counts"]["unchanged"] == again["counts"]["rows"]
    return 0 if exact and peaks and max(peaks.values()) < LIMIT else 1


def import_file(stack: Stack, path: Path, key: str, peaks: Peaks) -> tuple[dict[str, Any], float]:
    """Import a file; return (the import, seconds)."""
    started = time.perf_counter()
    stack.drop(path, key)
    for imports in stack.until_ended(key, pause=2):
        peaks.look(stack)
        last = imports
    return last[key], time.perf_counter() - started


def export_account(stack: Stack, peaks: Peaks) -> dict[str, Any]:
    """Export the account; return the export when it has ended."""
    status, export = stack.call("POST", "/exports", {"account_id": ACCOUNT})
    assert status == 202, export
    while not export["finished_at"]:
        time.sleep(1)
        peaks.look(stack)
        status, answer = stack.call("GET", f"/exports/{export['id']}")
        export = answer if status == HTTPStatus.OK else export
    return dict(export)


if __name__ == "__main__":
    sys.exit(main())
