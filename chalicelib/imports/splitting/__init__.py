"""How a file becomes chunks: archives, encodings, dialects, workbooks; and an import the rows of its undo."""
