"""Exports: from the list of members to the file."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.support.access import PASSWORD
from tests.support.browser import (
    expect_text,
    heading,
    held_requests,
    open_view,
    rows,
    sign_in,
    wait_until_held,
)
from tests.support.local_stack import LocalStack, roster_csv


def downloaded(page: Page) -> tuple[str, str]:
    """Downloads the file of the export that is shown; returns its name and text."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the file").click()
    return download.value.suggested_filename, Path(download.value.path()).read_text(encoding="utf-8-sig")


def test_account_is_exported_from_its_list(local: LocalStack, admin_page: Page, account: str) -> None:
    local.import_csv(roster_csv(account, 25))
    open_view(admin_page, f"/members?account={account}&q=")
    expect(rows(admin_page)).to_have_count(25)
    admin_page.get_by_role("button", name=f"Export of account {account}").click()
    expect(heading(admin_page, f"Export of account {account}")).to_be_visible()
    expect_text(admin_page, "completed, 25 members", "As of", "csv", "rollcall")
    name, text = downloaded(admin_page)
    assert name.startswith(f"members-{account.replace('-', '_')}-20")
    assert len(text.splitlines()) == 26
    admin_page.get_by_role("link", name="All exports").click()
    expect_text(admin_page, "Exports, newest first", account, "completed", "rollcall")


def test_export_of_found_last_names_has_only_those(local: LocalStack, admin_page: Page, account: str) -> None:
    local.add_member(account, "1", last_name="Lee")
    local.add_member(account, "2", last_name="Mouse")
    open_view(admin_page, f"/members?account={account}&q=mo")
    expect(rows(admin_page)).to_have_count(1)
    admin_page.get_by_text("Export last names starting with mo", exact=True).click()
    expect(heading(admin_page, f"Export of account {account}, last names starting with mo")).to_be_visible()
    expect_text(admin_page, "completed, 1 member")
    assert [line.split(",")[1] for line in downloaded(admin_page)[1].splitlines()[1:]] == ["2"]


def test_lists_that_cannot_be_exported_offer_no_export(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    """Of another search than by last name, or of all accounts: the file would hold others, too."""
    local.add_member(account, "1")
    for query in (f"account={account}&by=client_member_id&q=1", "account=&q="):
        open_view(admin_page, f"/members?{query}")
        expect(rows(admin_page).first).to_be_visible()
        expect(admin_page.get_by_role("button", name="Export")).to_have_count(0)


def test_user_without_the_permission_sees_no_export(local: LocalStack, page: Page, account: str) -> None:
    local.add_member(account, "1")
    local.add_user(account, ["editors"])
    sign_in(page, account, PASSWORD)
    open_view(page, f"/members?account={account}&q=")
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_role("button", name="Export")).to_have_count(0)
    expect(page.get_by_role("link", name="Exports")).to_have_count(0)
    open_view(page, "/exports")
    expect(heading(page, "No permission")).to_be_visible()


def test_form_starts_an_export_in_another_format(local: LocalStack, admin_page: Page, account: str) -> None:
    local.add_member(account, "1")
    admin_page.get_by_role("link", name="Exports").click()
    admin_page.get_by_role("button", name="Export").click()
    expect(admin_page.get_by_label("Account", exact=True)).to_have_accessible_description(
        "Must not be blank."
    )
    chosen = admin_page.get_by_label("Account:", exact=True)
    chosen.fill(account)
    chosen.press("Enter")
    expect(admin_page.get_by_label("Account", exact=True)).to_have_value(account)
    expect(heading(admin_page, "Exports")).to_be_visible()
    admin_page.get_by_label("Format").select_option("ndjson")
    admin_page.get_by_role("button", name="Export").click()
    expect_text(admin_page, "completed, 1 member")
    name, text = downloaded(admin_page)
    assert name.endswith(".ndjson")
    assert '"client_member_id":"1"' in text


def test_running_export_shows_that_it_works(local: LocalStack, admin_page: Page, account: str) -> None:
    open_view(admin_page, "/exports")
    admin_page.get_by_label("Account", exact=True).fill(account)
    started = local.call("POST", "/exports", {"account_id": account})
    with held_requests(admin_page, f"**/exports/{started['id']}") as held:
        open_view(admin_page, f"/exports/{started['id']}")
        wait_until_held(admin_page, held)
        # The worker may be done before the answer to POST.
        unfinished = {"finished_at": None, "size": None}
        held.pop().fulfill(json={**started, **unfinished, "status": "running", "rows": 12_000})
        expect_text(admin_page, "reading members, 12,000 members so far")
        expect(admin_page.get_by_role("progressbar")).to_be_visible()
    expect_text(admin_page, "completed, 0 members")
