"""`make bench`: runs all benchmarks but the long ones (million, export, peers, deployed), or those named.

`python -m bench load split` runs two of them.

Each runs in a process of its own, because they change the environment.
"""

import subprocess
import sys

BENCHMARKS = ("load", "split", "page", "cold", "memory", "latency", "credentials", "capacity")


if __name__ == "__main__":
    for name in sys.argv[1:] or BENCHMARKS:
        subprocess.run([sys.executable, "-m", f"bench.{name}"], check=True)
