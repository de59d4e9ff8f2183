"""Many small files dropped at once on the deployed stack, while a client works.

FILES=1000 drops more files.
"""

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from chalicelib.imports.records.model import ImportRecord
from chalicelib.scope import UNLIMITED
from infra.deploy import deploy
from infra.emulator import started
from infra.package import source_template
from tests.support.pipeline import HEADER
from tests.support.stack import Stack

FILES = int(os.environ.get("FILES", "60"))
ROWS = 20  # of each file
SECONDS = 120 + 3 * FILES  # until all imports have ended, at most
UPLOADS_AT_ONCE = 8


@dataclass(frozen=True)
class Run:
    """What came of the files: their imports, and the statuses of the client's requests meanwhile."""

    stack: Stack
    imports: list[ImportRecord]
    statuses: list[int]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Drops the files, and works until their imports have ended."""
    with started() as emulator:
        stack = Stack(deploy("local", emulator.endpoint), emulator)
        stack.client("s3").delete_bucket_policy(Bucket=stack.outputs["BucketName"])  # it denies http
        stack.add_token("tests", "admins")
        with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
            dropped = pool.map(lambda number: drop(stack, number), range(FILES))
            statuses = work_until_all_ended(stack)
            list(dropped)  # raises what an upload raised
        yield Run(stack, imports(stack), statuses)


def drop(stack: Stack, number: int) -> None:
    """Drops a file of an account of its own."""
    rows = (f"Ann,Lee,{3235550000 + row},{row},many-{number}\n" for row in range(ROWS))
    stack.put_object(f"drops/{number}.csv", (HEADER + "".join(rows)).encode())


def work_until_all_ended(stack: Stack) -> list[int]:
    """Creates, reads, changes and deletes members until the imports have ended; returns the statuses."""
    deadline, number = time.monotonic() + SECONDS, 0
    statuses: list[int] = []
    while not all_ended(imports(stack)):
        assert time.monotonic() < deadline, "the imports have not ended"
        number += 1
        statuses += work(stack, number)
    return statuses


def imports(stack: Stack) -> list[ImportRecord]:
    """Returns the imports of all files."""
    found, _ = stack.services.import_queries.visible_page(UNLIMITED, FILES + 1, None)
    return found


def all_ended(records: list[ImportRecord]) -> bool:
    """Returns whether every file has an import, and each has ended."""
    return len(records) == FILES and all(record.finished_at for record in records)


def work(stack: Stack, number: int) -> Iterator[int]:
    """Yields the statuses of requests about one member."""
    names = {"first_name": "Ann", "last_name": "Own", "account_id": "client"}
    member = names | {"client_member_id": f"own-{number}", "phone_number": f"+1323{6000000 + number}"}
    kind = {"Content_Type": "application/json"}
    status, _, created = stack.call("POST", "/members", json.dumps(member).encode(), **kind)
    yield status
    path = f"/members/{created['id']}"
    yield stack.call("GET", path)[0]
    yield stack.call("PATCH", path, b'{"last_name": "New"}', **kind)[0]
    yield stack.call("DELETE", path)[0]


def test_every_dropped_file_is_one_completed_import(run: Run) -> None:
    assert sorted(record.source.key for record in run.imports) == sorted(
        f"drops/{number}.csv" for number in range(FILES)
    )
    assert {record.status for record in run.imports} == {"completed"}
    assert {(record.counts.rows, record.counts.created) for record in run.imports} == {(ROWS, ROWS)}


def test_client_sees_no_error_during_imports(run: Run) -> None:
    assert len(run.statuses) >= 4
    assert set(run.statuses) == {200, 201, 204}


def test_every_event_reaches_its_function(run: Run) -> None:
    assert run.stack.peak_concurrency("SettleDeadLetters") == 0


@pytest.mark.parametrize("function", ["Split", "Load"])
def test_functions_never_exceed_their_configured_concurrency(run: Run, function: str) -> None:
    limit = source_template()["Parameters"][f"{function}Concurrency"]["Default"]
    assert 1 <= run.stack.peak_concurrency(function) <= limit
