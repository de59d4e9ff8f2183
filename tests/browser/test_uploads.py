"""Files that the page sends."""

import re

from playwright.sync_api import Page, expect

from tests.support.browser import (
    csv_file,
    heading,
    held_requests,
    wait_until,
    wait_until_held,
)
from tests.support.local_stack import LocalStack, roster_csv

DROP_FILE = """([name, text]) => {
  const files = new DataTransfer();
  files.items.add(new File([text], name));
  return document.querySelector("header").dispatchEvent(
    new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true}));
}"""


def test_files_upload_one_at_a_time_in_any_view(admin_page: Page, account: str) -> None:
    announced: list[str] = []
    admin_page.on(
        "request",
        lambda r: announced.append(r.url) if (r.method, r.url[-8:]) == ("POST", "/imports") else None,
    )
    admin_page.get_by_role("link", name="Imports").click()
    one, two = (
        admin_page.get_by_role("region", name="one.csv"),
        admin_page.get_by_role("region", name="two.csv"),
    )
    with held_requests(admin_page, "**/drops/http/**", "PUT"):
        admin_page.get_by_label("Choose files").set_input_files(
            [csv_file("one.csv", account), csv_file("two.csv", account), csv_file("three.csv", account)]
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
    admin_page.get_by_role("link", name="Imports").click()
    with held_requests(admin_page, "**/drops/http/**", "PUT") as held:
        admin_page.get_by_label("Choose files").set_input_files(csv_file(f"{account}.csv", account))
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
    admin_page.get_by_role("link", name="Imports").click()
    name = f"{account}.csv"
    with held_requests(admin_page, "**/drops/http/**", "PUT") as held:
        admin_page.get_by_label("Choose files").set_input_files(csv_file(name, account))
        expect(admin_page.get_by_text("Sending.")).to_be_visible()
        wait_until_held(admin_page, held)
        admin_page.get_by_role("button", name=f"Cancel {name}").click()
        expect(admin_page.get_by_role("row", name=name)).to_contain_text("cancelled")
        held.clear()  # the page has aborted the upload


def test_dropped_file_uploads_without_replacing_page(admin_page: Page, account: str) -> None:
    text = roster_csv(account, 3)
    assert not admin_page.evaluate(
        DROP_FILE, ["elsewhere.csv", text]
    )  # the page keeps the browser from opening it
    admin_page.get_by_role("link", name="Imports").click()
    expect(heading(admin_page, "Imports")).to_be_visible()
    assert not admin_page.evaluate(DROP_FILE, ["dropped.csv", text])
    expect(admin_page.locator(".card")).to_contain_text("3 added")
    expect(admin_page.locator(".card")).to_have_count(1)


def test_file_that_no_import_reads_is_not_sent(admin_page: Page) -> None:
    admin_page.get_by_role("link", name="Imports").click()
    files = admin_page.get_by_label("Choose files")
    files.set_input_files({"name": "roster.ods", "mimeType": "text/csv", "buffer": b"x"})
    expect(files).to_have_accessible_description(re.compile("Save it as a CSV file"))
    expect(admin_page.locator(".card")).to_have_count(0)


def asks_before_leaving(page: Page) -> bool:
    """Returns whether the browser asks before it closes the page."""
    return bool(page.evaluate("!dispatchEvent(new Event('beforeunload', {cancelable: true}))"))
