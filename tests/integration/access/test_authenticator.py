"""Who calls: passwords, tokens and sessions, and what a check of them costs."""

import base64
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib import config
from chalicelib.access.authenticator import (
    FREE_ATTEMPTS,
    IDLE_SECONDS,
    PAUSE_SECONDS,
    SESSION_SECONDS,
    SESSIONS,
    Authenticator,
    token_text,
)
from chalicelib.access.items import TOKENS
from chalicelib.access.model import NewToken, NewUser, UserChanges
from chalicelib.access.store import Directory
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Forbidden, RegistryError, TooManyAttempts, Unauthorized
from tests.support.registry import faulty

PASSWORD = "correct horse battery"
HOUR = 3600.0
DAY = 24 * HOUR


class Clock:
    """A clock that the test sets, in seconds after the present."""

    def __init__(self) -> None:
        import time

        self.now = time.time()

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def login(settings: config.Settings, clock: Clock) -> Authenticator:
    return Authenticator(Table(config.dynamodb(), settings.table_name), clock)


@pytest.fixture
def name(directory: Directory) -> str:
    """A user of this test's own, an editor."""
    name = f"user-{uuid.uuid4().hex[:8]}"
    directory.add_user(NewUser(name=name, password=PASSWORD, groups=["editors"]))
    return name


def basic(name: str, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def refused(login: Authenticator, header: str, source: str = "192.0.2.1") -> RegistryError:
    with pytest.raises((Unauthorized, TooManyAttempts)) as error:
        login.caller(header, source)
    assert isinstance(error.value, RegistryError)
    return error.value


@contextmanager
def requests() -> Iterator[list[str]]:
    """The names of the calls that are made to DynamoDB."""
    made: list[str] = []

    def note(event_name: str, **_: Any) -> None:
        made.append(event_name.rpartition(".")[2])

    config.dynamodb().meta.events.register("before-send.dynamodb", note)
    try:
        yield made
    finally:
        config.dynamodb().meta.events.unregister("before-send.dynamodb", note)


def test_a_user_is_known_by_name_and_password(login: Authenticator, name: str) -> None:
    caller = login.caller(basic(name))
    assert (str(caller), caller.session) == (f"user:{name}", None)
    assert caller.scope("members:write").accounts is None
    with pytest.raises(Forbidden):
        caller.scope("access:admin")


@pytest.mark.parametrize(
    "header",
    [
        *(
            "",
            "Basic",
            "Basic ",
            "Bearer",
            "Digest abc",
            "Basic !!!",
            "Basic YWJj",
            "Basic /w==",
            "Bearer abc",
        ),
        *(
            "Bearer rollcall_",
            "Bearer rollcall_.x",
            "Bearer rollcall_VE9LRU5TLw.x",
            f"Bearer {token_text(SESSIONS, 'x', 'y')}",
            f"Bearer {token_text(SESSIONS, '/x', 'y')}",
            "Bearer rollcall_" + "A" * 9000,
        ),
        *("Bearer rollcall_VE9LRU5TL25vYm9keQ.x", "Basic " + base64.b64encode(b":x").decode(), "Basic é"),
        *(
            "Basic " + base64.b64encode(b"a" * 3000 + b":x").decode(),
            basic("nobody", "x" * 257),
            basic("nobody"),
        ),
    ],
)
def test_whatever_else_is_sent_is_nobody(login: Authenticator, header: str) -> None:
    assert isinstance(refused(login, header), Unauthorized)


def test_a_wrong_name_is_told_from_a_wrong_password_by_nothing(login: Authenticator, name: str) -> None:
    """Neither by the answer nor by what was done for it, which is what takes the time."""
    seen = []
    for header in (basic(name, "wrong horse battery"), basic(f"no-{name}")):
        with requests() as made:
            error = refused(login, header)
        seen.append((type(error), error.detail, dict(error.headers), made))
    assert seen[0] == seen[1]


def test_a_disabled_user_a_changed_password_and_a_removed_user_are_refused(
    login: Authenticator, directory: Directory, name: str
) -> None:
    directory.change_user(name, UserChanges(active=False))
    assert isinstance(refused(login, basic(name)), Unauthorized)
    directory.change_user(name, UserChanges(active=True, password="another horse battery"))
    assert isinstance(refused(login, basic(name)), Unauthorized)
    assert login.caller(basic(name, "another horse battery")).name == name
    directory.remove_user(name)
    assert isinstance(refused(login, basic(name, "another horse battery")), Unauthorized)


def test_wrong_passwords_slow_a_user_down_and_lock_nobody_out(
    login: Authenticator, clock: Clock, name: str
) -> None:
    for _ in range(FREE_ATTEMPTS):
        assert isinstance(refused(login, basic(name, "wrong horse battery")), Unauthorized)
    error = refused(login, basic(name))  # the right one too, or it would show
    assert isinstance(error, TooManyAttempts)
    assert 0 < int(error.headers["Retry-After"]) <= PAUSE_SECONDS

    clock.now += PAUSE_SECONDS + 1
    assert isinstance(refused(login, basic(name, "wrong horse battery")), Unauthorized)  # one a minute
    assert isinstance(refused(login, basic(name)), TooManyAttempts)
    clock.now += PAUSE_SECONDS + 1
    assert login.caller(basic(name), "192.0.2.1").name == name
    for _ in range(FREE_ATTEMPTS):  # and all is as it was
        assert isinstance(refused(login, basic(name, "wrong horse battery")), Unauthorized)


def test_of_many_who_guess_at_once_one_has_the_attempt(login: Authenticator, clock: Clock, name: str) -> None:
    for _ in range(FREE_ATTEMPTS):
        refused(login, basic(name, "wrong horse battery"))
    clock.now += PAUSE_SECONDS + 1
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: type(refused(login, basic(name, "wrong horse battery"))), range(8)))
    assert answers.count(Unauthorized) == 1


