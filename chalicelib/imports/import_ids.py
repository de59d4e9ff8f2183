"""The ids of imports: they sort by time. Pure."""

import base64
import hashlib
import re
import secrets
from datetime import UTC, datetime

from .model import Source


def event_import_id(source: Source, moment: str, sequencer: str) -> str:
    """Returns the id of a dropped object's import: the same for each delivery of its event at `moment`, ISO 8601."""
    text = "\n".join((source.bucket, source.key, source.version or sequencer))
    return _import_id(datetime.fromisoformat(moment), hashlib.sha256(text.encode()).digest())


def new_import_id() -> str:
    """Returns an id for an import that a caller of the API starts."""
    return _import_id(datetime.now(UTC), secrets.token_bytes(7))


def _import_id(moment: datetime, name: bytes) -> str:
    """Returns an import's id. Ids sort by time."""
    text = base64.b32encode(name).decode().lower()
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}-{text[:10]}"


def is_import_id(text: str) -> bool:
    """Returns whether the text has the form of an import's id."""
    return re.fullmatch(r"[0-9]{8}T[0-9]{6}Z-[a-z2-7]{10}", text) is not None
