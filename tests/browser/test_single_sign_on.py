"""Signing in to the page at an issuer: Amazon Cognito, as the emulator serves it."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from playwright.sync_api import Browser, Page, expect

from infra.emulator import REGION, free_port
from tests.support.accessibility import violations
from tests.support.browser import (
    MAX_WAIT_MS,
    expect_text,
    heading,
    open_view,
    session_storage_is_empty,
    session_token,
)
from tests.support.cognito import PASSWORD, UserPool, new_pool
from tests.support.local_stack import LocalStack, serving

BUTTON = "Sign in with single sign-on"
EXPIRE = "sessionStorage.setItem('rollcall.session', 'a.b.c')"


@pytest.fixture
def signed_on(local: LocalStack) -> Iterator[tuple[str, UserPool]]:
    """Yields the address of a page that signs people in at a user pool, and the pool."""
    url = f"http://127.0.0.1:{free_port()}"
    client: Any = boto3.client(
        "cognito-idp",
        region_name=REGION,
        endpoint_url=local.emulator,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    pool = new_pool(client, local.emulator, [f"{url}/admin"])
    pool.add_user("ann", profile="admins")  # the emulator leaves groups out of tokens that it renews
    settings = {**pool.settings, "oidc_name_claim": "cognito:username", "oidc_groups_claim": "profile"}
    with serving(local, url, {name.upper(): value for name, value in settings.items()}):
        yield url, pool


def sign_on(page: Page) -> None:
    """Signs Ann in on the issuer's page."""
    page.get_by_role("button", name=BUTTON).click()
    page.locator("input[name=username]").fill("ann")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def grant_access(page: Page) -> None:
    """Checks that access is granted after a fresh sign-in only, and comes back."""
    too_old = {"status": 403, "code": "recent_password_needed", "detail": "Sign in again."}
    page.route("**/tokens", lambda route: route.fulfill(status=403, json=too_old))
    open_view(page, "/access/tokens")
    page.get_by_role("button", name="Add a token").click()
    page.get_by_label("Name").fill("ours")
    page.get_by_label("viewers").check()
    page.get_by_role("button", name="Add", exact=True).click()
    again = page.get_by_role("dialog", name="Sign in again")
    expect(again).to_contain_text("within the last 15 minutes")
    with page.expect_navigation(url="**prompt=login**"):
        again.get_by_role("button", name=BUTTON).click()
    page.go_back()


def test_issuer_signs_in_and_renews_the_session(browser: Browser, signed_on: tuple[str, UserPool]) -> None:
    url, _ = signed_on
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(MAX_WAIT_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{url}/admin#/imports")
    expect(page.get_by_role("button", name=BUTTON)).to_be_focused()
    assert not violations(page)
    sign_on(page)
    expect(heading(page, "Imports")).to_be_visible()  # where the sign-in began
    assert page.url == f"{url}/admin#/imports"
    expect_text(page, "ann")
    expect(page.get_by_role("button", name="Password", exact=True)).to_have_count(0)

    open_view(page, "/members")
    page.evaluate(EXPIRE)
    with page.expect_response(lambda response: "/imports?" in response.url and response.ok):
        open_view(page, "/imports")  # asks the API, which refuses the token, and again with the next one
    assert session_token(page).startswith("eyJ")
    page.evaluate(EXPIRE)
    page.reload()
    expect(heading(page, "Imports")).to_be_visible()

    open_view(page, "/members")
    page.evaluate(f"{EXPIRE}; sessionStorage.removeItem('rollcall.refresh')")
    open_view(page, "/imports")
    sign_on(page)
    expect(heading(page, "Imports")).to_be_visible()

    grant_access(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    assert session_storage_is_empty(page)
    with page.expect_navigation(url="**prompt=login**"):
        page.get_by_role("button", name=BUTTON).click()

    page.goto(f"{url}/admin?code=stolen&state=strange")
    expect_text(page, "This sign-in was not started here. Sign in again.")
    assert page.url == f"{url}/admin"
    assert session_storage_is_empty(page)

    # Tokens that are for another sign-in: of {"nonce": "strange"}.
    strange = {"id_token": "e30.eyJub25jZSI6InN0cmFuZ2UifQ.x", "access_token": "x"}
    allowed = {"Access-Control-Allow-Origin": "*"}
    page.route("**/oauth2/token", lambda route: route.fulfill(json=strange, headers=allowed))
    sign_on(page)
    expect_text(page, "The issuer's answer is not for this sign-in. Sign in again.")
    assert session_storage_is_empty(page)
    context.close()
    assert not errors
