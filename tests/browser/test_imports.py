"""The list of imports and the report of one."""

import gzip
import re
from pathlib import Path

from playwright.sync_api import FilePayload, Page, Route, expect

from tests.support.browser import heading, open_view, respond_with, rows, send_files
from tests.support.local_stack import HEADER, LocalStack, roster_csv


def test_import_report_lists_rejected_rows_for_download(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    name = f"{account}.csv.gz"
    text = roster_csv(account, 300) + f"Bad,Phone,12,x,{account}\nNo,Cells\n"
    file: FilePayload = {
        "name": name,
        "mimeType": "application/gzip",
        "buffer": gzip.compress(text.encode()),
    }
    send_files(admin_page, file, "upsert")
    card = admin_page.locator(".card")
    expect(card).to_contain_text("Completed: 300 added, 2 rejected.")
    card.get_by_role("link", name=name).click()
    expect(heading(admin_page, name)).to_be_visible()
    expect(admin_page.locator(".outcomes")).to_contain_text("302 rows")
    expect(admin_page.locator(".outcomes")).to_contain_text("2 rejected")
    expect(admin_page.get_by_role("row", name="too few or too many digits 1")).to_be_visible()
    expect(rows(admin_page)).to_have_count(2)
    expect(rows(admin_page).first).to_contain_text("302")
    expect(admin_page.locator(".fault input").first).to_have_value("12")
    with admin_page.expect_download() as download:
        admin_page.get_by_role("button", name="Download rejected.csv").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].endswith("line,code,reason")
    assert len(lines) == 3
    open_view(admin_page, "/imports")
    expect(rows(admin_page).filter(has_text=name)).to_contain_text("rollcall")


def test_import_report_shows_warnings(local: LocalStack, admin_page: Page, account: str) -> None:
    announced = local.call("POST", "/imports", {"filename": "doubtful.csv"})
    local.upload(
        announced, HEADER + f"Ann,Lee,3235550001,3-Feb,{account}\nBen,Lee,3235550002,4-Feb,{account}\n"
    )
    open_view(admin_page, f"/imports/{announced['id']}")
    expect(admin_page.locator(".warnings li")).to_have_count(1)
    expect(admin_page.locator(".warnings li")).to_contain_text("Ids look like dates.")
    expect(admin_page.locator(".warnings li")).to_contain_text("(lines 2, 3)")


def test_running_import_can_be_cancelled(local: LocalStack, admin_page: Page, account: str) -> None:
    announced = local.call("POST", "/imports", {"filename": "long.csv"})
    local.upload(announced, roster_csv(account, 60_000))
    open_view(admin_page, f"/imports/{announced['id']}")
    expect(heading(admin_page, "long.csv")).to_be_visible()
    # The first chunk has been loaded.
    expect(admin_page.locator(".outcomes")).to_contain_text(re.compile("[1-9][0-9,]* added"))
    admin_page.get_by_role("button", name="Cancel the import").click()
    expect(admin_page.get_by_role("dialog")).to_contain_text(
        re.compile(r"[1-9][0-9,]* rows \([0-9]+%\) are done: [1-9][0-9,]* added. That stays.")
    )
    admin_page.get_by_role("dialog").get_by_role("button", name="Cancel the import").click()
    expect(admin_page.locator(".status.cancelled")).to_be_visible()
    expect(
        admin_page.get_by_role("row", name=re.compile("cancelled before this row [0-9,]+"))
    ).to_be_visible()
    expect(
        admin_page.get_by_text("These rows need no correction: import the same file again.")
    ).to_be_visible()
    counts = local.finished_import(announced["id"])["counts"]
    assert counts["rows"] == 60_000 == counts["created"] + counts["rejected"]


