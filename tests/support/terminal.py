"""A command on a terminal."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

from infra.project import PROJECT

COLOR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:[34][0-8]|9[0-7]|10[0-7])[;m]")  # of a letter or its background
_CODE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(*arguments: str, colors: bool = False) -> tuple[int, str]:
    """Returns the exit status of a command, and what it shows on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm-256color"}
    environment |= {} if colors else {"NO_COLOR": "1"}
    command = [sys.executable, str(PROJECT / "rollcall.py"), *arguments]
    with subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = _read_all(lambda: os.read(ours, 65_536))
    os.close(ours)
    return process.returncode, shown.decode()


def _read_all(read: Callable[[], bytes]) -> bytes:
    shown = b""
    with suppress(OSError):  # Linux reports the end of a terminal as an error
        while part := read():
            shown += part
    return shown


def plain(shown: str) -> str:
    """Returns a text without the codes for colors and movements."""
    return _CODE.sub("", shown)
