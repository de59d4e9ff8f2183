"""Deploy the whole stack to an emulator of its own, for benchmarks."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.child import peak
from chalicelib.access.model import NewToken
from chalicelib.access.tokens import TokenRepository
from chalicelib.dynamodb.table import Table
from infra.deploy import deploy
from infra.emulator import Emulator, started

HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy for loopback


class Stack:
    """A deployed stack: its outputs and its emulator."""

    def __init__(self, emulator: Emulator, outputs: dict[str, str]) -> None:
        self.emulator = emulator
        self.outputs = outputs
        tokens = TokenRepository(Table(emulator.client("dynamodb"), outputs["TableName"]))
        self._credentials = f"Bearer {tokens.create(NewToken(name='bench', groups=['admins'])).text}"

    def call(self, method: str, path: str, data: Any = None, **headers: str) -> tuple[int, Any]:
        """Return (status, JSON) of a request through the gateway; header names have _ in place of -."""
        body = None if data is None else json.dumps(data).encode()
        named = {"Content-Type": "application/json"} if body else {}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        named["Authorization"] = self._credentials
        request = urllib.request.Request(self.outputs["ApiUrl"] + path, body, named, method=method)  # noqa: S310 - the URL is ours
        try:
            response = HTTP.open(request, timeout=600)  # the emulator sorts a whole partition for each query
        except urllib.error.HTTPError as error:
            response = error
        with response:
            text = response.read()
        return response.status, json.loads(text) if text else None

    def drop(self, path: Path, key: str) -> None:
        """Upload a file to the bucket."""
        self.emulator.client("s3").upload_file(str(path), self.outputs["BucketName"], key)

    def imports(self) -> dict[str, Any]:
        """Return the imports so far, by the key of their file; none while the API is too busy to list them."""
        status, page = self.call("GET", "/imports")
        listed = () if status == HTTPStatus.SERVICE_UNAVAILABLE else page["items"]
        return {one["source"]["key"]: one for one in listed}

    def until_ended(self, *keys: str, pause: float = 0.5) -> Iterator[dict[str, Any]]:
        """Yield the imports every `pause` seconds, until those of these files have ended."""
        while True:
            found = self.imports()
            yield found
            if all(key in found and found[key]["finished_at"] for key in keys):
                return
            time.sleep(pause)

    def log_lines(self, function: str, since: int) -> Iterator[str]:
        """Yield the lines that a function has logged since a time in milliseconds of the epoch."""
        logs = self.emulator.client("logs")
        groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
        (group,) = (name for name in groups if f"-{function}-" in name)
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since):
            yield from (event["message"] for event in page["events"])

    def peaks(self) -> dict[str, float]:
        """Return the largest resident set so far of each function's running processes, in MB."""
        found: dict[str, float] = {}
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                command = status.with_name("cmdline").read_bytes().decode(errors="replace")
                worker = re.search(r"ministack-lambda-rollcall-local-([A-Za-z]+)", command)
                if worker and str(self.emulator.process.pid) in _ancestors(status.parent):
                    name = worker[1]
                    found[name] = max(found.get(name, 0.0), peak(status))
            except OSError:
                continue  # the process has just ended
        return found


def _ancestors(process: Path) -> set[str]:
    found: set[str] = set()
    while process.name != "0":
        found.add(process.name)
        process = Path("/proc") / process.joinpath("stat").read_text().rpartition(")")[2].split()[1]
    return found


@contextmanager
def deployed() -> Iterator[Stack]:
    """Yield a stack, which is deleted at the end of the block."""
    with TemporaryDirectory(prefix="rollcall-bench-") as folder, started() as emulator:
        yield Stack(emulator, deploy("local", emulator.endpoint, log=Path(folder) / "deploy.log"))
