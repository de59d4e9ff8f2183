"""The changes of a member, and the way back for one that was deleted."""

from playwright.sync_api import Page, expect

from tests.support.browser import fill_fields, heading, open_view, readable_phone, rows, shown_member
from tests.support.local_stack import LocalStack


def test_changes_show_old_and_new_values(local: LocalStack, admin_page: Page, account: str) -> None:
    member = local.add_member(account)
    open_view(admin_page, f"/members/{member['id']}")
    changes = admin_page.get_by_role("table", name="The latest first").get_by_role("row")
    expect(changes).to_have_count(2)  # the column names, and "Added"
    fill_fields(admin_page, First_name="Zoë")
    admin_page.get_by_role("button", name="Save").click()
    expect(changes.nth(1)).to_contain_text("Changed")
    expect(changes.nth(1)).to_contain_text("First name: Ann → Zoë")
    expect(changes.nth(1)).to_contain_text("rollcall")
    expect(changes.nth(2)).to_contain_text("Added")


def test_deleted_member_is_restored_on_its_page(local: LocalStack, admin_page: Page, account: str) -> None:
    member = local.add_member(account)
    local.call("DELETE", f"/members/{member['id']}")
    open_view(admin_page, f"/members/{member['id']}")
    expect(heading(admin_page, "This member was deleted")).to_be_visible()
    number = readable_phone(member["phone_number"])
    expect(rows(admin_page).first).to_contain_text(f"Deleted: Ann, Lee, {number}, 1, {account}")
    admin_page.get_by_role("button", name="Restore").click()
    expect(heading(admin_page, "Ann Lee")).to_be_visible()
    expect(admin_page.locator(".saved")).to_have_text("Restored.")
    assert shown_member(admin_page).items() <= local.call("GET", f"/members/{member['id']}").items()


def test_restore_names_new_holder_of_phone_number(local: LocalStack, admin_page: Page, account: str) -> None:
    member = local.add_member(account)
    local.call("DELETE", f"/members/{member['id']}")
    local.add_member(account, "2", phone_number=member["phone_number"])
    open_view(admin_page, f"/members/{member['id']}")
    admin_page.get_by_role("button", name="Restore").click()
    alert = admin_page.get_by_role("alert")
    expect(alert).to_contain_text("The phone number belongs to another member of this account.")
    alert.get_by_role("link", name="Show that member").click()
    expect(admin_page.get_by_label("Client member id")).to_have_value("2")


def test_moved_member_is_linked_from_its_old_id(local: LocalStack, admin_page: Page, account: str) -> None:
    member = local.add_member(account)
    local.call("PATCH", f"/members/{member['id']}", {"client_member_id": "moved"})
    open_view(admin_page, f"/members/{member['id']}")
    expect(heading(admin_page, "This member has another id now")).to_be_visible()
    admin_page.get_by_role("link", name="Show the member").click()
    expect(heading(admin_page, "Ann Lee")).to_be_visible()
    expect(admin_page.get_by_text("Client member id: 1 → moved")).to_be_visible()