def test_who_guesses_keeps_nobody_else_out(login: Authenticator, name: str) -> None:
    """Of IPv6 whoever guesses has 2^64 addresses; they are one."""
    for source in ("192.0.2.1", "2001:db8::1"):
        for _ in range(FREE_ATTEMPTS + 1):
            last = refused(login, basic(name, "wrong horse battery"), source)
        assert isinstance(last, TooManyAttempts)
    assert isinstance(refused(login, basic(name), "2001:db8::2"), TooManyAttempts)
    for source in ("192.0.2.2", "2001:db8:0:1::1", "", "nonsense"):
        assert login.caller(basic(name), source).name == name
    assert isinstance(refused(login, basic(name)), TooManyAttempts)


def test_guesses_sent_all_at_once_are_no_more_than_the_free_ones(login: Authenticator, name: str) -> None:
    """The right one among them is told from the wrong ones only where it is one of the free."""
    with ThreadPoolExecutor(20) as pool:
        wrong = [basic(name, f"wrong horse battery {n}") for n in range(20)]
        answers = list(pool.map(lambda header: type(refused(login, header)), wrong))
    assert answers.count(Unauthorized) == FREE_ATTEMPTS
    assert isinstance(refused(login, basic(name)), TooManyAttempts)


def test_a_right_password_that_was_looked_at_too_late_is_refused(login: Authenticator, name: str) -> None:
    """Others have used up the free attempts since this one began."""

    def meanwhile(_: object) -> None:
        for _ in range(FREE_ATTEMPTS):
            refused(login, basic(name, "wrong horse battery"))

    with faulty(config.dynamodb(), "DeleteItem", meanwhile):
        assert isinstance(refused(login, basic(name)), TooManyAttempts)


def test_names_that_are_nobodys_are_slowed_down_alike(login: Authenticator) -> None:
    name = f"nobody-{uuid.uuid4().hex[:8]}"
    answers = [type(refused(login, basic(name))) for _ in range(FREE_ATTEMPTS + 1)]
    assert answers == [Unauthorized] * FREE_ATTEMPTS + [TooManyAttempts]


def test_the_last_login_is_written_down(login: Authenticator, directory: Directory, name: str) -> None:
    assert directory.user(name).last_login is None
    login.caller(basic(name))
    assert directory.user(name).last_login
    assert directory.change_user(name, UserChanges(groups=[])).last_login


def test_a_token_is_known_until_it_is_revoked_or_ends(
    login: Authenticator, directory: Directory, clock: Clock, name: str
) -> None:
    header = "Bearer " + token_text(
        TOKENS, name, directory.add_token(NewToken(name=name, groups=["viewers"], days=2))[1]
    )
    caller = login.caller(header)
    assert str(caller) == f"token:{name}"
    assert set(caller.grants) == {"members:read", "imports:read"}
    assert directory.token(name).last_used
    assert isinstance(refused(login, header + "x"), Unauthorized)
    clock.now += 2 * DAY + HOUR
    assert isinstance(refused(login, header), Unauthorized)
    clock.now -= DAY
    assert login.caller(header)
    directory.revoke_token(name)
    assert isinstance(refused(login, header), Unauthorized)
    with pytest.raises(RegistryError):
        directory.token(name)  # its use has not brought it back


