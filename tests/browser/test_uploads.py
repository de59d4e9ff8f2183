"""Files that the page sends."""

import re

from playwright.sync_api import Page, expect

from tests.support.browser import (
    csv_file,
    heading,
    held_requests,
    send_files,
    sign_in,
    wait_until,
    wait_until_held,
)
from tests.support.local_stack import LocalStack, roster_csv

DROP_FILE = """([name, text]) => {
  const files = new DataTransfer();
  files.items.add(new File([text], name));
  return document.body.dispatchEvent(
    new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true}));
}"""


def test_files_upload_one_at_a_time_in_any_view(admin_page: Page, account: str) -> None:
    announced: list[str] = []
    admin_page.on(
        "request",
        lambda r: announced.append(r.url) if (r.method, r.url[-8:]) == ("POST", "/imports") else None,
    )
    one, two = (
        admin_page.get_by_role("region", name="one.csv"),
        admin_page.get_by_role("region", name="two.csv"),
    )
    with held_requests(admin_page, "**/drops/http/**", "PUT"):
        send_files(
            admin_page,
            [csv_file("one.csv", account), csv_file("two.csv", account), csv_file("three.csv", account)],
        )
        expect(one).to_contain_text("Sending.")
        expect(two).to_contain_text("Waiting for other files.")
        assert asks_before_leaving(admin_page)
        admin_page.get_by_role("link", name="Members").click()
        expect(heading(admin_page, "Members")).to_be_visible()
        admin_page.go_back()
        expect(one).to_contain_text("Sending.")
        admin_page.get_by_role("button", name="Cancel three.csv").click()
        expect(admin_page.get_by_role("region", name="three.csv")).to_contain_text("Not sent")
        expect(admin_page.get_by_role("heading", name="three.csv")).to_be_focused()
        assert len(announced) == 1
    for card in (one, two):
        expect(card).to_contain_text("Completed")
    assert len(announced) == 2
    assert not asks_before_leaving(admin_page)


def test_sign_out_cancels_running_upload(local: LocalStack, admin_page: Page, account: str) -> None:
    with held_requests(admin_page, "**/drops/http/**", "PUT") as held:
        send_files(admin_page, csv_file(f"{account}.csv", account))
        expect(admin_page.get_by_text("Sending.")).to_be_visible()
        wait_until_held(admin_page, held)
        admin_page.get_by_role("button", name="Sign out").click()
        dialog = admin_page.get_by_role("dialog", name="Sign out?")
        dialog.get_by_role("button", name="Stay").click()
        admin_page.get_by_role("button", name="Sign out").click()
        dialog.get_by_role("button", name="Sign out").click()
        expect(admin_page.get_by_text("You are signed out.")).to_be_visible()
        wait_until(lambda: local.import_of_file(f"{account}.csv")["status"] == "cancelled")
        held.clear()  # the page has aborted the upload


def test_cancelled_upload_is_listed_as_cancelled(admin_page: Page, account: str) -> None:
    name = f"{account}.csv"
    with held_requests(admin_page, "**/drops/http/**", "PUT") as held:
        send_files(admin_page, csv_file(name, account))
        expect(admin_page.get_by_text("Sending.")).to_be_visible()
        wait_until_held(admin_page, held)
        admin_page.get_by_role("button", name=f"Cancel {name}").click()
        expect(admin_page.get_by_role("row", name=name)).to_contain_text("cancelled")
        held.clear()  # the page has aborted the upload


def test_dropped_file_leads_to_its_preview(local: LocalStack, page: Page, account: str) -> None:
    """From any view, and in place of files that were chosen before; the browser does not open it."""
    text = roster_csv(account, 3)
    assert not page.evaluate(DROP_FILE, ["signed-out.csv", text])
    sign_in(page)
    expect(heading(page, "Members")).to_be_visible()
    assert not page.evaluate(DROP_FILE, ["one.csv", text])
    expect(heading(page, "one.csv")).to_be_visible()
    assert not page.evaluate(DROP_FILE, ["two.csv", text])
    expect(heading(page, "two.csv")).to_be_visible()
    expect(page.locator(".preview tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator(".card")).to_contain_text("3 added")
    expect(page.locator(".card")).to_have_count(1)
    page.evaluate(DROP_FILE, ["roster.ods", text])
    files = page.get_by_label("Choose files")
    expect(files).to_have_accessible_description(re.compile("Save it as a CSV file"))


def asks_before_leaving(page: Page) -> bool:
    """Returns whether the browser asks before it closes the page."""
    return bool(page.evaluate("!dispatchEvent(new Event('beforeunload', {cancelable: true}))"))
