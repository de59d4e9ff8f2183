"""How far an import is, and when it will end."""

import math
import time
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import ImportRecord

READ_SHARE = 10  # percent of the work of an import that reading its rows takes; the rest is writing them


def percent(record: "ImportRecord") -> float:
    """Returns the share of the work of an import that is done."""
    if record.stage == "read":
        return READ_SHARE * record.steps_done / record.chunks
    if not record.rows_found:
        return 0.0
    return READ_SHARE + (100 - READ_SHARE) * record.counts.rows / record.rows_found


def progress_at(record: "ImportRecord") -> str | None:
    """Returns when an import was started, has last settled rows, or has gone on after an approval.

    None before its file has arrived.
    """
    times = (record.started_at, record.loading_at, record.advanced_at)
    return max(filter(None, times), default=None)


def idle_seconds(record: "ImportRecord") -> int | None:
    """Returns the seconds since the last progress of an import, None if it does not run."""
    moment = progress_at(record)
    if moment is None or record.finished_at or record.status == "awaiting_approval":
        return None
    return int(seconds_since(moment))


def seconds_left(record: "ImportRecord") -> int | None:
    """Returns an estimate of the seconds until an import ends, None if it does not run or has settled no rows."""
    share = percent(record)
    if (
        record.finished_at
        or record.status == "awaiting_approval"
        or record.loading_at is None
        or record.advanced_at is None
        or not share
    ):
        return None
    since = seconds_since(record.advanced_at)
    so_far = seconds_since(record.loading_at) - since
    return math.ceil(max(0.0, so_far * (100 - share) / share - since))


def seconds_since(moment: str) -> float:
    """Returns the seconds since a time in ISO 8601."""
    return time.time() - datetime.fromisoformat(moment).timestamp()
