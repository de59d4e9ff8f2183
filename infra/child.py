"""Start a command of this Python's own as a process that goes when we go, whichever way we went."""

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

from infra.package import PROJECT

Child = subprocess.Popen[bytes]


def start(command: list[str], env: dict[str, str], log: Path | None) -> Child:
    """Run a console script or a module's main (`["ministack"]`, `["infra.serve", "local"]`) in the project's folder.

    What it says is added to `log`.

    It gets a session of its own: a Ctrl-C reaches whoever started it, who then stops all in good order.
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
    """Ask it to end, wait so many seconds, then kill whatever is left of it and of what it started.

    Stopping twice is harmless.
    """
    if child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
    with contextlib.suppress(
        ProcessLookupError, PermissionError
    ):  # nobody is left; macOS says the latter of zombies
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
