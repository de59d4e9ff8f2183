"""What a worker reads from the bucket while it writes."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import config
from chalicelib.imports.running.read_ahead import ReadAhead
from tests.support.pipeline import HEADER, Pipeline

CHUNKS = 4


@pytest.fixture
def reads(settings: object) -> Iterator[Counter[str]]:
    """Counts the objects that are read, by the end of their key."""
    found: Counter[str] = Counter()

    def note(params: dict[str, Any], **_: Any) -> None:
        found[params["Key"].rsplit("/")[-1]] += 1

    events = config.s3().meta.events
    events.register("provide-client-params.s3.GetObject", note)
    yield found
    events.unregister("provide-client-params.s3.GetObject", note)


def lines(account: str) -> str:
    return HEADER + "".join(f"Ann,Lee,{3235550000 + i},{i:03},{account}\n" for i in range(100))


def test_worker_reads_each_chunk_once(account: str, reads: Counter[str]) -> None:
    pipeline = Pipeline(chunk_size=1024, import_concurrency=1)
    record = pipeline.run("drops/a.csv", lines(account))
    assert (record.counts.created, record.chunks) == (100, CHUNKS)
    assert {name: count for name, count in reads.items() if name.endswith((".rows", "dependencies"))} == {
        **{f"{number:05}.rows": 2 for number in range(CHUNKS)},  # the other time for changes.csv
        "dependencies": 1,
    }


def test_worker_that_gets_another_chunk_reads_it(account: str, reads: Counter[str]) -> None:
    pipeline = Pipeline(chunk_size=1024, import_concurrency=2)
    record = pipeline.run("drops/a.csv", lines(account))
    assert (record.counts.created, record.chunks) == (100, CHUNKS)
    rows = {name: count for name, count in reads.items() if name.endswith(".rows")}
    assert (
        max(rows.values()) == 3
    )  # chunk 2 is read ahead, but chunk 1 comes next; changes.csv reads each once


def test_chunk_whose_reading_failed_is_read_again(account: str, reads: Counter[str]) -> None:
    pipeline = Pipeline(chunk_size=1024)
    record = pipeline.run("drops/a.csv", lines(account))
    ahead = ReadAhead(pipeline.storage)
    events = config.s3().meta.events

    def fail(**_: Any) -> None:
        raise ConnectionError

    events.register("before-send.s3.GetObject", fail)
    ahead.start(record, 1)
    ahead._pool.submit(lambda: None).result()  # noqa: SLF001 - waits for the read
    events.unregister("before-send.s3.GetObject", fail)
    assert len(ahead.rows(record, 1)) > 10
