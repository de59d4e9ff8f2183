"""Reads and writes Authorization headers: Basic credentials, and the Bearer text of tokens and sessions. Pure.

A Bearer text is `rollcall_<identifier>.<secret>`. The identifier is `<kind>/<name>` in URL-safe base64 and leads to
the stored item, which has only a digest of the secret.
"""

import base64
import binascii

from chalicelib.errors import Unauthorized

from .model import MAX_NAME_LENGTH, MAX_PASSWORD_LENGTH

PREFIX = "rollcall_"


def bearer_text(kind: str, name: str, secret: str) -> str:
    """Returns the text that a caller sends as Bearer."""
    identifier = base64.urlsafe_b64encode(f"{kind}/{name}".encode()).decode().rstrip("=")
    return f"{PREFIX}{identifier}.{secret}"


def parse_bearer(text: str) -> tuple[str, str, str]:
    """Returns (kind, name, secret) of a Bearer text. Raises Unauthorized for a malformed one."""
    identifier, _, secret = text.removeprefix(PREFIX).partition(".")
    try:
        padded = identifier + "=" * (-len(identifier) % 4)
        decoded = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        raise Unauthorized from None
    kind, _, name = decoded.partition("/")
    if not (text.startswith(PREFIX) and secret and 0 < len(name) <= 2 * MAX_NAME_LENGTH):
        raise Unauthorized
    return kind, name, secret


def parse_basic(credentials: str) -> tuple[str, str]:
    """Returns (name, password) of Basic credentials.

    Raises Unauthorized for malformed ones, and for names and passwords that no user can have.
    """
    try:
        text = base64.b64decode(credentials, validate=True).decode()
    except (ValueError, binascii.Error):
        raise Unauthorized from None
    name, colon, password = text.partition(":")
    valid_name = name.isascii() and 0 < len(name) <= MAX_NAME_LENGTH
    if not (colon and valid_name and 0 < len(password) <= MAX_PASSWORD_LENGTH):
        raise Unauthorized
    return name, password
