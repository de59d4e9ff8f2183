"""Runs `chalice local` (serve.py) as a child process, with the environment of the deployed function.

It runs without Chalice's reloader, which restarts at any change below the project, the emulator's data and the logs
included, and checks every file of .venv once a second.
"""

import time
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path

from infra import child
from infra.emulator import HOST, Emulator
from infra.project import LOCAL

START_SECONDS = 60.0
STOP_SECONDS = 5.0


class ApiError(Exception):
    """The API ended or does not respond as it should; the message is one line for the user."""


class LocalApi:
    """The API on one port, over the resources of the deployed function."""

    def __init__(self, port: int, emulator: Emulator, function: str, log: Path) -> None:
        self._port = port
        self._emulator = emulator
        self._function = function
        self._log = log
        self._process: child.Child | None = None

    def start(self) -> None:
        """Starts it and waits until it responds. Raises ApiError."""
        client = self._emulator.client("lambda")
        deployed = client.get_function_configuration(FunctionName=self._function)["Environment"]["Variables"]
        options = ["--stage", LOCAL, "--host", HOST, "--port", str(self._port)]
        command = ["infra.serve", "local", "--no-autoreload", *options]
        self._process = child.start(command, self._emulator.environment | deployed, self._log)
        self._wait_until_it_responds()

    def ended(self) -> bool:
        """Returns whether the process has ended."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """Stops it, if it was started."""
        if self._process:
            child.stop(self._process, STOP_SECONDS)

    def _wait_until_it_responds(self) -> None:
        url, deadline = f"http://{HOST}:{self._port}/members?limit=1", time.monotonic() + START_SECONDS
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < deadline:
            if self.ended():
                raise ApiError("the API ended; see .local/api.log")
            try:
                opener.open(url, timeout=10).close()
            except urllib.error.HTTPError as response:
                if response.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise ApiError(f"the API responds with {response.code}; see .local/api.log") from None
                return  # 401: it needs credentials
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise ApiError(f"the API did not respond within {START_SECONDS:.0f} seconds; see .local/api.log")
