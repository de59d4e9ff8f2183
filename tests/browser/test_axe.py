"""Each view by the rules of axe-core, as it is shown in several ways, and as several kinds of user see it."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.support.access import PASSWORD
from tests.support.accessibility import assert_accessible
from tests.support.browser import choose_files, csv_file, fill_fields, heading, open_view, sign_in
from tests.support.local_stack import HEADER, LocalStack, roster_csv

GIVE_UP_EDITS = "document.querySelectorAll('[data-unsaved]').forEach((e) => delete e.dataset.unsaved)"


class Checker:
    """Opens views, and asserts that they break no rule and fit the screen, whatever the way they are shown."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def open(self, path: str, title: str, prepare: Callable[[], None] | None = None) -> None:
        """Opens a view, brings it into the state to check with `prepare`, and checks it."""
        self._page.evaluate(GIVE_UP_EDITS)  # the page would ask about those of the last view
        open_view(self._page, path)
        expect(heading(self._page, title)).to_be_visible()
        expect(self._page.locator("table[aria-busy=true]")).to_have_count(0)
        if prepare:
            prepare()
        assert_accessible(self._page, path)
        self._page.keyboard.press("Escape")


@pytest.fixture
def member(local: LocalStack, account: str) -> Any:
    """Returns the first member of the test's account."""
    return local.add_member(account)


def test_no_members_view_violates_accessibility_rules(
    local: LocalStack, admin_page: Page, account: str, member: Any
) -> None:
    gone = local.add_member(account, "gone")
    local.call("DELETE", f"/members/{gone['id']}")

    def show_errors() -> None:
        admin_page.get_by_role("button", name="Add", exact=True).click()
        expect(admin_page.locator("[aria-invalid]").first).to_be_visible()

    def show_conflict() -> None:
        fill_fields(admin_page, First_name="W" * 64, Client_member_id="2")
        local.call("PATCH", f"/members/{member['id']}", {"first_name": "V" * 64})
        admin_page.get_by_role("button", name="Save").click()
        expect(admin_page.get_by_role("button", name="Save my version")).to_be_visible()

    checker = Checker(admin_page)
    checker.open("/", "Home")
    checker.open(f"/members?account={account}", "Members")
    checker.open("/members?account=nobody", "Members")
    checker.open(f"/members?account={account}&q=lee&by=name", "Members")
    checker.open(f"/members?account={account}&q=%2B1+555+1234", "Members")  # nothing found, with the reasons
    checker.open("/members/new", "Add a member", show_errors)
    checker.open(f"/members/{gone['id']}", "This member was deleted")
    checker.open(f"/members/{member['id']}", "Ann Lee")
    checker.open("/nowhere", "Page not found")  # the next view has the heading of the last one
    checker.open(f"/members/{member['id']}?stale", "Ann Lee", show_conflict)


def test_no_file_view_violates_accessibility_rules(local: LocalStack, admin_page: Page, account: str) -> None:
    import_id = local.import_csv(roster_csv(account, 3) + f"Bad,Phone,12,x,{account}\n")["id"]
    unsure = local.import_file("unsure.csv", (HEADER + "Jan,Zięba,,1,1\n").encode("windows-1250"))
    export_id = local.call("POST", "/exports", {"account_id": account})["id"]

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
        admin_page.locator(".fault input").fill("323-555-0001")
        expect(admin_page.get_by_role("button", name="Import 1 corrected row")).to_be_visible()

    def shown(selector: str) -> Callable[[], None]:
        return lambda: expect(admin_page.locator(selector).first).to_be_visible()

    checker = Checker(admin_page)
    checker.open("/imports/new", "Import members", show_preview)
    checker.open("/imports", "Imports")
    checker.open("/imports/new", "Import members", show_options)
    checker.open("/imports?account=nobody&status=failed", "Imports")
    checker.open("/exports", "Exports")
    checker.open(f"/exports/{export_id}", f"Export of account {account}", shown("button.main"))
    checker.open(f"/imports/{import_id}", "upload.csv", correct)
    checker.open(f"/imports/{unsure['id']}", "unsure.csv")


def test_no_access_view_violates_accessibility_rules(admin_page: Page) -> None:
    def open_dialog(thing: str) -> Callable[[], None]:
        def press() -> None:
            admin_page.get_by_role("button", name=f"Add a {thing}").click()
            expect(admin_page.get_by_role("dialog")).to_be_visible()

        return press

    checker = Checker(admin_page)
    checker.open("/access/groups", "Groups", open_dialog("group"))
    checker.open("/access/tokens", "Tokens")
    checker.open("/access/users", "Users", open_dialog("user"))
    admin_page.get_by_role("button", name="Sign out").click()
    expect(admin_page.get_by_role("button", name="Sign in")).to_be_visible()
    assert_accessible(admin_page, "sign in")


@pytest.mark.parametrize("kind", ["editor", "viewer"])
def test_views_of_other_users_violate_no_rules(
    local: LocalStack, page: Page, account: str, member: Any, kind: str
) -> None:
    """An editor of two accounts chooses one in a select; a viewer sees values in place of a form."""
    writing = ["members:write", "imports:write"] if kind == "editor" else []
    accounts = [account, f"{account}-2"] if writing else [account]
    local.add_group(account, ["members:read", "imports:read", *writing], accounts)
    local.add_user(account, [account])
    sign_in(page, account, PASSWORD)
    expect(heading(page, "Members")).to_be_visible()
    checker = Checker(page)
    checker.open(f"/members?account={account}", "Members")
    checker.open(f"/members/{member['id']}", "Ann Lee")
    checker.open("/imports", "Imports")
