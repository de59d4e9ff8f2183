"""Syncs on the page: what was removed, and what waits for approval."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.access import PASSWORD
from tests.support.browser import csv_file, heading, open_view, readable_phone, rows, send_files, sign_in
from tests.support.local_stack import LocalStack, roster_csv

LEFT_OUT = 30  # members, of forty: more than both limits


@pytest.fixture
def waiting(local: LocalStack, admin_page: Page, account: str) -> Page:
    """Returns the page with a card of a sync that waits."""
    local.import_csv(roster_csv(account, 40))
    send_files(admin_page, csv_file(f"{account}.csv", account, 40 - LEFT_OUT), "sync")
    card = admin_page.locator(".card")
    expect(card).to_contain_text("waiting for approval")
    expect(card).to_contain_text("30 of 40 members would be removed: this waits for approval.")
    card.get_by_role("link", name=f"{account}.csv").click()
    expect(heading(admin_page, "Who would be removed")).to_be_visible()
    return admin_page


def test_waiting_removals_are_listed_and_approved(local: LocalStack, waiting: Page, account: str) -> None:
    expect(rows(waiting)).to_have_count(LEFT_OUT)
    member = local.call("GET", f"/accounts/{account}/members/39")
    last = rows(waiting).filter(has_text=member["last_name"])
    shown = ["Lee00039, Ann4", readable_phone(member["phone_number"]), "39", "would be removed"]
    expect(last.locator("th, td")).to_have_text(shown)
    expect(last.get_by_role("link")).to_have_attribute("href", f"#/members/{member['id']}")
    waiting.get_by_role("button", name="Remove 30 members").click()
    waiting.get_by_role("dialog").get_by_role("button", name="Remove them").click()
    expect(
        waiting.locator("main").get_by_text("30 members were removed, approved by rollcall.")
    ).to_be_visible()
    assert len(local.call("GET", f"/members?account_id={account}&limit=100")["items"]) == 10


def test_waiting_removals_are_declined(local: LocalStack, waiting: Page, account: str) -> None:
    waiting.get_by_role("button", name="Remove nobody").click()
    expect(
        waiting.locator("main").get_by_text("Nobody was removed: the removal was declined.")
    ).to_be_visible()
    assert len(local.call("GET", f"/members?account_id={account}&limit=100")["items"]) == 40


def test_editor_cancels_a_sync_that_waits(local: LocalStack, page: Page, account: str) -> None:
    local.import_csv(roster_csv(account, 40))
    local.add_user(account, ["editors"])
    sync = local.call("POST", "/imports?mode=sync", roster_csv(account, 10), kind="text/csv")["id"]
    sign_in(page, account, PASSWORD)
    expect(heading(page, "Members")).to_be_visible()
    open_view(page, f"/imports/{sync}")
    expect(page.get_by_text("Somebody who may approve removals decides this.")).to_be_visible()
    page.get_by_role("button", name="Cancel the import").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Nobody is removed. The members that it added and changed stay.")
    dialog.get_by_role("button", name="Cancel the import").click()
    expect(page.locator("main").get_by_text("Nobody was removed")).to_be_visible()
    assert len(local.call("GET", f"/members?account_id={account}&limit=100")["items"]) == 40


def test_sync_shows_why_nobody_was_removed(local: LocalStack, admin_page: Page, account: str) -> None:
    local.import_csv(roster_csv(account, 3))
    text = roster_csv(account, 2) + f"Ann,Lee,3235550000,,{account}\n"
    sent = local.import_csv(text, "?mode=sync")
    open_view(admin_page, f"/imports/{sent['id']}")
    expect(
        admin_page.locator("main").get_by_text("Nobody was removed. The client member id of a row")
    ).to_be_visible()
