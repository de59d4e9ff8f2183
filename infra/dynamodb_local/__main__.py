"""Run the tests of members, access and imports on AWS's own DynamoDB Local.

    python -m infra.dynamodb_local [arguments of pytest]

Maven fetches it once, into build/. It needs Java 17 or newer, of which a runtime will do, on a processor that its
SQLite was built for (x86-64; Apple's). Exit status is pytest's.
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
from infra.package import PROJECT

HERE = Path(__file__).parent
HOME = PROJECT / "build" / "dynamodb-local"
TESTS = (
    "dynamodb",
    "members",
    "access",
    "imports/test_bulk_writer*.py",
    "imports/test_pipeline*.py",
)
START_SECONDS = 60.0


class DynamoDBLocalError(Exception):
    """It cannot be fetched or started; the message is one line for the user."""


def fetched() -> Path:
    """Return the folder of its jars, fetched from Maven Central unless what pom.xml asks for is there."""
    pom, stamp = HERE / "pom.xml", HOME / "pom.xml"
    if stamp.is_file() and stamp.read_bytes() == pom.read_bytes():
        return HOME
    maven = shutil.which("mvn")
    if not maven:
        raise DynamoDBLocalError("Maven (mvn) is needed to fetch DynamoDB Local, and is not installed.")
    print("fetching DynamoDB Local from Maven Central (once)", flush=True)
    shutil.rmtree(HOME, ignore_errors=True)
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={HOME}"]
    done = subprocess.run(
        [maven, "-B", "-q", "-f", str(pom), *goal], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise DynamoDBLocalError("Maven could not fetch DynamoDB Local; what it said is above.")
    shutil.copyfile(pom, stamp)
    return HOME


def java() -> str:
    """Return the path of a Java that can run it."""
    found = shutil.which("java")
    if not found:
        raise DynamoDBLocalError("DynamoDB Local needs Java 17 or newer, and there is no Java.")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if not version or int(version[1]) < 17:
        which = f"is version {version[1]}" if version else "does not say its version"
        raise DynamoDBLocalError(f"DynamoDB Local needs Java 17 or newer, and {found} {which}.")
    return found


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Start it on a free port of loopback, yield its address, and stop it, whatever happens."""
    program, jars, port = java(), fetched(), free_port()
    command = [program, f"-Dsqlite4java.library.path={jars}", f"-Dport={port}", "-cp", f"{jars}/*"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [*command, "org.eclipse.jetty.xml.XmlConfiguration", str(HERE / "server.xml")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C is for the tests; they still need it to clean up
        )
        try:
            endpoint = f"http://{HOST}:{port}"
            if not _answers(process, endpoint):
                log.seek(0)
                sys.stderr.write(log.read().decode(errors="replace"))
                raise DynamoDBLocalError("DynamoDB Local did not start; what it said is above.")
            yield endpoint
        finally:
            process.kill()  # its data is in memory, there is nothing to put away
            process.wait()


def _answers(process: subprocess.Popen[bytes], endpoint: str) -> bool:
    """Wait until it does, or has ended, or a minute is over."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            direct.open(endpoint, timeout=5)
        except urllib.error.HTTPError:
            return True  # a request without a signature is refused, by a server that is up
        except OSError:
            time.sleep(0.1)
    return False


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)  # an exception: what was started is stopped on its way


def main(arguments: Sequence[str]) -> int:
    """Run the tests; return the status to exit with."""
    signal.signal(signal.SIGTERM, _end)
    tests = [
        str(path) for pattern in TESTS for path in sorted((PROJECT / "tests" / "integration").glob(pattern))
    ]
    try:
        with running() as endpoint:
            print(f"DynamoDB Local answers at {endpoint}", flush=True)
            # Its address for the table alone; the suite starts its own emulator for the bucket and the queue.
            env = environment(endpoint) | {"AWS_ENDPOINT_URL_DYNAMODB": endpoint}
            del env["AWS_ENDPOINT_URL"]
            command = [sys.executable, "-m", "pytest", *(arguments or tests)]
            return subprocess.run(command, cwd=PROJECT, env=env, check=False).returncode
    except DynamoDBLocalError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
