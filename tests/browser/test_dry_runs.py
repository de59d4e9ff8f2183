"""Checking a file before it is imported, and deletions by file."""

import re
from pathlib import Path

from playwright.sync_api import FilePayload, Page, Route, expect

from tests.support.browser import heading, open_view, send_files
from tests.support.local_stack import HEADER, LocalStack


def send(page: Page, name: str, text: str, mode: str, *, only_check: bool) -> None:
    """Sends a file on the Imports view, and opens its import once it has ended."""
    body: FilePayload = {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    send_files(page, [body], mode, only_check=only_check)
    if mode == "delete" and not only_check:
        page.get_by_role("button", name="Delete them").click()
    card = page.locator(".card").filter(has_text=name)
    expect(card).to_contain_text("Checked" if only_check else "Completed")
    card.get_by_role("link", name=name).click()
    expect(heading(page, name)).to_be_visible()


def test_checked_file_shows_its_changes_and_is_applied(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    page = admin_page
    member = local.add_member(account, "1")
    text = HEADER + f"Ann,Moore,,1,{account}\nBen,Lee,3235550002,2,{account}\nCy,Lee,12,3,{account}\n"
    send(page, "checked.csv", text, "upsert", only_check=True)
    expect(page.locator(".outcomes")).to_contain_text("1 would be changed")
    expect(
        page.get_by_text("The import would cost less than a cent (11 write units of the table).")
    ).to_be_visible()

    page.get_by_role("button", name="Show the rows").click()
    changes = page.get_by_role("table", name="Rows in the order of the file, with their outcomes")
    expect(changes.locator("tbody tr")).to_have_count(3)
    expect(changes.locator("tbody tr").first).to_contain_text("Last name: Lee → Moore")
    page.get_by_label("Rows", exact=True).select_option("would be added")
    expect(changes.locator("tbody tr")).to_have_count(1)
    expect(changes.get_by_role("link")).to_have_count(0)  # nobody is created yet
    with page.expect_download() as download:
        page.get_by_role("button", name="Download changes.csv").click()
    assert Path(download.value.path()).read_text(encoding="utf-8-sig").startswith("line,outcome,code")
    assert local.call("GET", f"/members/{member['id']}")["last_name"] == "Lee"

    page.get_by_role("button", name="Import now").click()
    expect(page.locator(".outcomes")).to_contain_text("1 changed")
    expect(page.get_by_text("would cost")).to_have_count(0)
    expect(page.get_by_role("button", name="Import now")).to_have_count(0)
    assert local.call("GET", f"/members/{member['id']}")["last_name"] == "Moore"

    applied = page.url
    page.go_back()
    page.reload()
    page.get_by_role("link", name="The file was imported").click()
    expect(page).to_have_url(applied)


def test_deleted_members_are_listed_with_their_values(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    local.add_member(account, "1")
    text = f"Account,Member ID\n{account},1\n{account},2\n"
    send(admin_page, "gone.csv", text, "delete", only_check=False)
    expect(admin_page.locator(".outcomes")).to_contain_text("1 deleted")
    admin_page.get_by_role("button", name="Show the rows").click()
    expect(admin_page.get_by_role("row", name="2 deleted")).to_contain_text("First name: Ann")
    expect(admin_page.get_by_role("link", name="Show")).to_have_count(0)


def test_estimate_is_told_in_words(local: LocalStack, admin_page: Page, account: str) -> None:
    """The emulator does not say what its table accepts, so minutes are put into its answer."""
    sent = local.import_file("checked.csv", HEADER + f"Ann,Lee,3235550001,1,{account}\n", dry_run=True)
    assert sent["estimate"] == {"write_units": 5, "dollars": 0.000003, "minutes": None}
    shown: dict[str, object] = {}

    def with_estimate(route: Route) -> None:
        route.fulfill(json=local.call("GET", f"/imports/{sent['id']}") | {"estimate": shown})

    admin_page.route(re.compile(f"/imports/{sent['id']}$"), with_estimate)
    for units, dollars, minutes, text in (
        (25_000_000, 15.625, 12, "cost $15.63 (25,000,000 write units of the table), and take 12 minutes"),
        (40_000, 0.025, 1, "cost $0.03 (40,000 write units of the table), and take less than a minute"),
        (0, 0, 1, "The import would write nothing."),
    ):
        shown |= {"write_units": units, "dollars": dollars, "minutes": minutes}
        open_view(admin_page, "/imports")
        expect(heading(admin_page, "Imports")).to_be_visible()
        open_view(admin_page, f"/imports/{sent['id']}")
        expect(heading(admin_page, "checked.csv")).to_be_visible()
        expect(admin_page.get_by_text(text)).to_be_visible()
