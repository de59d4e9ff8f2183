"""How `rollcall.py` starts."""

import subprocess
import sys

from infra.project import PROJECT


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs this Python in the project's folder."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False
    )


def test_commands_start_without_chalice() -> None:
    """Its prompts query the terminal as they load: seconds where it does not answer, and standard input is lost."""
    done = python("-c", "import sys, rollcall; print({'chalice', 'inquirer', 'blessed'} & {*sys.modules})")
    assert done.stdout == "set()\n"
