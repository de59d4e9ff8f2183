"""Cursors: where the next page of a search starts."""

import base64
import binascii

from chalicelib.dynamodb.items import Item
from chalicelib.errors import Malformed
from chalicelib.fields.text import MAX_LENGTH, SEPARATOR

from .items import key_of


def _next(kind: str, items: list[Item], limit: int) -> str | None:
    """The cursor after `limit` items of a partition, where more were found."""
    return _write_cursor(kind, [key_of(items[limit - 1]).account_id]) if len(items) > limit else None


def _next_listed(kind: str, items: list[Item], limit: int) -> str | None:
    """The cursor after `limit` items of the index, where more were found."""
    if len(items) <= limit:
        return None
    last = items[limit - 1]
    return _write_cursor(kind, [key_of(last).account_id, *last["name_order"]["S"].split(SEPARATOR)])


def _write_cursor(kind: str, parts: list[str]) -> str:
    return base64.urlsafe_b64encode(SEPARATOR.join([kind, *parts]).encode()).rstrip(b"=").decode()


def _read_cursor(cursor: str | None, kind: str, length: int) -> list[str] | None:
    """What `_write_cursor` was given. Raises Malformed unless it is of this kind and length."""
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        text = ""
    found, *parts = text.split(SEPARATOR)
    if found != kind or len(parts) != length or not all(0 < len(part) <= MAX_LENGTH for part in parts):
        raise Malformed("The cursor is not one that this search has given out.", code="invalid_cursor")
    return parts
