"""The time, as it is stored and shown."""

import time
from datetime import UTC, datetime
from functools import lru_cache


def now() -> str:
    """The present moment, ISO 8601 in UTC to the millisecond."""
    return _written(time.time_ns() // 1_000_000)


@lru_cache(maxsize=1)  # a load asks thirty times a millisecond
def _written(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
