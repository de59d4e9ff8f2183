"""The commands of `python rollcall.py`, one module for each subject. Nothing here runs in Lambda."""
