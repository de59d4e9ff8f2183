"""Run the AWS CLI that is installed beside this Python."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


class ToolError(Exception):
    """The AWS CLI ended with an error."""


def run(
    arguments: list[str],
    env: Mapping[str, str],
    log: Path | None,
    seconds: float | None = None,
    *,
    quiet: bool = False,
) -> None:
    """Run a command of the AWS CLI for at most `seconds`.

    Its output goes to `log`, or to the terminal (if quiet, only when it fails). Raises ToolError.
    """
    command = f"aws {' '.join(arguments[:2])}"
    captured = log is not None or quiet
    try:
        done = subprocess.run(
            [sys.executable, "-m", "awscli", *arguments],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if captured else None,
            stderr=subprocess.STDOUT if captured else None,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise ToolError(f"{command} did not end within {seconds:.0f} seconds") from None
    _show(done, log, quiet=quiet)
    if done.returncode:
        output = (done.stdout or "").strip()
        raise ToolError(f"{command} failed" + (f": {output.splitlines()[-1]}" if output else ""))


def _show(done: subprocess.CompletedProcess[str], log: Path | None, *, quiet: bool) -> None:
    if log:
        with log.open("a") as file:
            file.write(done.stdout)
    elif done.returncode and quiet:
        sys.stderr.write(done.stdout)
