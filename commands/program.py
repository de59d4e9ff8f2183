"""What people type to run the commands, for hints and help."""

import os

PROGRAM = os.environ.get("ROLLCALL_COMMAND", "./rollcall")  # set by the launcher, as it was typed
COMPLETE = "_ROLLCALL_COMPLETE"  # the variable with which a shell asks for completions
