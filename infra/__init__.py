"""The stack: its template, how it is packaged, deployed, and run on one machine."""
