"""The ids of imports and exports, which sort by time."""

import base64
import re
import secrets
from datetime import UTC, datetime

_DIGITS = "234567abcdefghijklmnopqrstuvwxyz"  # the letters of base 32, in the order of their codes
_TIMED_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[a-z2-7]{10}")


def new_timed_id() -> str:
    """Returns an id of now that no other call returns."""
    return timed_id(datetime.now(UTC), secrets.token_bytes(7))


def timed_id(moment: datetime, name: bytes) -> str:
    """Returns the id of a time and of a name of at least five bytes. Ids sort by their milliseconds."""
    tens, ones = divmod(moment.microsecond // 1000, len(_DIGITS))
    text = base64.b32encode(name).decode().lower()
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}-{_DIGITS[tens]}{_DIGITS[ones]}{text[:8]}"


def is_timed_id(text: str) -> bool:
    """Returns whether the text has the form of an id."""
    return _TIMED_ID.fullmatch(text) is not None
