"""Throttling after wrong passwords."""

import uuid
from concurrent.futures import ThreadPoolExecutor

from chalicelib import config
from chalicelib.access.authenticator import Authenticator
from chalicelib.access.throttle import FREE_ATTEMPTS, PAUSE_SECONDS
from chalicelib.errors import TooManyAttempts, Unauthorized
from tests.support.access import WRONG, Clock, basic, refused
from tests.support.request_faults import inject_faults


def test_wrong_passwords_throttle_but_never_lock_out(
    authenticator: Authenticator, clock: Clock, name: str
) -> None:
    for _ in range(FREE_ATTEMPTS):
        assert isinstance(refused(authenticator, basic(name, WRONG)), Unauthorized)
    error = refused(authenticator, basic(name))  # the right password too, or the answer would reveal it
    assert isinstance(error, TooManyAttempts)
    assert 0 < int(error.headers["Retry-After"]) <= PAUSE_SECONDS

    clock.now += PAUSE_SECONDS + 1
    assert isinstance(refused(authenticator, basic(name, WRONG)), Unauthorized)  # one attempt a minute
    assert isinstance(refused(authenticator, basic(name)), TooManyAttempts)
    clock.now += PAUSE_SECONDS + 1
    assert authenticator.authenticate(basic(name), "192.0.2.1").name == name
    for _ in range(FREE_ATTEMPTS):  # the count has restarted
        assert isinstance(refused(authenticator, basic(name, WRONG)), Unauthorized)


def test_only_one_concurrent_attempt_is_checked_after_the_pause(
    authenticator: Authenticator, clock: Clock, name: str
) -> None:
    for _ in range(FREE_ATTEMPTS):
        refused(authenticator, basic(name, WRONG))
    clock.now += PAUSE_SECONDS + 1
    with ThreadPoolExecutor(8) as pool:
        errors = list(pool.map(lambda _: type(refused(authenticator, basic(name, WRONG))), range(8)))
    assert errors.count(Unauthorized) == 1


def test_throttling_applies_to_one_network_only(authenticator: Authenticator, name: str) -> None:
    """One sender can use all addresses of an IPv6 /64 network."""
    for source in ("192.0.2.1", "2001:db8::1"):
        for _ in range(FREE_ATTEMPTS + 1):
            last = refused(authenticator, basic(name, WRONG), source)
        assert isinstance(last, TooManyAttempts)
    assert isinstance(refused(authenticator, basic(name), "2001:db8::2"), TooManyAttempts)
    for source in ("192.0.2.2", "2001:db8:0:1::1", "", "nonsense"):
        assert authenticator.authenticate(basic(name), source).name == name
    assert isinstance(refused(authenticator, basic(name)), TooManyAttempts)


def test_concurrent_attempts_do_not_exceed_the_free_ones(authenticator: Authenticator, name: str) -> None:
    """Otherwise the answers would reveal the right password among many that are sent at once."""
    with ThreadPoolExecutor(20) as pool:
        headers = [basic(name, f"{WRONG} {n}") for n in range(20)]
        errors = list(pool.map(lambda header: type(refused(authenticator, header)), headers))
    assert errors.count(Unauthorized) == FREE_ATTEMPTS
    assert isinstance(refused(authenticator, basic(name)), TooManyAttempts)


def test_right_password_is_refused_after_concurrent_wrong_ones(
    authenticator: Authenticator, name: str
) -> None:
    """The others use up the free attempts while this one is checked."""

    def send_wrong_passwords(_: object) -> None:
        for _ in range(FREE_ATTEMPTS):
            refused(authenticator, basic(name, WRONG))

    with inject_faults(config.dynamodb(), "DeleteItem", send_wrong_passwords):
        assert isinstance(refused(authenticator, basic(name)), TooManyAttempts)


def test_unknown_names_are_throttled_alike(authenticator: Authenticator) -> None:
    name = f"nobody-{uuid.uuid4().hex[:8]}"
    errors = [type(refused(authenticator, basic(name))) for _ in range(FREE_ATTEMPTS + 1)]
    assert errors == [Unauthorized] * FREE_ATTEMPTS + [TooManyAttempts]
