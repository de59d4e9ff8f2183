"""Taking an import back on its page."""

import re

from playwright.sync_api import Page, Route, expect

from tests.support.browser import heading, open_view, rows
from tests.support.client import href
from tests.support.local_stack import LocalStack, roster_csv


def test_import_is_checked_then_taken_back(local: LocalStack, admin_page: Page, account: str) -> None:
    sent = local.import_file(f"{account}.csv", roster_csv(account, 3))
    local.call("PATCH", href(account, "2"), {"last_name": "Vole"})
    open_view(admin_page, f"/imports/{sent['id']}")
    admin_page.get_by_role("button", name="Undo this import").click()
    dialog = admin_page.get_by_role("dialog")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_have_count(0)

    admin_page.get_by_role("button", name="Undo this import").click()
    dialog.get_by_role("button", name="Check first").click()
    expect(heading(admin_page, f"Undo of {account}.csv")).to_be_visible()
    expect(admin_page.locator(".outcomes")).to_contain_text("2 would be deleted")
    verdict = "Checked: 1 unchanged, 2 would be deleted. Nothing was written."
    expect(admin_page.locator(".status.doubtful")).to_have_text(verdict)
    expect(admin_page.get_by_role("button", name="Undo now")).to_be_visible()
    expect(admin_page.get_by_text("How the file was read")).to_have_count(0)
    expect(
        admin_page.get_by_text("Newer changes were kept, made by the token tests (1 row).")
    ).to_be_visible()

    admin_page.get_by_role("link", name="The import that it takes back").click()
    admin_page.get_by_role("button", name="Undo this import").click()
    dialog.get_by_role("button", name="Undo the import").click()
    expect(admin_page.locator(".status.completed")).to_be_visible()
    expect(admin_page.locator(".outcomes")).to_contain_text("2 deleted")
    admin_page.get_by_role("button", name="Show the rows").click()
    expect(rows(admin_page).filter(has_text="changed since by the token tests")).to_have_count(1)
    assert [
        one["client_member_id"] for one in local.call("GET", f"/members?account_id={account}")["items"]
    ] == ["2"]

    undo = local.call("GET", f"/imports/{sent['id']}")["undone_by"]
    failed: dict[str, object] = {}

    def respond(route: Route) -> None:
        route.fulfill(json=local.call("GET", f"/imports/{undo}") | failed)

    admin_page.route(re.compile(f"/imports/{undo}$"), respond)
    for text, buttons in (("The import was taken back", 0), ("The undo failed", 1)):
        open_view(admin_page, f"/imports/{sent['id']}")
        admin_page.reload()
        expect(admin_page.get_by_role("link", name=text)).to_have_attribute("href", f"#/imports/{undo}")
        expect(admin_page.get_by_role("button", name="Undo this import")).to_have_count(buttons)
        failed["status"] = "failed"
