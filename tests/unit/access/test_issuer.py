"""What an issuer publishes: fetched when it is needed, kept, and fetched again within bounds."""

from typing import Any

import pytest

from chalicelib.access.issuer import KEY_SECONDS, REFETCH_SECONDS, RETRY_SECONDS, Endpoints, fetch_json
from chalicelib.errors import Busy, Unauthorized
from tests.support.access import Clock
from tests.support.sso import URL, TestIssuer


@pytest.fixture
def issuer() -> TestIssuer:
    """Returns an issuer with a key of elliptic curves, which is made in no time."""
    issuer = TestIssuer(Clock())
    issuer.add_key("one", "ES256")
    return issuer


def test_keys_are_fetched_once(issuer: TestIssuer) -> None:
    assert issuer.fetched == []
    for _ in range(3):
        assert issuer.issuer.key("one")["kid"] == "one"
    assert issuer.fetched == [f"{URL}/.well-known/openid-configuration", f"{URL}/keys"]


def test_unknown_key_is_fetched_once_a_minute(issuer: TestIssuer) -> None:
    issuer.issuer.key("one")
    del issuer.fetched[:]
    issuer.add_key("two", "ES256")
    issuer.clock.now += REFETCH_SECONDS - 1
    for _ in range(3):
        with pytest.raises(Unauthorized):
            issuer.issuer.key("two")
    assert issuer.fetched == []
    issuer.clock.now += 1
    assert issuer.issuer.key("two")["kid"] == "two"
    for number in range(3):
        with pytest.raises(Unauthorized):
            issuer.issuer.key(f"unknown {number}")
    assert issuer.fetched == [f"{URL}/keys"]


def test_withdrawn_key_is_forgotten_after_an_hour(issuer: TestIssuer) -> None:
    issuer.issuer.key("one")
    issuer.keys["two"] = issuer.keys.pop("one")
    issuer.clock.now += KEY_SECONDS - 1
    assert issuer.issuer.key("one")
    issuer.clock.now += 1
    with pytest.raises(Unauthorized):
        issuer.issuer.key("one")


def test_keys_outlive_an_issuer_that_does_not_answer(issuer: TestIssuer) -> None:
    issuer.issuer.key("one")
    issuer.down = True
    issuer.clock.now += KEY_SECONDS
    assert issuer.issuer.key("one")
    with pytest.raises(Unauthorized):
        issuer.issuer.key("two")


def test_silent_issuer_is_asked_again_after_seconds(issuer: TestIssuer) -> None:
    issuer.down = True
    for _ in range(3):
        with pytest.raises(Busy):
            issuer.issuer.key("one")
    assert len(issuer.fetched) == 1
    issuer.down = False
    issuer.clock.now += RETRY_SECONDS
    assert issuer.issuer.key("one")


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://other.test"},
        {"jwks_uri": None},
        {"token_endpoint": "http://issuer.test/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_configuration_must_be_the_issuers_own(issuer: TestIssuer, change: dict[str, str]) -> None:
    assert issuer.issuer.endpoints() == Endpoints(f"{URL}/authorize", f"{URL}/token")
    fresh = TestIssuer(Clock())
    fresh.configuration.update(change)
    use = fresh.issuer.key if "jwks_uri" in change else lambda _: fresh.issuer.endpoints()
    with pytest.raises(Busy):
        use("one")


def test_keys_for_encryption_and_secret_keys_are_left_out(issuer: TestIssuer) -> None:
    [key] = issuer.published()
    published: list[Any] = [{**key, "use": "enc"}, {**key, "kty": "oct"}, {**key, "kid": None}, "key"]
    issuer.published = lambda: published  # type: ignore[method-assign]
    with pytest.raises(Busy):
        issuer.issuer.key("one")


@pytest.mark.parametrize("url", ["http://issuer.test/keys", "file:///etc/passwd", "ftp://127.0.0.1/", ""])
def test_nothing_is_fetched_that_others_can_change(url: str) -> None:
    with pytest.raises(Busy):
        fetch_json(url)
