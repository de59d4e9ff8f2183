"""`make bench`: runs all benchmarks except the long one, or those named: `python -m bench load split`.

Each runs in a process of its own, because they change the environment.
"""

import subprocess
import sys

BENCHMARKS = ("load", "split", "memory", "latency", "credentials", "capacity")


if __name__ == "__main__":
    for name in sys.argv[1:] or BENCHMARKS:
        subprocess.run([sys.executable, "-m", f"bench.{name}"], check=True)
