"""Callers with few permissions."""

import uuid
from collections.abc import Callable, Sequence
from typing import Literal

import pytest

from chalicelib.access.model import NewGroup, NewToken
from chalicelib.access.permissions import Permission
from chalicelib.services import Services
from tests.support.api import unique_name
from tests.support.client import Http

Accounts = list[str] | Literal["*"]
Grant = Callable[[Sequence[Permission], Accounts], Http]
ALL: list[Permission] = ["members:read", "members:write", "members:export", "imports:read", "imports:write"]


@pytest.fixture
def name() -> str:
    """Returns a name that no other test uses."""
    return unique_name()


@pytest.fixture
def caller_in(http: Http, services: Services) -> Callable[[str], Http]:
    """Creates a caller with a new token in a group."""

    def create(group: str) -> Http:
        name = unique_name()
        issued = services.tokens.create(NewToken(name=name, groups=[group]))
        return http.bearer(issued.text)

    return create


@pytest.fixture
def grant(services: Services, caller_in: Callable[[str], Http]) -> Grant:
    """Creates a caller with these permissions for these accounts."""

    def create(permissions: Sequence[Permission], accounts: Accounts) -> Http:
        group = unique_name()
        services.groups.create(NewGroup(name=group, permissions=list(permissions), accounts=accounts))
        return caller_in(group)

    return create


@pytest.fixture
def mine(grant: Grant, account: str) -> Http:
    """Returns a caller with all permissions for the members and imports of one account only."""
    return grant(ALL, [account])


@pytest.fixture
def other() -> str:
    """Returns an account that `mine` may not access."""
    return f"oth-{uuid.uuid4().hex[:12]}"
