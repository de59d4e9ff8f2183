"""The filters of the list of imports."""

from playwright.sync_api import Page, expect

from tests.support.access import PASSWORD
from tests.support.browser import fill_fields, open_view, rows, sign_in
from tests.support.local_stack import LocalStack, roster_csv


def test_imports_are_found_by_account_and_status(local: LocalStack, admin_page: Page, account: str) -> None:
    local.import_file("good.csv", roster_csv(account, 1), account_id=account)
    local.import_file("bad.csv", "no,columns\n1,2\n", account_id=account)
    local.import_file("other.csv", roster_csv(account, 1))
    admin_page.get_by_role("link", name="Imports").click()
    search = admin_page.get_by_role("search")
    search.get_by_label("Account").fill(account)
    search.get_by_role("button", name="Find").click()
    expect(rows(admin_page)).to_have_count(2)
    search.get_by_label("Status").select_option("failed")
    search.get_by_role("button", name="Find").click()
    expect(rows(admin_page)).to_have_count(1)
    expect(rows(admin_page)).to_contain_text("bad.csv")
    assert admin_page.url.endswith(f"#/imports?account={account}&status=failed")
    admin_page.reload()
    expect(rows(admin_page)).to_have_count(1)
    expect(search.get_by_label("Account")).to_have_value(account)
    expect(search.get_by_label("Status")).to_have_value("failed")
    admin_page.go_back()
    expect(rows(admin_page)).to_have_count(2)


def test_list_follows_imports_of_others(local: LocalStack, page: Page, account: str) -> None:
    page.clock.install()
    sign_in(page)
    open_view(page, f"/imports?account={account}&status=")
    expect(page.get_by_text("No imports match.")).to_be_visible()
    local.import_file("theirs.csv", roster_csv(account, 1), account_id=account)
    page.clock.run_for(15_000)
    expect(page.get_by_role("link", name="theirs.csv")).to_be_visible()


def test_empty_list_offers_all_imports(local: LocalStack, admin_page: Page, account: str) -> None:
    local.import_file(f"{account}.csv", roster_csv(account, 1))
    open_view(admin_page, f"/imports?account={account}&status=")
    expect(admin_page.get_by_text("No imports match.")).to_be_visible()
    expect(admin_page.get_by_text(f"not limited to account {account}")).to_be_visible()
    admin_page.get_by_role("link", name="Show all imports").click()
    expect(admin_page.get_by_role("link", name=f"{account}.csv")).to_be_visible()


def test_account_of_others_is_refused_at_filter(local: LocalStack, page: Page, account: str) -> None:
    local.add_group(account, ["imports:read"], [account])
    local.add_user(account, [account])
    open_view(page, "/imports")
    sign_in(page, account, PASSWORD)
    expect(page.get_by_text("There are no imports yet.")).to_be_visible()
    expect(page.get_by_text("More options")).to_have_count(0)
    fill_fields(page, Account="nobody")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("search")).to_contain_text("You have no access to this account.")
