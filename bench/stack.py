"""The whole stack on an emulator of its own, for the benchmarks that need it."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
from botocore.config import Config

from bench.child import peak
from chalicelib.access.model import NewToken
from chalicelib.access.tokens import TokenRepository
from chalicelib.dynamodb.table import Table
from infra.deploy import deploy
from infra.emulator import Emulator, started

HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy knows no loopback


class Stack:
    """A deployed stack: its outputs, and the emulator it is on."""

    def __init__(self, emulator: Emulator, outputs: dict[str, str]) -> None:
        self.emulator = emulator
        self.outputs = outputs
        tokens = TokenRepository(Table(self.client("dynamodb"), outputs["TableName"]))
        self._credentials = f"Bearer {tokens.create(NewToken(name='bench', groups=['editors'])).text}"

    def client(self, service: Any) -> Any:
        """A client of one of the emulator's services."""
        keys = self.emulator.environment
        return boto3.client(
            service,
            region_name=keys["AWS_REGION"],
            endpoint_url=self.emulator.endpoint,
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}),
        )

    def call(self, method: str, path: str, data: Any = None, **headers: str) -> tuple[int, Any]:
        """(status, JSON) of a request through the gateway."""
        body = None if data is None else json.dumps(data).encode()
        named = {"Content-Type": "application/json"} if body else {}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        named["Authorization"] = self._credentials
        request = urllib.request.Request(self.outputs["ApiUrl"] + path, body, named, method=method)  # noqa: S310
        try:
            answer = HTTP.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read()
        return answer.status, json.loads(text) if text else None

    def drop(self, path: Path, key: str) -> None:
        """Uploads a file to the drop box."""
        self.client("s3").upload_file(str(path), self.outputs["BucketName"], key)

    def imports(self) -> dict[str, Any]:
        """The imports so far, by the key of their file."""
        _, page = self.call("GET", "/imports")
        return {one["source"]["key"]: one for one in page["items"]}

    def ended(self, *keys: str, pause: float = 0.5) -> Iterator[dict[str, Any]]:
        """Looks at the imports of these files, at intervals of `pause` seconds, until all have ended."""
        while True:
            found = self.imports()
            yield found
            if all(key in found and found[key]["finished_at"] for key in keys):
                return
            time.sleep(pause)

    def logged(self, function: str, since: int) -> Iterator[str]:
        """The lines a function has logged since a moment, milliseconds of the epoch."""
        logs = self.client("logs")
        groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
        (group,) = (name for name in groups if f"-{function}-" in name)
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since):
            yield from (event["message"] for event in page["events"])

    def peaks(self) -> dict[str, float]:
        """The largest resident set so far of each function's processes that live, in MB."""
        found: dict[str, float] = {}
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                command = status.with_name("cmdline").read_bytes().decode(errors="replace")
                worker = re.search(r"ministack-lambda-rollcall-local-([A-Za-z]+)", command)
                if worker and str(self.emulator.process.pid) in _ancestors(status.parent):
                    name = worker[1]
                    found[name] = max(found.get(name, 0.0), peak(status))
            except OSError:
                continue  # it has just ended
        return found


def _ancestors(process: Path) -> set[str]:
    found: set[str] = set()
    while process.name != "0":
        found.add(process.name)
        process = Path("/proc") / process.joinpath("stat").read_text().rpartition(")")[2].split()[1]
    return found


@contextmanager
def deployed() -> Iterator[Stack]:
    """A stack that is gone after the block."""
    with TemporaryDirectory(prefix="rollcall-bench-") as folder, started() as emulator:
        yield Stack(emulator, deploy("local", emulator.endpoint, log=Path(folder) / "deploy.log"))
