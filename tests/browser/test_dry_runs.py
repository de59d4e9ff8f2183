"""Checking a file before it is imported, and deletions by file."""

from pathlib import Path

from playwright.sync_api import FilePayload, Page, expect

from tests.support.browser import heading, open_view
from tests.support.local_stack import HEADER, LocalStack


def send(page: Page, name: str, text: str, mode: str, *, only_check: bool) -> None:
    """Sends a file on the Imports view, and opens its import once it has ended."""
    open_view(page, "/imports")
    page.get_by_label("What should happen").select_option(mode)
    page.get_by_label("Only check the file").set_checked(only_check)
    body: FilePayload = {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("Choose files").set_input_files([body])
    if mode == "delete" and not only_check:
        page.get_by_role("button", name="Delete them").click()
    card = page.locator(".card").filter(has_text=name)
    expect(card).to_contain_text("checked" if only_check else "completed")
    card.get_by_role("link", name=name).click()
    expect(heading(page, name)).to_be_visible()


def test_checked_file_shows_its_changes_and_is_applied(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    page = admin_page
    member = local.add_member(account, "1")
    text = HEADER + f"Ann,Moore,,1,{account}\nBen,Lee,3235550002,2,{account}\nCy,Lee,12,3,{account}\n"
    send(page, "checked.csv", text, "upsert", only_check=True)
    expect(page.locator(".outcomes")).to_contain_text("1 would be updated")

    page.get_by_role("button", name="Show the rows").click()
    changes = page.get_by_role("table", name="Rows in the order of the file, with their outcomes")
    expect(changes.locator("tbody tr")).to_have_count(3)
    expect(changes.locator("tbody tr").first).to_contain_text("last name: Lee → Moore")
    page.get_by_label("Rows", exact=True).select_option("created")
    expect(changes.locator("tbody tr")).to_have_count(1)
    expect(changes.get_by_role("link")).to_have_count(0)  # nobody is created yet
    with page.expect_download() as download:
        page.get_by_role("button", name="Download changes.csv").click()
    assert Path(download.value.path()).read_text(encoding="utf-8-sig").startswith("line,outcome,code")
    assert local.call("GET", f"/members/{member['id']}")["last_name"] == "Lee"

    page.get_by_role("button", name="Apply this").click()
    expect(page.locator(".outcomes")).to_contain_text("1 updated")
    expect(page.get_by_role("button", name="Apply this")).to_have_count(0)
    assert local.call("GET", f"/members/{member['id']}")["last_name"] == "Moore"


def test_deleted_members_are_listed_with_their_values(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    local.add_member(account, "1")
    text = f"Account,Member ID\n{account},1\n{account},2\n"
    send(admin_page, "gone.csv", text, "delete", only_check=False)
    expect(admin_page.locator(".outcomes")).to_contain_text("1 deleted")
    admin_page.get_by_role("button", name="Show the rows").click()
    expect(admin_page.get_by_role("row", name="2 deleted")).to_contain_text("first name: Ann")
    expect(admin_page.get_by_role("link", name="Show")).to_have_count(0)
