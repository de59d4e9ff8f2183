"""Authentication by password and token, and its requests to the table."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib import config
from chalicelib.access.authenticator import Authenticator
from chalicelib.access.credentials import bearer_text
from chalicelib.access.items import SESSIONS, TOKENS
from chalicelib.access.made_up import FLOOD
from chalicelib.access.model import NewToken, UserChanges
from chalicelib.access.passwords import verify_password
from chalicelib.access.throttle import PasswordThrottle
from chalicelib.errors import NotFound, Unauthorized
from chalicelib.services import Services
from tests.support.access import WRONG, Clock, basic, made_up, refused
from tests.support.aws_access import aws_access, compare
from tests.support.sso import TestIssuer

HOUR = 3600.0
DAY = 24 * HOUR


@contextmanager
def recorded_requests() -> Iterator[list[str]]:
    """Yields the names of the operations that are sent to DynamoDB, as they are sent."""
    sent: list[str] = []

    def record(event_name: str, **_: Any) -> None:
        sent.append(event_name.rpartition(".")[2])

    config.dynamodb().meta.events.register("before-send.dynamodb", record)
    try:
        yield sent
    finally:
        config.dynamodb().meta.events.unregister("before-send.dynamodb", record)


def test_name_and_password_authenticate_user(authenticator: Authenticator, name: str) -> None:
    caller = authenticator.authenticate(basic(name))
    assert (str(caller), caller.session) == (f"user:{name}", None)
    assert caller.groups == ["editors"]


@pytest.mark.parametrize(
    "header",
    [
        *("", "Basic", "Basic ", "Bearer", "Digest abc"),
        *("Basic !!!", "Basic YWJj", "Basic /w==", "Basic é"),
        "Basic " + base64.b64encode(b":x").decode(),
        "Basic " + base64.b64encode(b"a" * 3000 + b":x").decode(),
        basic("nobody", "x" * 257),
        basic("nobody"),
        *("Bearer abc", "Bearer rollcall_", "Bearer rollcall_.x", "Bearer rollcall_" + "A" * 9000),
        *("Bearer rollcall_VE9LRU5TLw.x", "Bearer rollcall_VE9LRU5TL25vYm9keQ.x"),
        f"Bearer {bearer_text(SESSIONS, 'x', 'y')}",
        f"Bearer {bearer_text(SESSIONS, '/x', 'y')}",
    ],
)
def test_malformed_and_unknown_credentials_are_unauthorized(
    authenticator: Authenticator, header: str
) -> None:
    assert isinstance(refused(authenticator, header), Unauthorized)


def test_unknown_name_and_wrong_password_look_alike(authenticator: Authenticator, name: str) -> None:
    """The answer is the same, and so are the requests to the table, which take most of the time."""
    seen = []
    for header in (basic(name, WRONG), basic(f"no-{name}")):
        with recorded_requests() as sent:
            error = refused(authenticator, header)
        seen.append((type(error), error.detail, dict(error.headers), sent))
    assert seen[0] == seen[1]


def test_disabled_or_deleted_users_and_old_passwords_are_unauthorized(
    authenticator: Authenticator, services: Services, name: str
) -> None:
    services.users.change(name, UserChanges(active=False))
    assert isinstance(refused(authenticator, basic(name)), Unauthorized)
    services.users.change(name, UserChanges(active=True, password="another horse battery"))
    assert isinstance(refused(authenticator, basic(name)), Unauthorized)
    assert authenticator.authenticate(basic(name, "another horse battery")).name == name
    services.users.delete(name)
    assert isinstance(refused(authenticator, basic(name, "another horse battery")), Unauthorized)


def test_login_sets_last_login(authenticator: Authenticator, services: Services, name: str) -> None:
    assert services.users.get(name).last_login is None
    authenticator.authenticate(basic(name))
    assert services.users.get(name).last_login
    assert services.users.change(name, UserChanges(groups=[])).last_login


def test_token_authenticates_until_it_expires_or_is_revoked(
    authenticator: Authenticator, services: Services, clock: Clock, name: str
) -> None:
    header = f"Bearer {services.tokens.create(NewToken(name=name, groups=['viewers'], days=2)).text}"
    caller = authenticator.authenticate(header)
    assert str(caller) == f"token:{name}"
    assert caller.groups == ["viewers"]
    assert services.tokens.get(name).last_used
    assert isinstance(refused(authenticator, header + "x"), Unauthorized)
    clock.now += 2 * DAY + HOUR
    assert isinstance(refused(authenticator, header), Unauthorized)
    clock.now -= DAY
    assert authenticator.authenticate(header)
    services.tokens.revoke(name)
    assert isinstance(refused(authenticator, header), Unauthorized)
    with pytest.raises(NotFound):
        services.tokens.get(name)  # recording a use does not create it again


def test_tokens_and_sessions_cost_one_read(
    authenticator: Authenticator, services: Services, name: str
) -> None:
    token = f"Bearer {services.tokens.create(NewToken(name=name, groups=['viewers'])).text}"
    session = f"Bearer {services.sessions.start(authenticator.authenticate(basic(name))).text}"
    authenticator.authenticate(token)  # records its use, as once in ten minutes
    for header in (token, session):
        with recorded_requests() as sent:
            authenticator.authenticate(header)
        assert sent == ["BatchGetItem"]


def test_only_passwords_are_hashed_slowly(services: Services, clock: Clock, name: str) -> None:
    """An unknown name too, or the time of an answer would tell whether a name is known."""
    hashed: list[bool] = []

    def verify(password: str, stored: str | None) -> bool:
        hashed.append(stored is not None)
        return verify_password(password, stored)

    throttle = PasswordThrottle(services.table, services.settings.logins_per_second, clock)
    authenticator = Authenticator(services.table, services.sessions, throttle, clock, verify)
    session = services.sessions.start(authenticator.authenticate(basic(name)))
    refused(authenticator, basic("nobody"))
    assert hashed == [True, False]
    token = services.tokens.create(NewToken(name=name, groups=["viewers"]))
    for text in (session.text, token.text):
        authenticator.authenticate(f"Bearer {text}")
    for kind in (SESSIONS, TOKENS):
        refused(authenticator, f"Bearer {made_up(kind)}")
    assert hashed == [True, False]


def test_policy_allows_what_the_authorizer_does(
    authenticator: Authenticator, services: Services, clock: Clock, name: str
) -> None:
    """The engine enforces no policy."""
    token = f"Bearer {services.tokens.create(NewToken(name=name, groups=['viewers'])).text}"
    issuer = TestIssuer(clock)
    issuer.add_key("one", "ES256")
    throttle = PasswordThrottle(services.table, 1000, clock)
    by_issuer = Authenticator(services.table, services.sessions, throttle, clock, issuer=issuer.issuer)
    with aws_access() as found:
        session = authenticator.authenticate(basic(name))
        refused(authenticator, basic(name, WRONG))
        authenticator.authenticate(token)
        by_issuer.authenticate(f"Bearer {issuer.token()}")
    header = f"Bearer {services.sessions.start(session).text}"
    clock.now += 600  # a use that is recorded
    with aws_access() as later:
        authenticator.authenticate(header)
        few = Authenticator(services.table, services.sessions, PasswordThrottle(services.table, 5), clock)
        for _ in range(FLOOD + 2):
            refused(few, f"Bearer {made_up()}")
    assert compare("authorize", found | later) == (set(), set())
