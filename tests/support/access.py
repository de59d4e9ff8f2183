"""Helpers for the tests of authentication: a clock, Basic credentials, and refused callers."""

import base64
import time
import uuid

import pytest

from chalicelib.access.authenticator import Authenticator
from chalicelib.access.credentials import bearer_text
from chalicelib.access.items import TOKENS
from chalicelib.errors import RegistryError, TooManyAttempts, Unauthorized

PASSWORD, WRONG = "correct horse battery", "wrong horse battery"


class Clock:
    """A clock that the test moves. `now` is in seconds since the epoch."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        """Returns the time."""
        return self.now


def basic(name: str, password: str = PASSWORD) -> str:
    """Returns an Authorization header with a name and password."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def made_up(kind: str = TOKENS) -> str:
    """Returns the text of a token or session that does not exist."""
    return bearer_text(kind, f"nobody-{uuid.uuid4().hex[:8]}/1", "x")


def refused(authenticator: Authenticator, header: str, source: str = "192.0.2.1") -> RegistryError:
    """Returns the error of an Authorization header that must not authenticate."""
    with pytest.raises((Unauthorized, TooManyAttempts)) as error:
        authenticator.authenticate(header, source)
    assert isinstance(error.value, RegistryError)
    return error.value
