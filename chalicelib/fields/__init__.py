"""The rules of text and phone fields, and validation into our own errors. Pure."""
