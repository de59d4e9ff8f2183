"""What callers read about imports: results, changes, lists."""
