"""Fixtures of the tests that settle rows in memory."""

import pytest

from tests.support.settlement import CLOCK


@pytest.fixture
def table_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are those of the writes to tables in memory: no test waits for the next millisecond."""
    monkeypatch.setattr("chalicelib.clock.time", CLOCK)
