"""Users change their own password."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.access import PASSWORD
from tests.support.browser import (
    heading,
    held_requests,
    open_view,
    respond_with,
    session_storage_is_empty,
    sign_in,
    sign_in_again,
    wait_until,
)
from tests.support.local_stack import LocalStack


def test_password_change_keeps_user_signed_in(local: LocalStack, page: Page, account: str) -> None:
    name = account
    local.add_user(name, ["viewers"])
    sign_in(page, name, PASSWORD)
    page.get_by_role("button", name="Password").click()
    dialog = page.get_by_role("dialog", name="Change your password")

    def choose(old: str, new: str) -> None:
        dialog.get_by_label("Current password").fill(old)
        dialog.get_by_label("New password").fill(new)
        dialog.get_by_role("button", name="Change").click()

    choose("a wrong horse battery", "another horse battery")
    expect(dialog.get_by_role("alert")).to_have_text("The current password is wrong.")
    choose(PASSWORD, "too short")
    expect(dialog.locator(".error", has_text="12 to 256 characters")).to_be_visible()
    choose(PASSWORD, "another horse battery")
    expect(dialog).to_have_count(0)
    page.get_by_role("link", name="Imports").click()
    expect(heading(page, "Imports")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, name, "another horse battery")
    expect(heading(page, "Home")).to_be_visible()


def open_password_dialog(local: LocalStack, page: Page, name: str) -> Locator:
    """Signs in a new user. Returns the filled-in dialog that changes the password."""
    local.add_user(name, ["viewers"])
    sign_in(page, name, PASSWORD)
    page.get_by_role("button", name="Password").click()
    dialog = page.get_by_role("dialog", name="Change your password")
    dialog.get_by_label("Current password").fill(PASSWORD)
    dialog.get_by_label("New password").fill("another horse battery")
    return dialog


@pytest.mark.parametrize(("pattern", "method"), [("**/me", "PATCH"), ("**/sessions", "POST")])
def test_sign_out_during_password_change_ends_new_session(
    local: LocalStack, page: Page, account: str, pattern: str, method: str
) -> None:
    dialog = open_password_dialog(local, page, account)
    with (
        page.expect_response(lambda response: response.status == 201) as started,
        held_requests(page, pattern, method),
    ):
        with page.expect_request(lambda request: request.method == method):
            dialog.get_by_role("button", name="Change").click()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_text("You are signed out.")).to_be_visible()
    token = started.value.json()["token"]
    wait_until(lambda: local.rejects_token(token))
    assert session_storage_is_empty(page)


def test_request_during_password_change_waits_for_new_session(
    local: LocalStack, page: Page, account: str
) -> None:
    dialog = open_password_dialog(local, page, account)
    with held_requests(page, "**/sessions", "POST"):
        with page.expect_request("**/sessions"):
            dialog.get_by_role("button", name="Change").click()
        with page.expect_response(lambda response: response.status == 401):
            open_view(page, "/imports")
    expect(heading(page, "Imports")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_password_change_is_confirmed_without_new_session(
    local: LocalStack, page: Page, account: str
) -> None:
    dialog = open_password_dialog(local, page, account)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)  # otherwise the list announces its size later
    respond_with(page, "**/sessions", 503)
    dialog.get_by_role("button", name="Change").click()
    expect(page.locator("#said")).to_have_text("Your password was changed.")
    expect(dialog).to_have_count(0)
    page.unroute("**/sessions")
    page.get_by_role("link", name="Imports").click()
    sign_in_again(page, account, "another horse battery")
    expect(heading(page, "Imports")).to_be_visible()
