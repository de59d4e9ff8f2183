"""Starts a command of this Python as a child process that ends when its parent ends, even if that is killed."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from infra.project import PROJECT

Child = subprocess.Popen[bytes]


def start(command: list[str], env: dict[str, str], log: Path | None) -> Child:
    """Runs a console script or a module's main (`["ministack"]`, `["infra.serve", "local"]`) in the project's folder.

    Appends its output to `log`. It runs in a session of its own, so that Ctrl-C reaches the parent alone, which then
    stops its children in order.
    """
    with (log or Path(os.devnull)).open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "infra.child", str(os.getpid()), *command],
            cwd=PROJECT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def stop(child: Child, seconds: float) -> None:
    """Sends SIGTERM, waits at most `seconds`, then kills its whole process group. Stopping twice is harmless."""
    if child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
    # The group has ended; macOS raises PermissionError for zombies.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _run(parent: int, command: list[str]) -> None:
    def end_with_the_parent() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_with_the_parent, daemon=True).start()
    sys.argv = command
    if "." in command[0]:
        import_module(command[0]).main()
        return
    (script,) = entry_points(group="console_scripts", name=command[0])
    script.load()()


if __name__ == "__main__":
    _run(int(sys.argv[1]), sys.argv[2:])
