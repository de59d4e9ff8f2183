"""Rollcall: the registry, its HTTP API and its imports. README.md has a map of the rooms."""
