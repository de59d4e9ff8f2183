"""What `python rollcall.py` can do: one module a noun, and what they share. Nothing of it runs in Lambda."""
