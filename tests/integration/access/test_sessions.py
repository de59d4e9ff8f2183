"""Sessions: how they start and end."""

import pytest

from chalicelib.access.authenticator import Authenticator
from chalicelib.access.model import NewToken, NewUser, UserChanges
from chalicelib.access.sessions import IDLE_SECONDS, MAX_SESSIONS, SESSION_SECONDS
from chalicelib.errors import Forbidden, Unauthorized
from chalicelib.services import Services
from tests.support.access import PASSWORD, Clock, basic, refused


def test_used_session_lasts_until_its_end(
    authenticator: Authenticator, services: Services, clock: Clock, name: str
) -> None:
    session = services.sessions.start(authenticator.authenticate(basic(name)))
    header = f"Bearer {session.text}"
    for _ in range(SESSION_SECONDS // (IDLE_SECONDS - 60)):
        clock.now += IDLE_SECONDS - 60
        caller = authenticator.authenticate(header)
    assert str(caller) == f"user:{name}"
    clock.now = session.ends_at + 1.0
    assert isinstance(refused(authenticator, header), Unauthorized)


def test_idle_session_ends(authenticator: Authenticator, services: Services, clock: Clock, name: str) -> None:
    header = f"Bearer {services.sessions.start(authenticator.authenticate(basic(name))).text}"
    clock.now += IDLE_SECONDS + 1
    assert isinstance(refused(authenticator, header), Unauthorized)


def test_session_ends_on_request_or_with_user_or_password(
    authenticator: Authenticator, services: Services, name: str
) -> None:
    def start() -> str:
        return f"Bearer {services.sessions.start(authenticator.authenticate(basic(name))).text}"

    first, second = start(), start()
    services.sessions.end(authenticator.authenticate(first))
    assert isinstance(refused(authenticator, first), Unauthorized)
    services.users.change(name, UserChanges(active=False))
    assert isinstance(refused(authenticator, second), Unauthorized)
    services.users.change(name, UserChanges(active=True))
    assert isinstance(refused(authenticator, second), Unauthorized)  # enabling does not restore it
    caller, third = authenticator.authenticate(basic(name)), start()
    services.users.change(name, UserChanges(groups=["viewers"]))
    assert authenticator.authenticate(third)
    services.users.change(name, UserChanges(password="another horse battery"))
    assert isinstance(refused(authenticator, third), Unauthorized)
    # The gateway caches callers for a minute: one with the old password gets no valid session.
    assert isinstance(refused(authenticator, f"Bearer {services.sessions.start(caller).text}"), Unauthorized)
    services.users.delete(name)
    services.users.create(NewUser(name=name, password=PASSWORD, groups=["admins"]))
    for header in (first, second, third):  # the new user of this name is another person
        assert isinstance(refused(authenticator, header), Unauthorized)


def test_only_password_starts_and_only_session_ends(
    authenticator: Authenticator, services: Services, name: str
) -> None:
    token_text = services.tokens.create(NewToken(name=name, groups=["admins"])).text
    token = authenticator.authenticate(f"Bearer {token_text}")
    user = authenticator.authenticate(basic(name))
    session = authenticator.authenticate(f"Bearer {services.sessions.start(user).text}")
    for caller in (token, session):
        with pytest.raises(Forbidden):
            services.sessions.start(caller)
    for caller in (token, user):
        with pytest.raises(Forbidden):
            services.sessions.end(caller)


def test_new_session_ends_oldest_of_too_many(
    authenticator: Authenticator, services: Services, clock: Clock, name: str
) -> None:
    caller = authenticator.authenticate(basic(name))
    headers = []
    for _ in range(MAX_SESSIONS + 2):
        clock.now += 1
        headers.append(f"Bearer {services.sessions.start(caller).text}")
    for ended in headers[:2]:
        assert isinstance(refused(authenticator, ended), Unauthorized)
    for header in headers[2:]:
        assert authenticator.authenticate(header).name == name
