"""`make bench`: every benchmark but the long one, or those that are named: `python -m bench load split`.

Each has a process of its own: they change its environment.
"""

import subprocess
import sys

BENCHMARKS = ("load", "split", "memory", "latency", "credentials")


if __name__ == "__main__":
    for name in sys.argv[1:] or BENCHMARKS:
        subprocess.run([sys.executable, "-m", f"bench.{name}"], check=True)
