"""Rollcall: the registry, its HTTP API and its imports. README.md has a map of the rooms."""

__version__ = "0.1.0"  # pyproject.toml and CHANGELOG.md say the same
