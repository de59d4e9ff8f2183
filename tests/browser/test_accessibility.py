"""Accessibility: narrow screens, keyboard and focus."""

import re

from playwright.sync_api import Page, expect

from tests.support.browser import (
    choose_account,
    fill_fields,
    heading,
    open_view,
    readable_phone,
    respond_with,
    rows,
)
from tests.support.local_stack import LocalStack


def test_keyboard_alone_reaches_member(local: LocalStack, page: Page, account: str) -> None:
    local.add_member(account, last_name="Keys")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("rollcall")
    page.keyboard.press("Tab")
    page.keyboard.type("rollcall")
    page.keyboard.press("Enter")
    expect(heading(page, "Members")).to_be_focused()
    page.get_by_label("Account:").focus()
    page.keyboard.type(account)
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("link", name="Keys").focus()
    page.keyboard.press("Enter")
    expect(heading(page, "Ann Keys")).to_be_focused()
    page.get_by_role("button", name="Delete").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_focus_and_title_follow_each_action(local: LocalStack, admin_page: Page, account: str) -> None:
    member = local.add_member(account)
    choose_account(admin_page, account)
    admin_page.get_by_label("Search for").fill("l")
    admin_page.get_by_role("button", name="Find").click()
    expect(admin_page.get_by_label("Search for")).to_be_focused()
    admin_page.get_by_role("link", name="Lee").click()
    expect(admin_page).to_have_title(re.compile("^Ann Lee . Rollcall$"))
    save = admin_page.get_by_role("button", name="Save")
    save.click()
    expect(admin_page.locator(".saved")).to_have_text("There are no changes to save.")
    fill_fields(admin_page, First_name="Zoë")
    save.click()
    expect(admin_page).to_have_title(re.compile("^Zoë Lee . Rollcall$"))
    expect(save).to_be_focused()
    respond_with(admin_page, f"**/members/{member['id']}", 503)
    fill_fields(admin_page, First_name="Ann")
    save.click()
    expect(admin_page.get_by_role("alert")).to_have_text("Something went wrong.")
    expect(save).to_be_focused()
    admin_page.unroute(f"**/members/{member['id']}")
    local.call("PATCH", f"/members/{member['id']}", {"last_name": "Else"})
    delete = admin_page.get_by_role("button", name="Delete")
    delete.click()
    admin_page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(admin_page.locator(".saved")).to_contain_text("Somebody else changed this member")
    expect(heading(admin_page, "Zoë Else")).to_be_visible()
    expect(delete).to_be_focused()
    open_view(admin_page, "/nowhere")
    expect(heading(admin_page, "Page not found")).to_be_focused()
    expect(admin_page).to_have_title(re.compile("^Page not found . Rollcall$"))
    expect(admin_page.locator("nav [aria-current]")).to_have_count(0)


def test_narrow_list_shows_all_cells_with_their_titles(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    member = local.add_member(account)
    admin_page.set_viewport_size({"width": 360, "height": 740})
    open_view(admin_page, f"/members?account={account}&q=")
    cell = rows(admin_page).get_by_text(readable_phone(member["phone_number"]))
    expect(cell).to_be_in_viewport(ratio=1)
    assert cell.evaluate("cell => getComputedStyle(cell, '::before').content") == '"Phone number"'
    assert admin_page.locator(".list .scroll").evaluate("list => list.scrollWidth <= list.clientWidth")
