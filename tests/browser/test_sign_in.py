"""Signing in and out."""

import boto3
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.browser import (
    heading,
    held_requests,
    respond_with,
    session_storage_is_empty,
    session_token,
    sign_in,
    wait_until,
    wait_until_held,
)
from tests.support.local_stack import LocalStack


def test_sign_out_clears_session_storage(page: Page) -> None:
    sign_in(page)
    expect(heading(page, "Members")).to_be_visible()
    assert "rollcall" not in (page.evaluate("JSON.stringify({...localStorage}) + document.cookie") or "")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    assert session_storage_is_empty(page)
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_sign_out_does_not_wait_for_api(local: LocalStack, admin_page: Page) -> None:
    token = session_token(admin_page)
    with held_requests(admin_page, "**/sessions") as held:
        admin_page.get_by_role("button", name="Sign out").click()
        expect(admin_page.get_by_text("You are signed out.")).to_be_visible()
        assert session_storage_is_empty(admin_page)
        wait_until_held(admin_page, held)
    wait_until(lambda: local.rejects_token(token))


def test_wrong_password_shows_error_and_stores_nothing(page: Page) -> None:
    sign_in(page, password="wrong horse battery")
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    assert session_storage_is_empty(page)


def test_blank_fields_are_asked_for(page: Page) -> None:
    requested: list[str] = []
    page.on("request", lambda r: requested.append(r.url) if r.url.endswith("/sessions") else None)
    sign_in(page, "", "")
    expect(page.get_by_label("Name")).to_have_accessible_description("Enter your name.")
    expect(page.get_by_label("Name")).to_be_focused()
    sign_in(page, "rollcall", "")
    expect(page.get_by_label("Password")).to_have_accessible_description("Enter your password.")
    expect(page.get_by_label("Password")).to_be_focused()
    assert requested == []


def test_throttled_sign_in_says_when_to_try_again(page: Page) -> None:
    for headers, text in (({"Retry-After": "1"}, "in 1 second."), ({}, "in a while.")):
        respond_with(page, "**/sessions", 429, headers)
        sign_in(page)
        expect(page.get_by_role("alert")).to_have_text(f"Too many wrong passwords. Try again {text}")
        page.unroute("**/sessions")


def test_unreachable_registry_keeps_user_signed_in(admin_page: Page) -> None:
    admin_page.route("**/me", lambda route: route.abort())
    admin_page.reload()
    expect(admin_page.get_by_role("alert")).to_contain_text("The registry does not respond.")
    admin_page.unroute("**/me")
    admin_page.get_by_role("button", name="Try again").click()
    expect(heading(admin_page, "Members")).to_be_visible()


@pytest.mark.parametrize("path", ["admin", "admin/"])
def test_sign_in_works_under_api_gateway_stage_path(local: LocalStack, browser: Browser, path: str) -> None:
    """The emulator has another URL for the stage than API Gateway, so requests to the gateway are redirected."""
    gateway = "http://gateway.localhost:1/api"
    stage = f"{local.emulator}/restapis/{rest_api_id(local.emulator)}/api/_user_request_"

    def redirect(route: Route) -> None:
        route.fulfill(response=route.fetch(url=route.request.url.replace(gateway, stage)))

    context = browser.new_context()
    context.route(f"{gateway}/**", redirect)
    page = context.new_page()
    for base_url in (gateway, stage, local.url):
        page.goto(f"{base_url}/{path}")
        sign_in(page)
        expect(heading(page, "Home")).to_be_visible()
        page.get_by_role("link", name="Members", exact=True).click()
        expect(heading(page, "Members")).to_be_visible()
        expect(page.locator(".list")).not_to_contain_text("Something went wrong")
        page.get_by_role("button", name="Sign out").click()
    context.close()


def rest_api_id(emulator: str) -> str:
    """Returns the id of the REST API in the emulator."""
    client = boto3.client(
        "apigateway",
        endpoint_url=emulator,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    return str(client.get_rest_apis()["items"][0]["id"])
