"""Rollcall: the registry, its HTTP API and its imports. docs/architecture.md describes the packages."""

__version__ = "0.1.0"  # pyproject.toml and CHANGELOG.md say the same
