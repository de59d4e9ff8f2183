"""The commands of `./rollcall`, one module for each subject. Nothing here runs in Lambda."""
