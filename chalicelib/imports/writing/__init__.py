"""How rows become writes: independent rows in batches, dependent rows settled together."""
