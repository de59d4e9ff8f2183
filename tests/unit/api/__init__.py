"""The HTTP API, as far as it needs no table."""
