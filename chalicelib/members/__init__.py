"""Members: the model, its items, single writes and searches."""
