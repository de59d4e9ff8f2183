"""Runs the tests of members, access, imports and exports on AWS's own DynamoDB Local.

    python -m infra.dynamodb_local [pytest arguments]

Maven downloads it once, into build/. It needs a Java runtime, 17 or newer, on a processor that its SQLite supports
(x86-64; Apple's). The exit status is pytest's.
"""

import contextlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from infra.emulator import HOST, environment, free_port
from infra.maven import MavenError, fetch
from infra.project import PROJECT

HERE = Path(__file__).parent
HOME = PROJECT / "build" / "dynamodb-local"
TESTS = (
    "dynamodb",
    "members",
    "access",
    "imports/test_row_writes*.py",
    "imports/test_pipeline*.py",
    "exports",
)
START_SECONDS = 60.0


class DynamoDBLocalError(Exception):
    """It cannot be started; the message is one line for the user."""


def download(home: Path = HOME) -> Path:
    """Returns the folder of its jars, fetched from Maven Central unless they are there. Raises MavenError."""
    return fetch(HERE / "pom.xml", home, "DynamoDB Local")


def java() -> str:
    """Returns the path of a Java that can run it. Raises DynamoDBLocalError."""
    found = shutil.which("java")
    if not found:
        raise DynamoDBLocalError("DynamoDB Local needs Java 17 or newer. Install it; no `java` was found.")
    output = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', output)
    if not version or int(version[1]) < 17:
        actual = f"is version {version[1]}" if version else "does not print a version"
        raise DynamoDBLocalError(f"DynamoDB Local needs Java 17 or newer, but {found} {actual}.")
    return found


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Starts it on a free loopback port, yields its address, and stops it."""
    program, jars, port = java(), download(), free_port()
    command = [program, f"-Dsqlite4java.library.path={jars}", f"-Dport={port}", "-cp", f"{jars}/*"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [*command, "org.eclipse.jetty.xml.XmlConfiguration", str(HERE / "server.xml")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches the tests alone, which need it to clean up
        )
        try:
            endpoint = f"http://{HOST}:{port}"
            if not _responds(process, endpoint):
                log.seek(0)
                sys.stderr.write(log.read().decode(errors="replace"))
                raise DynamoDBLocalError("DynamoDB Local did not start; see its output above.")
            yield endpoint
        finally:
            process.kill()  # its data is in memory only
            process.wait()


def _responds(process: subprocess.Popen[bytes], endpoint: str) -> bool:
    """Waits until it responds; returns False when it has ended, or after a minute."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            direct.open(endpoint, timeout=5)
        except urllib.error.HTTPError:
            return True  # the server runs: it refused the unsigned request
        except OSError:
            time.sleep(0.1)
    return False


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)  # SystemExit, so that `running` stops the server


def main(arguments: Sequence[str]) -> int:
    """Runs the tests; returns the exit status."""
    signal.signal(signal.SIGTERM, _end)
    tests = [
        str(path) for pattern in TESTS for path in sorted((PROJECT / "tests" / "integration").glob(pattern))
    ]
    try:
        with running() as endpoint:
            print(f"DynamoDB Local runs at {endpoint}", flush=True)
            # For DynamoDB alone; the suite starts its own emulator for the bucket and the queue.
            env = environment(endpoint) | {"AWS_ENDPOINT_URL_DYNAMODB": endpoint}
            del env["AWS_ENDPOINT_URL"]
            command = [sys.executable, "-m", "pytest", *(arguments or tests)]
            return subprocess.run(command, cwd=PROJECT, env=env, check=False).returncode
    except (DynamoDBLocalError, MavenError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
