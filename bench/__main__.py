"""`make bench`: every benchmark but the long one, or those that are named: `python -m bench load split`."""

import sys
from importlib import import_module

BENCHMARKS = ("load", "split", "memory", "latency", "credentials")


if __name__ == "__main__":
    for name in sys.argv[1:] or BENCHMARKS:
        import_module(f"bench.{name}").main()
