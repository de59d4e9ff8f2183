"""Times are ISO 8601 in UTC, to the millisecond."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import clock


def test_now_is_utc_to_the_millisecond() -> None:
    before = datetime.now(UTC)
    text = clock.now()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    moment = datetime.fromisoformat(text)
    assert moment.utcoffset() == timedelta(0)
    assert before - timedelta(milliseconds=1) < moment <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),  # a whole second has milliseconds too
        (1_795_406_400_007_999_999, "2026-11-23T04:00:00.007Z"),  # later digits are dropped
    ],
)
def test_time_always_has_three_decimals(monkeypatch: pytest.MonkeyPatch, nanoseconds: int, text: str) -> None:
    """All times have the same length, so their order as text is their order in time."""
    monkeypatch.setattr(time, "time_ns", lambda: nanoseconds)
    assert clock.now() == text
