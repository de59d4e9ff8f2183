"""Rollcall: the registry, its HTTP API and its imports. docs/architecture.md describes the packages."""

import gc

__version__ = "0.1.0"  # pyproject.toml and CHANGELOG.md say the same

# What a new function imports lives as long as the function. Python's default, a search for cycles after every 700
# new objects, takes a twentieth of its start; a worker's rows are in use until they are written. A request leaves 13
# objects that refer to each other, so at most 6 MB wait to be found.
gc.set_threshold(50_000)
