"""The stages of an import, step by step; what callers and workers start."""
