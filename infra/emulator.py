"""Start and stop MiniStack, the AWS emulator: one process and its Lambda workers, on loopback only.

with started() as emulator:                      # on a free port, its data gone afterwards
    emulator.endpoint, emulator.environment
"""

import contextlib
import os
import shutil
import socket
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from infra import child

HOST = "127.0.0.1"
REGION = "us-east-1"
START_SECONDS = 60.0
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy knows no loopback
STOP_SECONDS = 120.0  # it writes its tables to disk on the way out


class EmulatorError(Exception):
    """The emulator did not start; the message is one line for the user."""


class Emulator:
    """A running MiniStack. `environment` is what a process needs to use it in place of AWS."""

    def __init__(self, process: child.Child, port: int, scratch: Path) -> None:
        self.process = process
        self.endpoint = f"http://{HOST}:{port}"
        self.environment = environment(self.endpoint)
        self._scratch = scratch

    def reset(self) -> None:
        """Forget everything, on disk too."""
        _OPENER.open(f"{self.endpoint}/_ministack/reset", data=b"", timeout=60).close()

    def stop(self) -> None:
        """Stop it and its Lambda workers, and wait until its data is on disk. Stopping twice is harmless."""
        child.stop(self.process, STOP_SECONDS)
        shutil.rmtree(self._scratch, ignore_errors=True)


def environment(endpoint: str) -> dict[str, str]:
    """Our own environment, with all that tells an AWS SDK where to go replaced by the emulator."""
    replaced = ("AWS_", "GATEWAY_PORT")  # MiniStack prefers GATEWAY_PORT to the EDGE_PORT that `start` sets
    kept = {name: value for name, value in os.environ.items() if not name.startswith(replaced)}
    return kept | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,  # a profile of the user's may name another endpoint
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
    }


def free_ports(count: int) -> list[int]:
    """TCP ports nobody listens on now, no two alike."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]


def free_port() -> int:
    """A TCP port nobody listens on now."""
    return free_ports(1)[0]


def start(
    port: int | None = None, state: Path | None = None, log: Path | None = None, *, enforce_iam: bool = False
) -> Emulator:
    """Start MiniStack and wait until it answers.

    Args:
        port: where to listen on 127.0.0.1; a free port by default.
        state: the folder that keeps its data for the next start; by default the data goes with the process.
            It is written when the emulator stops in good order: killed, it forgets what came since the start.
        log: the file its log is added to, those of the functions included; nowhere by default.
        enforce_iam: hold functions to their roles, and everyone to bucket policies. Ours allows TLS only, which
            there is none of here: delete it before a file is dropped.

    Raises:
        EmulatorError: it ended, or did not answer within a minute.

    """
    port = port or free_port()
    # Where it unpacks functions. The one beside the data may be left from a run that was killed.
    scratch = state / "scratch" if state else Path(tempfile.mkdtemp(prefix="rollcall-emulator-"))
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    settings = {
        "BIND_HOST": HOST,
        # Not GATEWAY_PORT: MiniStack writes that one into the URLs of its queues and keeps them. After a start on
        # another port its event source mappings would not find the queues, and no import would be loaded.
        "EDGE_PORT": str(port),
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "AUTH": "true" if enforce_iam else "false",
        "TMPDIR": str(scratch),
        "PERSIST_STATE": "1" if state else "0",
        "S3_PERSIST": "1" if state else "0",
        "STATE_DIR": str((state or scratch) / "state"),
        "S3_DATA_DIR": str((state or scratch) / "s3"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    process = child.start(["ministack"], environment(f"http://{HOST}:{port}") | settings, log)
    emulator = Emulator(process, port, scratch)
    try:
        _wait_until_it_answers(emulator)
    except BaseException:
        emulator.stop()
        raise
    return emulator


@contextlib.contextmanager
def started(
    port: int | None = None, state: Path | None = None, log: Path | None = None, *, enforce_iam: bool = False
) -> Iterator[Emulator]:
    """`start`, and `stop` at the end of the block."""
    emulator = start(port, state, log, enforce_iam=enforce_iam)
    try:
        yield emulator
    finally:
        emulator.stop()


def _wait_until_it_answers(emulator: Emulator) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if emulator.process.poll() is not None:
            raise EmulatorError(f"the AWS emulator ended with status {emulator.process.returncode}")
        with contextlib.suppress(OSError), _OPENER.open(f"{emulator.endpoint}/_ministack/health", timeout=5):
            return
        time.sleep(0.1)
    raise EmulatorError(f"the AWS emulator did not answer within {START_SECONDS:.0f} seconds")
