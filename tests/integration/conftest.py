"""What all tests on engines share, and workers whose requests meet faults, for those that run schedules of them."""

import functools
from collections.abc import Iterator
from contextlib import closing

import botocore.session
import pytest

from chalicelib.access import passwords
from chalicelib.dynamodb import retries
from tests.support.faults import Sent, Worker

create_loader = functools.cache(botocore.session.create_loader)


@pytest.fixture(scope="module", autouse=True)
def less_work() -> Iterator[None]:
    """Does once, or hardly, what takes long and that these tests are not about.

    Each session of boto3, and so each command, would parse the descriptions of AWS services. Each password would take
    a tenth of a second of CPU: tests/unit/access hashes with the cost of a deployment.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", create_loader)
        patch.setattr(passwords, "N", 2**4)
        patch.setattr(passwords, "_DUMMY_HASH", passwords.hash_password("nobody's"))
        yield


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
