"""What a sync compares and removes, and who approves it."""
