"""Cursors mark where the next page of a search starts. They are opaque to callers and validated when read."""

import base64
import binascii

from chalicelib.errors import Malformed
from chalicelib.fields.text import MAX_LENGTH, SEPARATOR


def write_cursor(kind: str, parts: list[str]) -> str:
    """Returns the cursor that continues a search of this kind after `parts`."""
    return base64.urlsafe_b64encode(SEPARATOR.join([kind, *parts]).encode()).rstrip(b"=").decode()


def read_cursor(cursor: str | None, kind: str, length: int) -> list[str] | None:
    """Returns the parts given to `write_cursor`, or None. Raises Malformed for another kind or number of parts."""
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        text = ""
    found, *parts = text.split(SEPARATOR)
    if found != kind or len(parts) != length or not all(0 < len(part) <= MAX_LENGTH for part in parts):
        raise Malformed("Not a cursor of this search. Use the latest page's cursor.", code="invalid_cursor")
    return parts
