"""Tokens of an OpenID Connect issuer: signature, claims, and the caller that they name."""

import base64
import json
from typing import Any

import jwt
import pytest

from chalicelib.access.permissions import Caller
from chalicelib.access.single_sign_on import ALGORITHMS, LEEWAY_SECONDS, named_groups
from chalicelib.errors import Forbidden, Unauthorized
from tests.support.access import Clock
from tests.support.sso import AUDIENCE, CLIENT, TestIssuer


@pytest.fixture(scope="module")
def issuer() -> TestIssuer:
    """Returns an issuer with a key."""
    issuer = TestIssuer(Clock())
    issuer.add_key("one")
    return issuer


def reason(issuer: TestIssuer, token: str) -> str | None:
    """Returns why a token is refused."""
    with pytest.raises(Unauthorized) as error:
        issuer.sign_on().authenticate(token)
    assert error.value.detail == "Credentials are missing or wrong."  # the response does not say why
    return error.value.reason


def test_token_names_caller_and_existing_groups(issuer: TestIssuer) -> None:
    caller = issuer.sign_on().authenticate(issuer.token())
    assert (str(caller), caller.groups, caller.session) == ("sso:8f0c-ann", ["editors"], None)
    assert caller.password_at == int(issuer.clock.now)


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://issuer.test/other"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "another-api"}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": [AUDIENCE, "another-api"]}, "audience"),
        ({"aud": [AUDIENCE, "another-api"], "azp": "another-page"}, "audience"),
        ({"aud": [[AUDIENCE]]}, "audience"),
        ({"token_use": "refresh"}, "audience"),
        ({"aud": None, "client_id": AUDIENCE}, "audience"),
        ({"aud": None, "client_id": "another-api", "token_use": "access"}, "audience"),
        ({"events": {}}, "audience"),
        ({"exp": None}, "expired"),
        ({"exp": "4000000000"}, "expired"),
        ({"exp": True}, "expired"),
        ({"nbf": "0"}, "expired"),
        ({"sub": None}, "name"),
        ({"sub": ""}, "name"),
        ({"sub": 7}, "name"),
        ({"sub": "a" * 256}, "name"),
        ({"sub": "ann\nuser:bob"}, "name"),
        ({"sub": "\u0430nn"}, "name"),
    ],
)
def test_claims_of_others_are_refused(issuer: TestIssuer, claims: dict[str, Any], why: str) -> None:
    assert reason(issuer, issuer.token(**claims)) == why


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [AUDIENCE]},
        {"aud": [AUDIENCE, "another-api"], "azp": CLIENT},
        {"token_use": "id"},
        {"aud": None, "client_id": AUDIENCE, "token_use": "access"},
    ],
)
def test_tokens_for_this_deployment_are_accepted(issuer: TestIssuer, claims: dict[str, Any]) -> None:
    assert issuer.sign_on().authenticate(issuer.token(**claims)).name == "8f0c-ann"


@pytest.mark.parametrize(("claim", "edge"), [("exp", -LEEWAY_SECONDS), ("nbf", LEEWAY_SECONDS)])
def test_clocks_may_differ_by_leeway(issuer: TestIssuer, claim: str, edge: int) -> None:
    moment = int(issuer.clock.now)
    inside, outside = (edge + 1, edge - 1) if edge < 0 else (edge, edge + 2)
    for offset, accepted in ((inside, True), (outside, False)):
        changed: dict[str, Any] = {claim: moment + offset}
        token = issuer.token(**changed)
        if accepted:
            assert issuer.sign_on().authenticate(token)
        else:
            assert reason(issuer, token) == ("expired" if claim == "exp" else "not_yet_valid")


def test_other_headers_are_refused(issuer: TestIssuer) -> None:
    for header in ({"typ": "logout+jwt"}, {"typ": 7}, {"kid": "two"}):
        assert reason(issuer, issuer.token(header=header)) in ("header", "unknown_key")
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    for algorithm, key in (("none", ""), ("HS256", "x" * 64)):
        assert reason(issuer, jwt.encode(claims, key, algorithm, headers={"kid": "one"})) == "header"
    assert reason(issuer, jwt.encode(claims, issuer.keys["one"][1], "RS256")) == "header"  # without a key id
    assert not [name for name in ALGORITHMS if name.startswith("HS") or name == "none"]


def test_changed_tokens_are_refused(issuer: TestIssuer) -> None:
    head, body, signature = issuer.token().split(".")
    other = base64.urlsafe_b64encode(json.dumps({"sub": "eve"}).encode()).decode().rstrip("=")
    for token in (f"{head}.{other}.{signature}", f"{head}.{body}.", f"{head}.{body}.{signature[:-8]}"):
        assert reason(issuer, token) in ("signature", "malformed")
    for token in ("", "a.b", "a.b.c", "..", "é.b.c", "{}.{}.{}", "[" * 5000):
        assert reason(issuer, token) == "malformed"
    assert reason(issuer, "a" * 8193) == "too_long"


def test_key_signs_by_its_own_algorithm_only(issuer: TestIssuer) -> None:
    """A key of one kind must not be used for the algorithm of another (RFC 8725, 3.1)."""
    strange = TestIssuer(issuer.clock)
    for key_id, algorithm in (("rs", "RS256"), ("ps", "PS256"), ("es", "ES256"), ("ed", "EdDSA")):
        strange.add_key(key_id, algorithm)
    for key_id in strange.keys:
        assert strange.sign_on().authenticate(strange.token(key_id))
    strange.keys["rs"], strange.keys["es"] = strange.keys["es"], strange.keys["rs"]
    assert reason(strange, strange.token("rs")) in ("signature", "algorithm")
    strange.add_key("one", kind="weak")
    with pytest.warns(match="below"):
        token = strange.token()
    strange.clock.now += 60
    assert reason(strange, token) == "signature"


@pytest.mark.parametrize(
    ("claim", "names"),
    [
        (["editors", "viewers", "editors"], ["editors", "viewers"]),
        ("viewers", ["viewers"]),
        (["Editors", "/editors", "", 7, None, ["viewers"], "a" * 65, "viewers\n"], []),
        (None, []),
        ({"editors": True}, []),
    ],
)
def test_only_names_of_groups_count(claim: object, names: list[str]) -> None:
    assert named_groups(claim) == names


def test_granting_access_needs_recent_sign_in() -> None:
    Caller(kind="sso", name="ann", password_at=1_000).require_recent_password(1_900)
    for signed_in_at in (999, None):  # issuers that do not say when are not believed
        with pytest.raises(Forbidden) as error:
            Caller(kind="sso", name="ann", password_at=signed_in_at).require_recent_password(1_900)
        assert error.value.code == "recent_password_needed"
    with pytest.raises(Forbidden):
        Caller(kind="sso", name="ann").require_password()
