"""Throttling of passwords: by user and network, by network, and of all callers together."""

import itertools
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib import config
from chalicelib.access.authenticator import Authenticator
from chalicelib.access.model import NewToken
from chalicelib.access.networks import network_of
from chalicelib.access.refusal_lines import COUNTED_TOGETHER
from chalicelib.access.throttle import (
    CACHED_SECONDS,
    FLOOD,
    NETWORK_ATTEMPTS,
    USER_ATTEMPTS,
    WINDOW_SECONDS,
    PasswordThrottle,
)
from chalicelib.errors import TooManyAttempts, Unauthorized
from chalicelib.services import Services
from tests.support.access import WRONG, Clock, basic, refused
from tests.support.metering import metered

NOWHERE = "192.0.2.1"
WINDOWS = itertools.count(1)


def fail(authenticator: Authenticator, name: str, times: int, source: str = NOWHERE) -> list[type]:
    return [type(refused(authenticator, basic(name, WRONG), source)) for _ in range(times)]


@pytest.fixture
def clock(clock: Clock) -> Clock:
    """Returns a clock at the start of a window that no other test uses."""
    clock.now += 2 * next(WINDOWS) * WINDOW_SECONDS - clock.now % WINDOW_SECONDS
    return clock


def test_wrong_passwords_throttle_but_never_lock_out(
    authenticator: Authenticator, clock: Clock, name: str
) -> None:
    assert fail(authenticator, name, USER_ATTEMPTS) == [Unauthorized] * USER_ATTEMPTS
    error = refused(authenticator, basic(name))  # the right password too, or the answer would reveal it
    assert isinstance(error, TooManyAttempts)
    assert CACHED_SECONDS <= error.until - clock.now <= WINDOW_SECONDS
    clock.now += WINDOW_SECONDS
    assert authenticator.authenticate(basic(name), NOWHERE).name == name
    for _ in range(2):  # a right password restarts the count of its user
        fail(authenticator, name, USER_ATTEMPTS - 1)
        assert authenticator.authenticate(basic(name), NOWHERE).name == name


def test_network_that_guesses_many_names_is_throttled(
    authenticator: Authenticator, services: Services, clock: Clock, name: str
) -> None:
    """A right password of a user of its own gives it no further guesses."""
    throttle = PasswordThrottle(services.table, 1_000, clock)
    for n in range(NETWORK_ATTEMPTS - 1):
        throttle.start(throttle.attempt(f"{name}-{n}", network_of(NOWHERE)), {})
    authenticator.authenticate(basic(name), NOWHERE)
    assert fail(authenticator, f"{name}-x", 1) == [Unauthorized]
    assert isinstance(refused(authenticator, basic(name), NOWHERE), TooManyAttempts)
    assert authenticator.authenticate(basic(name), "192.0.2.2").name == name


def test_throttling_applies_to_one_network_only(authenticator: Authenticator, name: str) -> None:
    """One sender can use all addresses of an IPv6 /64 network."""
    for source in (NOWHERE, "2001:db8::1"):
        assert fail(authenticator, name, USER_ATTEMPTS + 1, source)[-1] is TooManyAttempts
    assert isinstance(refused(authenticator, basic(name), "2001:db8::2"), TooManyAttempts)
    assert isinstance(refused(authenticator, basic(name), f"::ffff:{NOWHERE}"), TooManyAttempts)
    for source in ("192.0.2.2", "2001:db8:0:1::1", "", "nonsense"):
        assert authenticator.authenticate(basic(name), source).name == name


def test_concurrent_attempts_do_not_exceed_the_limit(authenticator: Authenticator, name: str) -> None:
    """Otherwise the answers would reveal the right password among many that are sent at once."""
    with ThreadPoolExecutor(20) as pool:
        headers = [basic(name, f"{WRONG} {n}") for n in range(20)]
        errors = list(pool.map(lambda header: type(refused(authenticator, header)), headers))
    assert errors.count(Unauthorized) == USER_ATTEMPTS
    assert isinstance(refused(authenticator, basic(name)), TooManyAttempts)


def test_unknown_names_are_throttled_alike(authenticator: Authenticator) -> None:
    name = f"nobody-{uuid.uuid4().hex[:8]}"
    errors = fail(authenticator, name, USER_ATTEMPTS + 1)
    assert errors == [Unauthorized] * USER_ATTEMPTS + [TooManyAttempts]


def test_refused_attempts_cost_no_request(authenticator: Authenticator, name: str) -> None:
    fail(authenticator, name, USER_ATTEMPTS + 1)
    with metered(config.dynamodb()) as meter:
        assert fail(authenticator, name, FLOOD) == [TooManyAttempts] * FLOOD
    assert not meter.calls


def test_lines_of_the_log_count_each_refusal(authenticator: Authenticator, clock: Clock, name: str) -> None:
    """So that its alarm sees a flood, which has no line for each."""
    fail(authenticator, name, USER_ATTEMPTS)
    refusals = [refused(authenticator, basic(name), NOWHERE) for _ in range(3 * COUNTED_TOGETHER)]
    clock.now += 60
    refusals.append(refused(authenticator, basic(name), NOWHERE))
    counts = [one.to_log for one in refusals if isinstance(one, TooManyAttempts) and one.to_log]
    assert sum(counts) == len(refusals)
    assert len(counts) == FLOOD + 2 + 1


def test_all_callers_share_the_passwords_of_a_second(settings: config.Settings, clock: Clock) -> None:
    """Whatever the name and the network, so that few functions are busy with passwords; tokens do not count."""
    bounded = Services(settings.model_copy(update={"logins_per_second": 3}), config.client, clock)
    authenticator = bounded.authenticator
    guesses = [refused(authenticator, basic(f"guess-{n}"), f"198.51.100.{n}") for n in range(5)]
    assert [type(guess) for guess in guesses] == [Unauthorized] * 3 + [TooManyAttempts] * 2
    with metered(config.dynamodb()) as meter:
        flood = [refused(authenticator, basic(f"guess-{n}"), f"203.0.113.{n}") for n in range(FLOOD)]
    assert not meter.calls
    assert isinstance(flood[-1], TooManyAttempts)
    assert flood[-1].flood  # the gateway itself answers from here on
    token = bounded.tokens.create(NewToken(name=f"t-{uuid.uuid4().hex[:8]}", groups=["viewers"], days=3650))
    assert authenticator.authenticate(f"Bearer {token.text}").kind == "token"
