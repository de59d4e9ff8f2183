"""What a caller needs to watch an import: whether it runs, when to ask again, and whether it has changed. Pure."""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.imports.records.model import ImportRecord

MAX_PAUSE = 30  # seconds


def is_settled(record: "ImportRecord") -> bool:
    """Returns whether an import has ended or waits for approval: then it is of no use to wait."""
    return record.status == "awaiting_approval" or record.shown().finished_at is not None


def pause(record: "ImportRecord") -> int | None:
    """Returns the seconds after which to ask again for an import, None if it does not run."""
    if is_settled(record) or record.status == "awaiting_upload":
        return None
    return min(max(1, record.shown().seconds_left or 1), MAX_PAUSE)


def import_etag(record: "ImportRecord") -> str:
    """Returns the ETag of an import's state. It is a weak one: the estimate `seconds_left` changes with time."""
    state = record.model_dump_json(exclude={"notified"}) + record.shown().status
    return f'W/"{hashlib.sha256(state.encode()).hexdigest()[:20]}"'
