"""A PostgreSQL of a benchmark's own: a temporary cluster on a free port of 127.0.0.1, with default settings."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from infra.emulator import HOST, free_port

USER = "postgres"  # PostgreSQL refuses to run as root; Debian's package has this user
START_SECONDS = 60.0
STOP_SECONDS = 60.0


@contextlib.contextmanager
def started() -> Iterator[int | None]:
    """Yields the port of a new cluster, which is deleted at the end of the block; None if something is missing.

    Prints what is missing. Everybody on this machine may connect: it holds nothing but made-up members.
    """
    folder = _programs()
    missing = [name for name in ("django", "psycopg") if find_spec(name) is None]
    if folder is None:
        missing.append("PostgreSQL (on Debian: apt-get install postgresql)")
    if missing or folder is None:
        print(f"peers: Django + PostgreSQL is not measured, because these are missing: {', '.join(missing)}")
        yield None
        return
    data = Path(tempfile.mkdtemp(prefix="rollcall-postgres-"))
    run: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    if os.geteuid() == 0:
        shutil.chown(data, USER, USER)
        run |= {"user": USER, "group": USER, "extra_groups": []}
    try:
        command = [
            f"{folder}/initdb",
            "-D",
            str(data),
            "-U",
            USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-locale",
        ]
        subprocess.run(command, check=True, **run)
        yield from _serve(folder, data, run)
    finally:
        shutil.rmtree(data)


def _serve(folder: Path, data: Path, run: dict[str, Any]) -> Iterator[int]:
    port = free_port()
    settings = {"listen_addresses": HOST, "port": str(port), "unix_socket_directories": ""}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with subprocess.Popen([f"{folder}/postgres", "-D", str(data), *options], **run) as server:
        try:
            _wait_until_it_responds(folder, port)
            yield port
        finally:
            server.send_signal(signal.SIGINT)  # disconnects its clients and writes its data
            server.wait(STOP_SECONDS)


def _wait_until_it_responds(folder: Path, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    command = [f"{folder}/pg_isready", "-q", "-h", HOST, "-p", str(port)]
    while subprocess.run(command, check=False).returncode:
        assert time.monotonic() < deadline, "PostgreSQL did not start"
        time.sleep(0.1)


def _programs() -> Path | None:
    """Returns the folder of PostgreSQL's server programs, the newest version's; None without a server."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")  # Debian keeps them off the PATH
    return max((path.parent for path in versions), key=lambda path: float(path.parent.name), default=None)
