"""The ids of imports: they sort by time. Pure."""

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.timed_ids import is_timed_id, new_timed_id, timed_id

if TYPE_CHECKING:
    from .model import Source


def event_import_id(source: "Source", moment: str, sequencer: str) -> str:
    """Returns the id of a dropped object's import: the same for each delivery of its event at `moment`, ISO 8601."""
    text = "\n".join((source.bucket, source.key, source.version or sequencer))
    return timed_id(datetime.fromisoformat(moment), hashlib.sha256(text.encode()).digest())


def new_import_id() -> str:
    """Returns an id for an import that a caller of the API starts."""
    return new_timed_id()


def is_import_id(text: str) -> bool:
    """Returns whether the text has the form of an import's id."""
    return is_timed_id(text)
