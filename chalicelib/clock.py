"""The time in its stored and shown form."""

import time
from datetime import UTC, datetime
from functools import lru_cache


def now() -> str:
    """Returns the current time as `iso_time` formats it."""
    return iso_time(time.time_ns() // 1_000_000)


def normalized_time(text: str) -> str:
    """Returns a time in any form of ISO 8601 as `iso_time` formats it, so that both compare as texts."""
    return iso_time(round(datetime.fromisoformat(text).timestamp() * 1000))


@lru_cache(maxsize=1)  # an import calls this thirty times per millisecond
def iso_time(milliseconds: int) -> str:
    """Returns a time (milliseconds since the epoch) as ISO 8601 in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
