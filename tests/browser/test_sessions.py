"""Sessions that end while the page is open."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.support.access import PASSWORD
from tests.support.browser import (
    choose_account,
    fill_fields,
    heading,
    open_view,
    session_storage_is_empty,
    session_token,
    sign_in,
    sign_in_again,
    wait_until,
)
from tests.support.local_stack import LocalStack


def test_ended_session_asks_for_password_again(local: LocalStack, admin_page: Page) -> None:
    token = session_token(admin_page)
    local.end_session(token)
    admin_page.get_by_role("link", name="Imports").click()
    expect(admin_page.get_by_text("Your session has ended.")).to_be_visible()
    sign_in(admin_page)
    expect(heading(admin_page, "Imports")).to_be_visible()


def test_edit_survives_end_of_session(local: LocalStack, admin_page: Page, account: str) -> None:
    member = local.add_member(account)
    open_view(admin_page, f"/members/{member['id']}")
    fill_fields(admin_page, First_name="Typed")
    local.end_session(session_token(admin_page))
    admin_page.get_by_role("button", name="Save").click()
    dialog = admin_page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_contain_text("Your session has ended.")
    expect(dialog.get_by_label("Name")).to_have_value("rollcall")
    expect(dialog.get_by_label("Password")).to_be_focused()
    admin_page.keyboard.press("Escape")
    admin_page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    expect(admin_page.get_by_label("First name")).to_have_value("Typed")
    sign_in_again(admin_page)
    expect(heading(admin_page, "Typed Lee")).to_be_visible()
    expect(dialog).to_have_count(0)
    assert local.call("GET", f"/members/{member['id']}")["first_name"] == "Typed"


def test_second_user_finds_no_data_of_first_user(local: LocalStack, admin_page: Page, account: str) -> None:
    local.add_user(account, ["editors"])
    member = local.add_member(account)
    choose_account(admin_page, account)
    open_view(admin_page, f"/members/{member['id']}")
    fill_fields(admin_page, First_name="Typed")
    local.end_session(session_token(admin_page))
    admin_page.get_by_role("button", name="Save").click()
    sign_in_again(admin_page, account, PASSWORD)
    expect(admin_page.locator(".who")).to_contain_text(account)
    expect(heading(admin_page, "Home")).to_be_visible()
    expect(admin_page.get_by_label("Account:")).to_have_value("")
    assert local.call("GET", f"/members/{member['id']}")["first_name"] == "Ann"
    admin_page.get_by_role("button", name="Sign out").click()
    expect(admin_page.get_by_text("You are signed out.")).to_be_visible()
    assert session_storage_is_empty(admin_page)


def test_tabs_share_session_that_is_kept(local: LocalStack, page: Page, account: str) -> None:
    local.add_user(account, ["viewers"])
    context, url = page.context, page.url
    page.get_by_label("Keep me signed in on this device").check()
    sign_in(page)
    expect(heading(page, "Members")).to_be_visible()
    assert session_storage_is_empty(page) or not page.evaluate("sessionStorage.getItem('rollcall.session')")
    other = context.new_page()
    other.goto(url)
    expect(heading(other, "Members")).to_be_visible()
    token = kept_session(page)["token"]

    other.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    assert kept_session(page) is None
    wait_until(lambda: local.rejects_token(token))

    page.get_by_label("Keep me signed in on this device").check()
    sign_in(page)
    expect(other.locator(".who")).to_contain_text("rollcall")  # the other tab follows
    open_view(other, "/members")
    local.end_session(kept_session(page)["token"])
    open_view(page, "/imports")
    sign_in_again(page, account, PASSWORD)
    expect(page.locator(".who")).to_contain_text(account)
    expect(other.locator(".who")).to_contain_text(account)  # and shows nothing of the first user
    expect(heading(other, "Home")).to_be_visible()
    other.close()


def kept_session(page: Page) -> Any:
    """Returns the session that all tabs of the browser share, None without one."""
    return page.evaluate("JSON.parse(localStorage.getItem('rollcall.session'))")