def test_cancellation_tells_that_members_may_be_written(local: LocalStack, admin_page: Page) -> None:
    """The counts follow what is written, a part of the file at a time."""
    announced = local.call("POST", "/imports", {"filename": "long.csv"})
    open_view(admin_page, f"/imports/{announced['id']}")
    cancel = admin_page.get_by_role("button", name="Cancel the import")
    dialog = admin_page.get_by_role("dialog")
    cancel.click()
    expect(dialog).to_contain_text("No member is written yet.")
    dialog.get_by_role("button", name="Continue the import").click()
    loading = {**local.call("GET", f"/imports/{announced['id']}"), "status": "loading", "percent": 10}
    admin_page.route(f"**/imports/{announced['id']}", lambda route: route.fulfill(json=loading))
    cancel.click()
    expect(dialog).to_contain_text(
        "Some members may be written already. They stay, until you undo the import."
    )


def test_import_progress_continues_after_failed_request(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    announced = local.call("POST", "/imports", {"filename": "slow.csv"})
    open_view(admin_page, f"/imports/{announced['id']}")
    expect(admin_page.get_by_text("0 rows")).to_be_visible()
    respond_with(admin_page, f"**/imports/{announced['id']}", 503, {"Retry-After": "1"})
    expect(admin_page.get_by_text("Checking again in 1 second.")).to_be_visible()
    admin_page.unroute(f"**/imports/{announced['id']}")
    local.upload(announced, roster_csv(account, 3))
    expect(admin_page.locator(".status.completed")).to_be_visible()
    expect(admin_page.locator(".outcomes")).to_contain_text("3 added")


def test_empty_page_of_imports_is_not_last_page(local: LocalStack, admin_page: Page, account: str) -> None:
    """The API returns an empty page with a cursor when it has read many imports that the user may not see."""
    local.import_csv(roster_csv(account, 1), f"?filename={account}.csv")

    def empty_page(route: Route) -> None:
        route.fulfill(json={"items": [], "next": "99991231T235959Z-aaaaaaaaaa"})

    admin_page.route(re.compile(r"/imports\?limit=50$"), empty_page)
    admin_page.get_by_role("link", name="Imports").click()
    expect(admin_page.get_by_role("link", name=f"{account}.csv")).to_be_visible()


def test_import_report_names_unused_columns(local: LocalStack, admin_page: Page, account: str) -> None:
    text = HEADER.strip() + f",shoe size\nAnn,Lee,,1,{account},7\n"
    sent = local.import_csv(text)
    open_view(admin_page, f"/imports/{sent['id']}")
    expect(admin_page.get_by_text("How the file was read: columns not used: shoe size")).to_be_visible()
    expect(rows(admin_page)).to_contain_text("Phone number: Must not be blank.")


def test_unreachable_registry_offers_try_again(admin_page: Page) -> None:
    admin_page.route("**/imports?*", lambda route: route.abort())
    admin_page.get_by_role("link", name="Imports").click()
    expect(admin_page.get_by_role("alert")).to_contain_text("The registry does not respond.")
    admin_page.unroute("**/imports?*")
    admin_page.get_by_role("button", name="Try again").click()
    expect(admin_page.get_by_role("alert")).to_have_count(0)


def test_back_keeps_place_in_report(local: LocalStack, admin_page: Page, account: str) -> None:
    sent = local.import_csv(roster_csv(account, 250))
    open_view(admin_page, f"/imports/{sent['id']}")
    admin_page.get_by_role("button", name="Show the rows").click()
    expect(rows(admin_page)).to_have_count(100)
    admin_page.get_by_role("link", name="Show the member of line 95").scroll_into_view_if_needed()
    link = admin_page.get_by_role("link", name="Show the member of line 152")
    link.scroll_into_view_if_needed()
    place = admin_page.evaluate("scrollY")
    link.click()
    expect(heading(admin_page, "Ann3 Lee00150")).to_be_visible()
    admin_page.go_back()
    expect(heading(admin_page, "upload.csv")).to_be_visible()
    assert admin_page.evaluate("scrollY") == place > 1000
    expect(link).to_be_focused()
