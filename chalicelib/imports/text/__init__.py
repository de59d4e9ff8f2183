"""The text of a file: encodings, lines and cells."""
