"""Made-up tokens and sessions: a flood of them costs no read each, and harms no credential that exists."""

import pytest

from chalicelib import config
from chalicelib.access.authenticator import Authenticator
from chalicelib.access.items import SESSIONS, TOKENS
from chalicelib.access.made_up import FLOOD, FLOOD_SECONDS, KNOWN_SECONDS
from chalicelib.access.model import NewToken
from chalicelib.access.refusal_lines import COUNTED_TOGETHER
from chalicelib.errors import RegistryError, Unauthorized
from chalicelib.services import Services
from tests.support.access import Clock, basic, made_up, refused
from tests.support.metering import metered


@pytest.fixture
def services(settings: config.Settings, clock: Clock) -> Services:
    """Returns services that use the test's clock, and the default number of passwords in a second."""
    return Services(settings.model_copy(update={"logins_per_second": 5}), config.client, clock)


def flood(authenticator: Authenticator, count: int, kind: str = TOKENS) -> list[RegistryError]:
    """Sends made-up credentials; returns their errors."""
    return [refused(authenticator, f"Bearer {made_up(kind)}") for _ in range(count)]


@pytest.mark.parametrize("kind", [TOKENS, SESSIONS])
def test_flood_of_made_up_credentials_is_refused_without_reads(
    authenticator: Authenticator, services: Services, name: str, kind: str
) -> None:
    user = authenticator.authenticate(basic(name))
    session = services.sessions.start(user).text
    token = services.tokens.create(NewToken(name=name, groups=["viewers"])).text
    flood(authenticator, FLOOD + 2, kind)
    with metered(config.dynamodb()) as meter:
        errors = flood(authenticator, 2 * COUNTED_TOGETHER, kind)
        for real in (session, token):
            errors.append(refused(authenticator, f"Bearer {real}x"))
    assert not meter.calls
    assert {type(error) for error in errors} == {Unauthorized}
    assert sum(error.to_log for error in errors if isinstance(error, Unauthorized)) >= COUNTED_TOGETHER
    assert authenticator.authenticate(f"Bearer {token}").kind == "token"
    assert authenticator.authenticate(f"Bearer {session}").name == name


def test_new_and_revoked_tokens_are_noticed_in_a_flood(
    authenticator: Authenticator, services: Services, clock: Clock, name: str
) -> None:
    flood(authenticator, FLOOD + 2)
    token = services.tokens.create(NewToken(name=name, groups=["viewers"])).text
    clock.now += KNOWN_SECONDS
    assert authenticator.authenticate(f"Bearer {token}").name == name
    services.tokens.revoke(name)
    assert isinstance(refused(authenticator, f"Bearer {token}"), Unauthorized)


def test_few_made_up_tokens_are_no_flood(
    authenticator: Authenticator, services: Services, clock: Clock, name: str
) -> None:
    flood(authenticator, FLOOD)
    token = services.tokens.create(NewToken(name=name, groups=["viewers"])).text
    assert authenticator.authenticate(f"Bearer {token}").name == name
    flood(authenticator, 2)
    clock.now += FLOOD_SECONDS
    other = services.tokens.create(NewToken(name=f"{name}-2", groups=["viewers"])).text
    assert authenticator.authenticate(f"Bearer {other}").kind == "token"
