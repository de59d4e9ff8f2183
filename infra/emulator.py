"""Starts and stops MiniStack, the AWS emulator: one process and its Lambda workers, on loopback only."""

import contextlib
import os
import shutil
import socket
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra import child

HOST = "127.0.0.1"
REGION = "us-east-1"
START_SECONDS = 60.0
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy for loopback
STOP_SECONDS = 120.0  # it writes its tables to disk before it ends


class EmulatorError(Exception):
    """The emulator did not start; the message is one line for the user."""


class Emulator:
    """A running MiniStack. Processes with `environment` use it in place of AWS."""

    def __init__(self, process: child.Child, port: int, scratch: Path) -> None:
        self.process = process
        self.endpoint = f"http://{HOST}:{port}"
        self.environment = environment(self.endpoint)
        self._scratch = scratch

    def client(self, service: Any) -> Any:
        """Returns a boto3 client of one of its services."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}),
        )

    def reset(self) -> None:
        """Deletes all data, on disk too."""
        _OPENER.open(f"{self.endpoint}/_ministack/reset", data=b"", timeout=60).close()

    def stop(self) -> None:
        """Stops it and its Lambda workers, and waits until its data is on disk. Stopping twice is harmless."""
        child.stop(self.process, STOP_SECONDS)
        shutil.rmtree(self._scratch, ignore_errors=True)


def environment(endpoint: str) -> dict[str, str]:
    """Returns this process's environment, with the AWS settings replaced by the emulator's."""
    replaced = ("AWS_", "GATEWAY_PORT")  # MiniStack prefers GATEWAY_PORT to the EDGE_PORT that `start` sets
    kept = {name: value for name, value in os.environ.items() if not name.startswith(replaced)}
    return kept | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,  # the user's profile may name another endpoint
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
    }


def free_ports(count: int) -> list[int]:
    """Returns `count` different TCP ports that no process listens on."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]


def free_port() -> int:
    """Returns a TCP port that no process listens on."""
    return free_ports(1)[0]


def start(
    port: int | None = None, state: Path | None = None, log: Path | None = None, *, enforce_iam: bool = False
) -> Emulator:
    """Starts MiniStack and waits until it responds.

    Args:
        port: the port on 127.0.0.1; a free one by default.
        state: the folder that keeps its data for the next start; by default the data is deleted at the end.
            MiniStack writes it when it is stopped; when it is killed, changes since its start are lost.
        log: the file that its log and the functions' logs are appended to; none by default.
        enforce_iam: enforce the functions' roles and the bucket policies. The stack's bucket policy denies
            requests without TLS, which the emulator does not have: delete it before you drop a file.

    Raises:
        EmulatorError: it ended, or did not respond within a minute.

    """
    port = port or free_port()
    # For unpacked functions; a killed run leaves the one beside the data.
    scratch = state / "scratch" if state else Path(tempfile.mkdtemp(prefix="rollcall-emulator-"))
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    settings = _settings(port, scratch, state, enforce_iam=enforce_iam)
    process = child.start(["ministack"], environment(f"http://{HOST}:{port}") | settings, log)
    emulator = Emulator(process, port, scratch)
    try:
        _wait_until_it_responds(emulator)
    except BaseException:
        emulator.stop()
        raise
    return emulator


def _settings(port: int, scratch: Path, state: Path | None, *, enforce_iam: bool) -> dict[str, str]:
    """Returns MiniStack's environment variables."""
    return {
        "BIND_HOST": HOST,
        # Not GATEWAY_PORT: MiniStack stores that port in the queues' URLs. After a restart on another port, its
        # event source mappings would not find the queues, and no import would be loaded.
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


@contextlib.contextmanager
def started(
    port: int | None = None, state: Path | None = None, log: Path | None = None, *, enforce_iam: bool = False
) -> Iterator[Emulator]:
    """Yields a started emulator; stops it at the end of the block. See `start` for the arguments."""
    emulator = start(port, state, log, enforce_iam=enforce_iam)
    try:
        yield emulator
    finally:
        emulator.stop()


def _wait_until_it_responds(emulator: Emulator) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if emulator.process.poll() is not None:
            raise EmulatorError(f"the AWS emulator ended with status {emulator.process.returncode}")
        with contextlib.suppress(OSError), _OPENER.open(f"{emulator.endpoint}/_ministack/health", timeout=5):
            return
        time.sleep(0.1)
    raise EmulatorError(f"the AWS emulator did not respond within {START_SECONDS:.0f} seconds")
