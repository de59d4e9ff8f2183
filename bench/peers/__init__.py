"""The same small service on other libraries, and other ways to load a file, measured beside Rollcall in one run."""
