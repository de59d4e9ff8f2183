"""The API's latency during imports: files of one account dropped at once, while a client works on the account.

Fails on any error, lost update or duplicate. Latencies are ratios of the same requests with and without the
imports, at several settings.
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.stack import Stack, deployed
from bench.stub import row_count
from chalicelib.preconditions import entity_tag
from tests.support.tables import members_of

ROWS = 15_000  # in each file
FILES = 6
SHARED = 10  # every tenth row is in all files
SETTINGS = ((2, 8), (10, 8), (10, 2))  # the queue's maximum concurrency, transactions in flight
IDLE_ROUNDS = 40
PAGE_EVERY = 16  # rounds; not measured: the emulator reads the whole account for a page
HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"


def main() -> None:
    """Measure and print."""
    count, files = row_count(ROWS), int(os.environ.get("FILES", FILES))
    with deployed() as stack, tempfile.TemporaryDirectory() as folder:
        os.environ.update({k: v for k, v in stack.emulator.environment.items() if k.startswith("AWS_")})
        for concurrency, in_flight in SETTINGS:
            configure(stack, concurrency, in_flight)
            print(f"latency: concurrency {concurrency}, {in_flight} transactions in flight:")
            measure(stack, Path(folder), f"c{concurrency}w{in_flight}", count, files)


def measure(stack: Stack, folder: Path, account: str, count: int, files: int) -> None:
    """Import `files` files of `count` rows into an account, and print the latencies."""
    keys = [f"drops/{account}-{part}.csv" for part in range(files)]
    for part, key in enumerate(keys):
        (folder / Path(key).name).write_text(roster(account, part * count, count))
    client = Client(stack, account)
    for key in keys:
        stack.drop(folder / Path(key).name, key)
    started = time.perf_counter()
    loaded = client.measure(stack.until_ended(*keys, pause=0))
    rate = files * count / (time.perf_counter() - started)
    idle = client.measure(range(IDLE_ROUNDS))  # after the imports: the emulator slows down with its data
    created = sum(stack.imports()[key]["counts"]["created"] for key in keys)
    client.check(members_of(account, stack.outputs["TableName"]), created, count, files)
    print(
        f"latency:   {rate:,.0f} rows a second; {len(loaded.client)} requests during the imports, "
        "no error, nothing lost"
    )
    print(f"latency:   at the client: {comparison(idle.client, loaded.client)}")
    print(f"latency:   in the function: {comparison(idle.function, loaded.function)}")


def roster(account: str, start: int, count: int) -> str:
    """Return a file of `count` members from number `start` on; every tenth is one of the first file's."""
    numbers = (n % count if n % SHARED == 0 else n for n in range(start, start + count))
    return HEADER + "".join(f"Ann,Lee{n},{2010000000 + n},f{n},{account}\n" for n in numbers)


def configure(stack: Stack, concurrency: int, in_flight: int) -> None:
    """Set how many imports load at once, and how many transactions each has in flight."""
    functions = stack.emulator.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        if "Load" in mapping["EventSourceArn"]:
            functions.update_event_source_mapping(
                UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": concurrency}
            )
            name = mapping["FunctionArn"]
            variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            variables["WRITES_IN_FLIGHT"] = str(in_flight)
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


@dataclass
class Latencies:
    """Milliseconds of each request about a member, measured by the client and by the function."""

    client: list[float] = field(default_factory=list)
    function: list[float] = field(default_factory=list)


class Client:
    """A client that changes the members of an account, and knows what they must be."""

    def __init__(self, stack: Stack, account: str) -> None:
        self._stack = stack
        self._account = account
        self._expected: dict[str, tuple[str, int]] = {}  # by client member id: first name and version
        self._own = 0  # members created by this client, without those deleted
        self._round = 0
        self._imported: list[str] = []  # ids of members of the files
        self._latencies = Latencies()

    def measure(self, rounds: Any) -> Latencies:
        """Work once for each of `rounds`; return the latencies."""
        self._work()  # the function starts cold
        self._latencies, started = Latencies(), int(time.time() * 1000)
        for _ in rounds:
            self._work()
        for line in self._stack.log_lines("APIHandler", started):
            entry: dict[str, Any] = json.loads(line) if '"milliseconds"' in line else {}
            if entry and _is_about_a_member(entry["method"], entry["route"]):
                self._latencies.function.append(entry["milliseconds"])
        return self._latencies

    def _work(self) -> None:
        """Create, read, change and sometimes delete a member; read and change a member of the files."""
        self._round += 1
        account, number = self._account, self._round
        new = {
            "account_id": account,
            "client_member_id": f"own{number}",
            "first_name": "Ann",
            "last_name": "Own",
            "phone_number": f"{3230000000 + number}",
        }
        member = self._call("POST", "/members", 201, new)
        self._own += 1
        assert self._call("GET", f"/members/{member['id']}", 200) == member
        if number % PAGE_EVERY == 1:
            page = self._call("GET", f"/members?account_id={account}&last_name=Lee&limit=5", 200)
            self._imported = [one["id"] for one in page["items"]]
        imported = self._imported[number % 5 :][:1]
        for one in (member, *(self._call("GET", f"/members/{member_id}", 200) for member_id in imported)):
            name = f"Ann {number}"
            path, etag = f"/members/{one['id']}", entity_tag(one["version"], one["last_modified"])
            changed = self._call("PATCH", path, 200, {"first_name": name}, If_Match=etag)
            self._expected[one["client_member_id"]] = (name, changed["version"])
            assert changed["version"] == one["version"] + 1
        if number % 4 == 0:
            self._call("DELETE", f"/members/{member['id']}", 204)
            del self._expected[member["client_member_id"]]
            self._own -= 1

    def _call(self, method: str, path: str, status: int, data: Any = None, **headers: str) -> Any:
        started = time.perf_counter()
        actual, body = self._stack.call(method, path, data, **headers)
        if _is_about_a_member(method, path.partition("?")[0]):
            self._latencies.client.append((time.perf_counter() - started) * 1000)
        assert actual == status, (method, path, actual, body)
        return body

    def check(self, members: Mapping[str, Any], created: int, count: int, files: int) -> None:
        """Assert that the table holds what the files and this client wrote."""
        different = files * count - (files - 1) * len(range(0, count, SHARED))
        assert created == different, (created, different)
        assert len(members) == created + self._own, (len(members), created, self._own)
        for name, (first_name, version) in self._expected.items():
            assert (members[name].first_name, members[name].version) == (first_name, version), members[name]
        untouched = [m for name, m in members.items() if name not in self._expected]
        assert all(m.version == 1 for m in untouched)


def _is_about_a_member(method: str, route: str) -> bool:
    return route.startswith("/members") and (method, route) != ("GET", "/members")


def comparison(idle: list[float], loaded: list[float]) -> str:
    """Return the medians and the 95th percentiles, and their ratios."""
    parts = []
    for name, index in (("p50", 49), ("p95", 94)):
        before, during = (statistics.quantiles(times, n=100)[index] for times in (idle, loaded))
        parts.append(f"{name} {before:.0f} ms idle, {during:.0f} ms during imports ({during / before:.1f}x)")
    return "; ".join(parts)


if __name__ == "__main__":
    main()
