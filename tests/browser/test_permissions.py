"""The parts of the page that a user's permissions allow."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.access import PASSWORD
from tests.support.browser import (
    VISIBLE_TEXT,
    expect_text,
    fill_new_member,
    heading,
    labelled_values,
    open_view,
    readable_phone,
    rows,
    shown_member,
    sign_in,
)
from tests.support.local_stack import LocalStack


def test_user_without_groups_sees_no_access_message(local: LocalStack, page: Page, account: str) -> None:
    local.add_user(account, [])
    sign_in(page, account, PASSWORD)
    expect(heading(page, "No access yet")).to_be_focused()
    expect(page).to_have_title(re.compile("^No access yet . Rollcall$"))


def test_viewer_is_offered_no_changes(local: LocalStack, page: Page, account: str) -> None:
    local.add_user(account, ["viewers"])
    member = local.add_member(account)
    sign_in(page, account, PASSWORD)
    expect(heading(page, "Members")).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link")).to_have_text(["Members", "Imports"])
    expect(page.get_by_role("link", name="Add a member")).to_have_count(0)
    open_view(page, f"/members/{member['id']}")
    expect(heading(page, "Ann Lee")).to_be_visible()
    assert shown_member(page).items() <= member.items()
    expect(page.get_by_role("textbox")).to_have_count(0)
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    open_view(page, "/imports")
    expect(heading(page, "Imports")).to_be_visible()
    expect(page.get_by_role("link", name="Import a file")).to_have_count(0)
    for path in ("/imports/new", "/members/new", "/access/users"):
        open_view(page, path)
        expect(heading(page, "No permission")).to_be_visible()


def test_writer_may_not_edit_member_of_other_account(local: LocalStack, page: Page, account: str) -> None:
    other = f"{account}-2"
    local.add_group(f"{account}-reader", ["members:read"], [account, other])
    local.add_group(f"{account}-writer", ["members:write"], [other])
    local.add_user(account, [f"{account}-reader", f"{account}-writer"])
    readable, writable = local.add_member(account), local.add_member(other, first_name="Own")
    sign_in(page, account, PASSWORD)
    open_view(page, f"/members/{writable['id']}")
    expect(heading(page, "Own Lee")).to_be_visible()
    assert labelled_values(page)["Phone number"] == writable["phone_number"]
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    open_view(page, f"/members/{readable['id']}")
    expect(heading(page, "Ann Lee")).to_be_visible()
    assert labelled_values(page)["Phone number"] == readable_phone(readable["phone_number"])
    expect(page.get_by_role("button", name=re.compile("Save|Delete"))).to_have_count(0)
    open_view(page, "/members/new")
    expect(page.get_by_label("Account", exact=True)).to_have_value(
        other
    )  # the only account that the user may write to


@pytest.mark.parametrize("readable", ["none", "another"])
def test_writer_adds_members_to_unreadable_account(
    local: LocalStack, page: Page, account: str, readable: str
) -> None:
    local.add_group(f"{account}-writer", ["members:write"], [account])
    local.add_group(f"{account}-reader", ["members:read"], [f"{account}-other"])
    readers = [f"{account}-reader"] if readable == "another" else []
    local.add_user(account, [f"{account}-writer", *readers])
    sign_in(page, account, PASSWORD)
    page.get_by_role("link", name="Add a member").click()
    expect(page.get_by_role("link", name="Cancel")).to_have_count(1 if readable == "another" else 0)
    for client_member_id in ("8", "9"):
        fill_new_member(page, account, client_member_id, f"323-555-000{client_member_id}")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_label("First name")).to_have_value("")
        expect_text(page, "Add a member", "Ben Lee was added.")
        added = local.call("GET", f"/accounts/{account}/members/{client_member_id}")
        assert added["first_name"] == "Ben"


def test_reader_without_imports_gets_no_link_to_them(local: LocalStack, page: Page, account: str) -> None:
    local.add_group(account, ["members:read", "imports:write"], [account])
    local.add_user(account, [account])
    sign_in(page, account, PASSWORD)
    expect_text(page, f"Nobody is in account {account} yet.")
    expect(page.get_by_role("link", name="Import a roster")).to_have_count(0)


def test_reader_finds_no_member_of_other_account(local: LocalStack, page: Page, account: str) -> None:
    for client_member_id in ("1", "2"):
        local.add_member(account, client_member_id)
    other = local.add_member(f"{account}-other", first_name="Foreign")
    local.add_group(account, ["members:read"], [account])
    local.add_user(account, [account])
    sign_in(page, account, PASSWORD)
    expect(rows(page)).to_have_count(2)
    expect(page.get_by_text(f"Account: {account}")).to_be_visible()
    open_view(page, f"/members/{other['id']}")
    expect(heading(page, "No permission")).to_be_visible()
    expect_text(page, "You have no access to this account. Ask an admin to add it to one of your groups.")
    assert "Foreign" not in page.evaluate(VISIBLE_TEXT)


def test_account_that_a_user_may_not_write_is_marked(local: LocalStack, page: Page, account: str) -> None:
    local.add_group(account, ["members:read", "members:write"], [account])
    local.add_user(account, [account])
    sign_in(page, account, PASSWORD)
    expect(heading(page, "Members")).to_be_visible()
    open_view(page, "/members/new")
    fill_new_member(page, f"{account}-other", "1")
    page.get_by_role("button", name="Add", exact=True).click()
    field = page.get_by_label("Account", exact=True)
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("You have no access to this account"))


def test_reader_of_two_accounts_chooses_one_in_header(local: LocalStack, page: Page, account: str) -> None:
    other = f"{account}-2"
    local.add_member(account, first_name="First")
    local.add_member(other, first_name="Second")
    local.add_group(account, ["members:read"], [account, other])
    local.add_user(account, [account])
    sign_in(page, account, PASSWORD)
    expect(rows(page)).to_have_count(2)
    choice = page.get_by_label("Account:")
    assert choice.locator("option").all_inner_texts() == ["all", account, other]
    choice.select_option(other)
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("Second")
    page.go_back()
    expect(rows(page)).to_have_count(2)
    expect(choice).to_have_value("")
