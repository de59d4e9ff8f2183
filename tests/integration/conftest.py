"""Workers whose requests meet faults, for the tests that run schedules of them."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from chalicelib.dynamodb import retries
from tests.support.faults import Sent, Worker


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once: a schedule decides what fails, whenever that is."""
    monkeypatch.setattr(retries, "FIRST_PAUSE_SECONDS", 0)


@pytest.fixture(scope="module")
def sent() -> Sent:
    return Sent()


@pytest.fixture(scope="module")
def workers(settings: object, sent: Sent) -> Iterator[tuple[Worker, Worker]]:
    """One worker, and another that it may meet."""
    with closing(Worker(sent)) as one, closing(Worker(sent)) as other:
        yield one, other
