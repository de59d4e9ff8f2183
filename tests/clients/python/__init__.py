"""A program for the Python client."""
