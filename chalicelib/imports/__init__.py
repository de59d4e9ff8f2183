"""A file becomes members: read, split, load, report."""
