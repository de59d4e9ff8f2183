"""The API beside a load: files for one account dropped at once, while a client works on the same account.

No answer may be an error, and at the end every member, claim and version must be what the files and the client
made. Latencies are ratios of the same requests with and without the load, at several settings of it.
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
from bench.stub import rows_asked
from chalicelib.members.model import Member
from tests.support.tables import members_of

ROWS = 15_000  # of each file
FILES = 6
SHARED = 10  # every tenth row is in all files
SETTINGS = ((2, 8), (10, 8), (10, 2))  # the queue's maximum concurrency, transactions in flight
IDLE_ROUNDS = 40
PAGE_EVERY = 16  # rounds; not measured: for a page the emulator looks at the whole account
HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"


def main() -> None:
    """Measures and prints."""
    count, parts = rows_asked(ROWS), range(int(os.environ.get("FILES", FILES)))
    with deployed() as stack, tempfile.TemporaryDirectory() as folder:
        os.environ.update({k: v for k, v in stack.emulator.environment.items() if k.startswith("AWS_")})
        for concurrency, in_flight in SETTINGS:
            configure(stack, concurrency, in_flight)
            account = f"c{concurrency}w{in_flight}"
            keys = [f"drops/{account}-{part}.csv" for part in parts]
            for part, key in zip(parts, keys, strict=True):
                (Path(folder) / Path(key).name).write_text(roster(account, part * count, count))
            client = Client(stack, account)
            for key in keys:
                stack.drop(Path(folder) / Path(key).name, key)
            begun = time.perf_counter()
            loaded = client.watched(stack.ended(*keys, pause=0))
            seconds = time.perf_counter() - begun
            idle = client.watched(range(IDLE_ROUNDS))  # afterwards: the emulator is slower, the more it holds
            made = sum(stack.imports()[key]["counts"]["created"] for key in keys)
            client.check(members_of(account, stack.outputs["TableName"]), made, count, len(parts))
            rate, asked = len(parts) * count / seconds, len(loaded.seen)
            print(
                f"latency: concurrency {concurrency}, {in_flight} in flight: {rate:,.0f} rows a second; "
                f"{asked} requests beside them, no error, nothing lost"
            )
            print(f"latency:   at the client: {compared(idle.seen, loaded.seen)}")
            print(f"latency:   in the function: {compared(idle.inside, loaded.inside)}")


def roster(account: str, start: int, count: int) -> str:
    """A file of `count` members from number `start` on, of which some are the first file's."""
    numbers = (n % count if n % SHARED == 0 else n for n in range(start, start + count))
    return HEADER + "".join(f"Ann,Lee{n},{2010000000 + n},f{n},{account}\n" for n in numbers)


def configure(stack: Stack, concurrency: int, in_flight: int) -> None:
    """Sets how many loads run at once, and how many transactions each has under way."""
    functions = stack.client("lambda")
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
class Watch:
    """Milliseconds of each request about a member, as the client sees it and as the function's own log says."""

    seen: list[float] = field(default_factory=list)
    inside: list[float] = field(default_factory=list)


class Client:
    """Somebody who works on an account, and knows what must be there."""

    def __init__(self, stack: Stack, account: str) -> None:
        self._stack = stack
        self._account = account
        self._expected: dict[str, tuple[str, int]] = {}  # by client member id: first name and version
        self._own = 0  # members made here, less those deleted
        self._round = 0
        self._known: list[str] = []  # ids of members of the files
        self._watch = Watch()

    def watched(self, rounds: Any) -> Watch:
        """Works once for each of `rounds`; what it took."""
        self._work()  # the first requests find the function cold
        self._watch, begun = Watch(), int(time.time() * 1000)
        for _ in rounds:
            self._work()
        for line in self._stack.logged("APIHandler", begun):
            said: dict[str, Any] = json.loads(line) if '"milliseconds"' in line else {}
            if said and _is_about_a_member(said["method"], said["route"]):
                self._watch.inside.append(said["milliseconds"])
        return self._watch

    def _work(self) -> None:
        """Adds, reads, changes and sometimes deletes a member of its own; reads and changes one of the files'."""
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
            self._known = [one["id"] for one in page["items"]]
        theirs = self._known[number % 5 :][:1]
        for one in (member, *(self._call("GET", f"/members/{known}", 200) for known in theirs)):
            name = f"Ann {number}"
            path, etag = f"/members/{one['id']}", Member(**one).etag
            changed = self._call("PATCH", path, 200, {"first_name": name}, If_Match=etag)
            self._expected[one["client_member_id"]] = (name, changed["version"])
            assert changed["version"] == one["version"] + 1
        if number % 4 == 0:
            self._call("DELETE", f"/members/{member['id']}", 204)
            del self._expected[member["client_member_id"]]
            self._own -= 1

    def _call(self, method: str, path: str, status: int, data: Any = None, **headers: str) -> Any:
        begun = time.perf_counter()
        answered, body = self._stack.call(method, path, data, **headers)
        if _is_about_a_member(method, path.partition("?")[0]):
            self._watch.seen.append((time.perf_counter() - begun) * 1000)
        assert answered == status, (method, path, answered, body)
        return body

    def check(self, members: Mapping[str, Any], created: int, count: int, parts: int) -> None:
        """Asserts that the table is what the files and this client made of it."""
        different = parts * count - (parts - 1) * len(range(0, count, SHARED))
        assert created == different, (created, different)
        assert len(members) == created + self._own, (len(members), created, self._own)
        for name, (first_name, version) in self._expected.items():
            assert (members[name].first_name, members[name].version) == (first_name, version), members[name]
        untouched = [m for name, m in members.items() if name not in self._expected]
        assert all(m.version == 1 for m in untouched)


def _is_about_a_member(method: str, route: str) -> bool:
    return route.startswith("/members") and (method, route) != ("GET", "/members")


def compared(idle: list[float], loaded: list[float]) -> str:
    """The median and the 95th percentile of both, and their ratios."""
    parts = []
    for name, cut in (("p50", 49), ("p95", 94)):
        before, beside = (statistics.quantiles(times, n=100)[cut] for times in (idle, loaded))
        parts.append(f"{name} {before:.0f} ms idle, {beside:.0f} ms beside the load ({beside / before:.1f}x)")
    return "; ".join(parts)


if __name__ == "__main__":
    main()
