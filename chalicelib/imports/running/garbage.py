"""Python's garbage collector in a worker."""

import gc
from functools import cache


@cache
def freeze_modules() -> None:
    """Keeps the garbage collector from scanning what exists now, once per process.

    Some collections of a load scan everything; modules and their data, which live for ever, are most of it.
    """
    gc.freeze()
