"""Credentials: revocation, wrong passwords, requests from other sites."""

import pytest

from chalicelib.access.model import NewToken, NewUser, UserChanges
from chalicelib.access.throttle import USER_ATTEMPTS, WINDOW_SECONDS
from chalicelib.services import Services
from tests.support.api import PASSWORD, member_body, unique_name
from tests.support.client import Http, href


def test_member_names_its_creator_and_last_editor(
    http: Http, services: Services, mine: Http, account: str
) -> None:
    name = unique_name()
    services.users.create(NewUser(name=name, password=PASSWORD, groups=["editors"]))
    member = mine.create(member_body(account))
    assert member["created_by"] == member["modified_by"]
    assert member["created_by"].startswith("token:n-")
    changed = http.basic(name, PASSWORD).send("PATCH", f"/members/{member['id']}", {"first_name": "Zoë"}).ok()
    assert (changed["created_by"], changed["modified_by"]) == (member["created_by"], f"user:{name}")
    assert http.get(f"/members/{member['id']}").ok() == changed
    back = mine.send("PUT", f"/members/{member['id']}", {**changed, "first_name": "Ann", "created_by": "me"})
    assert back.ok()["modified_by"] == member["created_by"]


def test_revoked_credentials_are_rejected_at_once(http: Http, services: Services) -> None:
    """API Gateway caches the authorizer's result for a minute; there is no cache here."""
    name = unique_name()
    services.users.create(NewUser(name=name, password=PASSWORD, groups=["viewers"]))
    by_password = http.basic(name, PASSWORD)
    session = http.bearer(by_password.request("POST", "/sessions").ok(201)["token"])
    assert session.get("/me").ok() == by_password.get("/me").ok()
    services.users.change(name, UserChanges(active=False))
    for caller in (by_password, session):
        caller.get("/me").problem(401, "unauthorized")
    services.users.change(name, UserChanges(active=True, password="another horse battery"))
    for caller in (by_password, session):
        caller.get("/me").problem(401, "unauthorized")
    issued = services.tokens.create(NewToken(name=name, groups=["viewers"]))
    token = http.bearer(issued.text)
    assert token.get("/me").ok()["kind"] == "token"
    services.tokens.revoke(name)
    token.get("/me").problem(401, "unauthorized")


def test_too_many_wrong_passwords_return_429_with_retry_after(http: Http) -> None:
    stranger = http.basic(unique_name(), PASSWORD)
    responses = [stranger.get("/me") for _ in range(6)]
    for response in responses[:5]:
        response.problem(401, "unauthorized")
    responses[5].problem(429, "too_many_attempts")
    assert responses[5].headers["RateLimit-Policy"] == f'"passwords";q={USER_ATTEMPTS};w={WINDOW_SECONDS}'
    assert responses[5].headers["RateLimit"] == f'"passwords";r=0;t={responses[5].headers["Retry-After"]}'
    assert 0 < int(responses[5].headers["Retry-After"]) <= WINDOW_SECONDS


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_writes_from_other_sites_are_rejected(http: Http, account: str, site: str) -> None:
    """Browsers add stored Basic credentials to such requests."""
    sent = {"Sec-Fetch-Site": site}
    http.send("POST", "/members", member_body(account), sent).problem(403, "cross_site")
    assert http.get("/members", {"account_id": account}, sent).ok()["items"] == []
    assert http.request("HEAD", f"/members?account_id={account}", headers=sent).status == 200
    for own in ("same-origin", "none"):
        http.send(
            "PUT", href(account, "1"), member_body(account, client_member_id="1"), {"Sec-Fetch-Site": own}
        )
    assert http.get(href(account, "1")).ok()["version"] == 1


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "https://rollcall.test.evil.test"])
def test_origin_decides_where_a_browser_says_no_more(
    http: Http, services: Services, account: str, origin: str
) -> None:
    """Browsers before 2023 send no Sec-Fetch-Site. They add passwords by themselves, and no tokens."""
    name, sent, own = unique_name(), {"Origin": origin}, {"Origin": "https://rollcall.test"}
    services.users.create(NewUser(name=name, password=PASSWORD, groups=["editors"]))
    by_password = http.basic(name, PASSWORD)
    by_password.send("POST", "/members", member_body(account), sent).problem(403, "cross_site")
    assert by_password.get("/members", {"account_id": account}, sent).ok()["items"] == []
    by_password.send("POST", "/members", member_body(account), own).ok(201)
    token = by_password.request("POST", "/sessions", headers=sent).ok(201)["token"]
    changed = http.bearer(token).send("PATCH", href(account, "42"), {"first_name": "Zoë"}, sent)
    assert changed.status != 403
