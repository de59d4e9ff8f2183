"""Python's garbage collector while rows are loaded."""

import gc
from functools import cache


@cache
def tune_garbage_collector() -> None:
    """Keeps Python's garbage collector from scanning what exists now, once per process, and lets it run less often.

    A load makes a full collection due again and again; modules and their data, which live for ever, are most of it.
    Its rows are in use until they are written: with Python's 700 new objects, they are scanned in vain.
    """
    gc.freeze()
    gc.set_threshold(10_000)
