"""Rollcall: the registry, its HTTP API and its imports. docs/inside.md has a map of the rooms."""
