"""Fixtures of the access tests: services with a clock that the test moves, an unused table, and a user."""

import uuid
from collections.abc import Iterator

import pytest

from chalicelib import config
from chalicelib.access.authenticator import Authenticator
from chalicelib.access.model import NewUser
from chalicelib.services import Services
from infra.package import table_definition
from tests.support.access import PASSWORD, Clock


@pytest.fixture
def clock() -> Clock:
    """Returns a clock that starts now."""
    return Clock()


@pytest.fixture
def services(settings: config.Settings, clock: Clock) -> Services:
    """Returns services that use the test's clock."""
    return Services(settings, config.client, clock)


@pytest.fixture
def authenticator(services: Services) -> Authenticator:
    """Returns the authenticator that uses the test's clock."""
    return services.authenticator


@pytest.fixture
def fresh(settings: config.Settings) -> Iterator[Services]:
    """Yields services over an empty table, for rules that concern all users."""
    name = f"rollcall-test-{uuid.uuid4().hex[:8]}"
    config.dynamodb().create_table(**{**table_definition(), "TableName": name})
    yield Services(settings.model_copy(update={"table_name": name}), config.client)
    config.dynamodb().delete_table(TableName=name)


@pytest.fixture
def name(services: Services) -> str:
    """Returns the name of a new editor."""
    name = f"user-{uuid.uuid4().hex[:8]}"
    services.users.create(NewUser(name=name, password=PASSWORD, groups=["editors"]))
    return name
