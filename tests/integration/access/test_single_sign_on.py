"""Single sign-on with tokens of Amazon Cognito, as the emulator issues them."""

import html
import json
import logging
import os
import re
from collections.abc import Iterator

import boto3
import pytest

from app import app
from chalicelib import config
from chalicelib.access.authenticator import Authenticator
from chalicelib.access.model import NewGroup, NewToken
from chalicelib.services import Services
from chalicelib.services import services as build_services
from infra.emulator import free_port
from tests.support.access import Clock, basic, refused
from tests.support.api import member_body, unique_name
from tests.support.aws_access import aws_access, compare
from tests.support.client import Http
from tests.support.cognito import UserPool, new_pool


@pytest.fixture
def pool(settings: config.Settings) -> UserPool:
    """Returns a user pool with Ann, who is in the groups editors and strangers."""
    pool = new_pool(boto3.client("cognito-idp"), os.environ["AWS_ENDPOINT_URL"])
    pool.add_user("ann", "editors", "strangers")
    return pool


@pytest.fixture
def signed_on(settings: config.Settings, pool: UserPool, clock: Clock) -> Services:
    """Returns services that accept the pool's tokens."""
    return Services(settings.model_copy(update=pool.settings), config.client, clock)


@pytest.fixture
def deployed(pool: UserPool, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """Yields the services of this process, which accept the pool's tokens and name callers by their user names."""
    for name, value in {**pool.settings, "oidc_name_claim": "cognito:username"}.items():
        monkeypatch.setenv(name.upper(), value)
    config.settings.cache_clear()
    build_services.cache_clear()
    yield build_services()
    monkeypatch.undo()
    config.settings.cache_clear()
    build_services.cache_clear()


def test_tokens_of_a_real_issuer_authenticate(signed_on: Services, pool: UserPool, clock: Clock) -> None:
    issued = pool.tokens("ann")
    with aws_access() as done:
        callers = [
            signed_on.authenticator.authenticate(f"Bearer {issued[kind]}")
            for kind in ("IdToken", "AccessToken")
        ]
    assert str(callers[0]) == str(callers[1])
    for caller in callers:
        assert (caller.kind, caller.groups) == ("sso", ["editors"])
        assert caller.password_at
    assert compare("authorize", done)[0] == set()
    assert refused(signed_on.authenticator, f"Bearer {issued['RefreshToken']}")
    other = new_pool(pool.client, os.environ["AWS_ENDPOINT_URL"])
    other.add_user("ann", "admins")
    assert refused(signed_on.authenticator, f"Bearer {other.tokens('ann')['IdToken']}")
    clock.now += 3600 + 60
    assert refused(signed_on.authenticator, f"Bearer {issued['IdToken']}")


def test_own_credentials_work_beside_single_sign_on(
    signed_on: Services, authenticator: Authenticator, pool: UserPool, name: str
) -> None:
    token = signed_on.tokens.create(NewToken(name=name, groups=["viewers"])).text
    assert str(signed_on.authenticator.authenticate(f"Bearer {token}")) == f"token:{name}"
    assert str(signed_on.authenticator.authenticate(basic(name))) == f"user:{name}"
    issued = pool.tokens("ann")["IdToken"]
    assert refused(authenticator, f"Bearer {issued}")  # of a deployment without it


def test_caller_of_issuer_uses_the_api(
    deployed: Services, pool: UserPool, caplog: pytest.LogCaptureFixture, account: str
) -> None:
    """As the users and tokens do, but by another name, and without what takes a password."""
    caplog.set_level(logging.INFO)
    group = unique_name()
    deployed.groups.create(NewGroup(name=group, permissions=["members:write"], accounts=[account]))
    pool.add_user("bob", group)
    token = pool.tokens("bob")["IdToken"]
    http = Http(app, f"Bearer {token}")
    me = {"kind": "sso", "name": "bob", "grants": {"members:write": [account]}}
    assert http.get("/me").ok() == me
    member = member_body(account)
    assert http.create(member)["created_by"] == "sso:bob"
    http.send("POST", "/members", {**member, "account_id": "other"}).problem(403, "account_forbidden")
    http.send("PATCH", "/me", {"password": "another horse battery"}).problem(403, "password_needed")
    http.request("POST", "/sessions").problem(403, "password_needed")
    http.request("DELETE", "/sessions").problem(403, "no_session")
    forged = f"{token.rpartition('.')[0]}.{'A' * 342}"
    Http(app, f"Bearer {forged}").get("/me").problem(401, "unauthorized")
    output = "".join(repr(record.__dict__) for record in caplog.records)
    assert "'sso': 'signature'" in output
    assert not [part for part in token.split(".") if part[:40] in output]


def test_page_knows_the_issuer(deployed: Services, pool: UserPool) -> None:
    response = Http(app).get("/admin?code=1&state=2")  # as the issuer redirects to it
    [text] = re.findall(r'<meta name="sign-on" content="(.*)">', response.body.decode())
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    assert json.loads(html.unescape(text)) == {
        "issuer": pool.settings["oidc_issuer"],
        "authorization": f"{endpoint}/oauth2/authorize",
        "token": f"{endpoint}/oauth2/token",
        "client_id": pool.client_id,
        "scope": "openid",
        "sends_id_token": True,
    }
    assert f" {endpoint};" in response.headers["Content-Security-Policy"]


def test_silent_issuer_stops_only_its_own_callers(
    deployed: Services, pool: UserPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = pool.tokens("ann")["IdToken"]
    own = deployed.tokens.create(NewToken(name=unique_name(), groups=["viewers"])).text
    monkeypatch.setenv("OIDC_DISCOVERY_URL", f"http://127.0.0.1:{free_port()}/")
    config.settings.cache_clear()
    build_services.cache_clear()
    Http(app, f"Bearer {token}").get("/me").problem(503, "service_unavailable")
    assert Http(app, f"Bearer {own}").get("/me").ok()["kind"] == "token"
    assert '<meta name="sign-on" content="">' in Http(app).get("/admin").body.decode()
