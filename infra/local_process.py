"""Runs `make local` as a child process, for tests and screenshots."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from infra.emulator import HOST
from infra.project import PROJECT


@contextmanager
def running(environment: Mapping[str, str]) -> Iterator[str]:
    """Yields the address of its API when it is ready; stops it with SIGTERM at the end of the block.

    `environment` names PORT, EMULATOR_PORT and LOCAL_STATE. Raises RuntimeError, with its output, when it ends early.
    """
    command = [sys.executable, "-m", "infra.local"]
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            printed: list[str] = []
            while process.stdout and (line := process.stdout.readline()) != "rollcall is ready\n":
                printed.append(line)
                if not line:
                    raise RuntimeError(f"`make local` did not start:\n{''.join(printed)}")
            yield f"http://{HOST}:{environment['PORT']}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()