def test_a_check_of_a_token_adds_one_read(login: Authenticator, directory: Directory, name: str) -> None:
    secret = directory.add_token(NewToken(name=name, groups=["viewers"]))[1]
    header = f"Bearer {token_text(TOKENS, name, secret)}"
    session = f"Bearer {login.begin(login.caller(basic(name))).text}"
    login.caller(header)  # which writes down its use, as it does once in ten minutes
    for known in (header, session):
        with requests() as made:
            login.caller(known)
        assert made == ["BatchGetItem"]


def test_a_session_is_its_user_for_as_long_as_it_is_used(
    login: Authenticator, clock: Clock, name: str
) -> None:
    session = login.begin(login.caller(basic(name)))
    header = f"Bearer {session.text}"
    for _ in range(SESSION_SECONDS // (IDLE_SECONDS - 60)):
        clock.now += IDLE_SECONDS - 60
        caller = login.caller(header)
    assert str(caller) == f"user:{name}"
    clock.now = session.ends_at + 1.0
    assert isinstance(refused(login, header), Unauthorized)


def test_an_idle_session_ends(login: Authenticator, clock: Clock, name: str) -> None:
    header = f"Bearer {login.begin(login.caller(basic(name))).text}"
    clock.now += IDLE_SECONDS + 1
    assert isinstance(refused(login, header), Unauthorized)


def test_a_session_ends_with_its_user_its_password_or_by_itself(
    login: Authenticator, directory: Directory, clock: Clock, name: str
) -> None:
    known = login.caller(basic(name))
    first, second, third = (f"Bearer {login.begin(known).text}" for _ in range(3))
    login.end(login.caller(first))
    assert isinstance(refused(login, first), Unauthorized)
    directory.change_user(name, UserChanges(active=False))
    assert isinstance(refused(login, second), Unauthorized)
    directory.change_user(name, UserChanges(active=True))
    assert isinstance(refused(login, second), Unauthorized)  # it is not what it was before
    known = login.caller(basic(name))
    fourth = f"Bearer {login.begin(known).text}"
    directory.change_user(name, UserChanges(groups=["viewers"]))
    assert login.caller(fourth)
    directory.change_user(name, UserChanges(password="another horse battery"))
    assert isinstance(refused(login, fourth), Unauthorized)
    # Who was let in by the old password, a moment ago, gets no session of the new one's.
    assert isinstance(refused(login, f"Bearer {login.begin(known).text}"), Unauthorized)
    directory.remove_user(name)
    directory.add_user(NewUser(name=name, password=PASSWORD, groups=["admins"]))
    for old in (first, second, third, fourth):  # whose they were is somebody else
        assert isinstance(refused(login, old), Unauthorized)


def test_a_password_that_was_replaced_sets_no_new_one(
    login: Authenticator, directory: Directory, name: str
) -> None:
    """The gateway remembers who came with it for a minute: long enough to undo what an admin did against a thief."""
    known = login.caller(basic(name))
    directory.change_user(name, UserChanges(password="another horse battery"))
    with pytest.raises(Unauthorized):
        directory.change_user(name, UserChanges(password="a thief's own battery"), epoch=known.epoch)
    assert login.caller(basic(name, "another horse battery")).name == name
    directory.remove_user(name)
    with pytest.raises(Unauthorized):  # as for anybody who is none
        directory.change_user(name, UserChanges(password="a thief's own battery"), epoch=known.epoch)


def test_only_a_password_begins_a_session_and_only_a_session_ends(
    login: Authenticator, directory: Directory, name: str
) -> None:
    secret = directory.add_token(NewToken(name=name, groups=["admins"]))[1]
    token = login.caller(f"Bearer {token_text(TOKENS, name, secret)}")
    user = login.caller(basic(name))
    session = login.caller(f"Bearer {login.begin(user).text}")
    for caller in (token, session):
        with pytest.raises(Forbidden):
            login.begin(caller)
    for caller in (token, user):
        with pytest.raises(Forbidden):
            login.end(caller)
