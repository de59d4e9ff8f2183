"""Sentences about Rollcall, run on real engines."""
