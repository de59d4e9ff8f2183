"""Accessibility: the rules of axe-core, narrow screens, keyboard and focus."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Page, expect

from tests.support.browser import (
    choose_account,
    choose_files,
    csv_file,
    fill_fields,
    heading,
    open_view,
    respond_with,
    rows,
)
from tests.support.local_stack import HEADER, LocalStack, roster_csv


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 320])
def test_no_view_violates_accessibility_rules(
    local: LocalStack, admin_page: Page, account: str, scheme: Any, width: int
) -> None:
    """Each view also fits the width of the screen."""
    member = local.add_member(account)
    import_id = local.import_csv(roster_csv(account, 3) + f"Bad,Phone,12,x,{account}\n")["id"]
    unsure = local.import_file("unsure.csv", (HEADER + "Jan,Zięba,,1,1\n").encode("windows-1250"))
    export_id = local.call("POST", "/exports", {"account_id": account})["id"]
    admin_page.emulate_media(color_scheme=scheme)
    admin_page.set_viewport_size({"width": width, "height": 800})

    def open_dialog() -> None:
        admin_page.get_by_role("button", name="Add a user").click()
        expect(admin_page.get_by_role("dialog")).to_be_visible()

    def show_errors() -> None:
        admin_page.get_by_role("button", name="Add").click()
        expect(admin_page.locator("[aria-invalid]").first).to_be_visible()

    def show_preview() -> None:
        text = HEADER.replace("phone_number", "Handy") + f"Jan,Zięba,12,1,{account}\n"
        file: FilePayload = {"name": "a.csv", "mimeType": "text/csv", "buffer": text.encode("windows-1250")}
        choose_files(admin_page, file)
        expect(admin_page.locator(".preview th.missing")).to_be_visible()

    def show_options() -> None:
        choose_files(admin_page, csv_file("roster.csv", account))
        admin_page.get_by_role("button", name="Continue").click()
        fill_fields(admin_page, Expected_number_of_rows="many")
        admin_page.get_by_role("button", name="Check first").click()
        expect(admin_page.locator("[aria-invalid]")).to_be_visible()

    def correct() -> None:
        admin_page.locator(".fault input").last.fill("323-555-0001")
        expect(admin_page.get_by_role("button", name="Import 1 corrected row")).to_be_visible()

    def show_conflict() -> None:
        fill_fields(admin_page, First_name="W" * 64)
        local.call("PATCH", f"/members/{member['id']}", {"first_name": "V" * 64})
        admin_page.get_by_role("button", name="Save").click()
        expect(admin_page.get_by_role("button", name="Save my version")).to_be_visible()

    views: list[tuple[str, str, Callable[[], None] | None]] = [
        (f"/members?account={account}&by=last_name&q=", "Members", None),
        ("/members?account=nobody&by=last_name&q=", "Members", None),
        (f"/members/{member['id']}", "Ann Lee", None),
        ("/members/new", "Add a member", show_errors),
        (
            f"/members/{member['id']}?stale",
            "Ann Lee",
            show_conflict,
        ),  # the view before it has another heading
        ("/imports/new", "Import members", None),
        ("/imports", "Imports", None),
        ("/imports/new", "Import members", show_preview),
        ("/imports?account=nobody&status=failed", "Imports", None),
        ("/imports/new", "Import members", show_options),
        ("/exports", "Exports", None),
        (
            f"/exports/{export_id}",
            f"Export of account {account}",
            lambda: expect(admin_page.get_by_role("button", name="Download")).to_be_visible(),
        ),
        (
            f"/imports/{import_id}",
            "upload.csv",
            correct,
        ),
        (f"/imports/{unsure['id']}", "unsure.csv", None),
        ("/access/groups", "Groups", None),
        ("/access/tokens", "Tokens", None),
        ("/access/users", "Users", open_dialog),
        ("/nowhere", "Page not found", None),
    ]
    for path, title, prepare in views:
        open_view(admin_page, path)
        expect(heading(admin_page, title)).to_be_visible()
        expect(admin_page.locator("table[aria-busy=true]")).to_have_count(0)
        if prepare:
            prepare()
        assert not accessibility_violations(admin_page), (path, scheme)
        assert admin_page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        admin_page.keyboard.press("Escape")
    admin_page.get_by_role("button", name="Sign out").click()
    expect(admin_page.get_by_role("button", name="Sign in")).to_be_visible()
    assert not accessibility_violations(admin_page), scheme


def accessibility_violations(page: Page) -> list[str]:
    """Returns the serious and critical violations that axe-core finds, each with its first element."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")
    ]


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
    open_view(admin_page, f"/members?account={account}&by=last_name&q=")
    cell = rows(admin_page).get_by_text(member["phone_number"])
    expect(cell).to_be_in_viewport(ratio=1)
    assert cell.evaluate("cell => getComputedStyle(cell, '::before').content") == '"Phone number"'
    assert admin_page.locator(".list .scroll").evaluate("list => list.scrollWidth <= list.clientWidth")
