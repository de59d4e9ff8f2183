"""Adding, changing and deleting a member."""

from playwright.sync_api import Page, expect

from tests.support.browser import (
    fill_fields,
    fill_new_member,
    heading,
    held_requests,
    labelled_values,
    open_view,
    shown_member,
    wait_until_held,
)
from tests.support.local_stack import LocalStack


def test_add_links_to_member_with_same_phone_number(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    holder = local.add_member(account, "1", first_name="Holly", phone_number="3235550001")
    admin_page.get_by_role("link", name="Add a member").click()
    fill_new_member(admin_page, account, "2", phone="12")
    admin_page.get_by_role("button", name="Add", exact=True).click()
    phone_number = admin_page.get_by_label("Phone number")
    expect(phone_number).to_have_attribute("aria-invalid", "true")
    expect(phone_number).to_have_accessible_description(
        "Must have the length of a phone number in its country."
    )
    expect(phone_number).to_be_focused()
    phone_number.fill("(323) 555-0001")
    admin_page.get_by_role("button", name="Add", exact=True).click()
    admin_page.get_by_role("link", name="Show that member").click()
    admin_page.get_by_role("dialog").get_by_role("button", name="Leave").click()
    expect(heading(admin_page, "Holly Lee")).to_be_visible()
    assert shown_member(admin_page).items() <= holder.items()
    assert admin_page.url.endswith(f"#/members/{holder['id']}")
    open_view(admin_page, "/members/new")
    fill_new_member(admin_page, account, "2", phone="323-555-0002")
    admin_page.get_by_role("button", name="Add", exact=True).click()
    expect(heading(admin_page, "Ben Lee")).to_be_visible()
    added = {"first_name": "Ben", "phone_number": "+13235550002", "account_id": account}
    assert added.items() <= shown_member(admin_page).items()
    assert labelled_values(admin_page)["Added"].endswith(" by rollcall")


def test_changed_client_member_id_moves_member(local: LocalStack, admin_page: Page, account: str) -> None:
    member = local.add_member(account)
    open_view(admin_page, f"/members/{member['id']}")
    fill_fields(admin_page, First_name="Zoë", Client_member_id="9")
    admin_page.get_by_role("button", name="Save").click()
    expect(heading(admin_page, "Zoë Lee")).to_be_visible()
    expect(admin_page.locator(".saved")).to_have_text("Saved.")
    moved = local.call("GET", f"/accounts/{account}/members/9")
    assert (moved["first_name"], moved["version"]) == ("Zoë", 2)
    assert shown_member(admin_page).items() <= moved.items()
    assert admin_page.url.endswith(f"#/members/{moved['id']}")


def test_delete_asks_for_confirmation(local: LocalStack, admin_page: Page, account: str) -> None:
    member = local.add_member(account)
    open_view(admin_page, f"/members/{member['id']}")
    admin_page.get_by_role("button", name="Delete").click()
    dialog = admin_page.get_by_role("dialog", name="Delete Ann Lee?")
    dialog.get_by_role("button", name="Keep it").click()
    assert local.call("GET", f"/members?account_id={account}")["items"]
    admin_page.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(heading(admin_page, "Members")).to_be_visible()
    assert not local.call("GET", f"/members?account_id={account}")["items"]


def test_deletion_is_said_after_the_list_and_undone(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    member = local.add_member(account)
    open_view(admin_page, f"/members/{member['id']}")
    admin_page.get_by_role("button", name="Delete").click()
    said = admin_page.locator("#said")
    with held_requests(admin_page, "**/members?*") as held:
        admin_page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        wait_until_held(admin_page, held)
        expect(admin_page.get_by_text("Loading…")).to_be_visible()
        expect(admin_page.get_by_text("Nobody is in account")).to_have_count(0)
        expect(said).to_have_text("")
    message = admin_page.get_by_role("region", name="Message")
    expect(message).to_contain_text("Ann Lee was deleted.")
    expect(heading(admin_page, "Members")).to_be_focused()
    expect(said).to_have_text("Ann Lee was deleted.")
    admin_page.get_by_role("link", name="Imports").click()
    expect(heading(admin_page, "Imports")).to_be_focused()
    admin_page.keyboard.press("Shift+Tab")  # the message is one step back from the heading
    admin_page.keyboard.press("Shift+Tab")
    admin_page.keyboard.press("Enter")
    expect(heading(admin_page, "Ann Lee")).to_be_visible()
    expect(message).to_contain_text("Ann Lee was restored.")
    admin_page.get_by_role("link", name="Imports").click()
    expect(heading(admin_page, "Imports")).to_be_visible()
    expect(message).to_have_count(0)  # it offers nothing, so it goes with the view
    assert local.call("GET", f"/members?account_id={account}")["items"]


def test_back_from_conflicting_member_restores_typed_values(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    local.add_member(account, "1", first_name="Holly")
    open_view(admin_page, "/members/new")
    fill_new_member(admin_page, account, "1")
    admin_page.get_by_role("button", name="Add", exact=True).click()
    admin_page.get_by_role("link", name="Show that member").click()
    admin_page.get_by_role("dialog").get_by_role("button", name="Leave").click()
    expect(heading(admin_page, "Holly Lee")).to_be_visible()
    admin_page.go_back()
    expect(heading(admin_page, "Add a member")).to_be_visible()
    expect(admin_page.get_by_label("First name")).to_have_value("Ben")
    fill_fields(admin_page, Client_member_id="2")
    admin_page.get_by_role("button", name="Add", exact=True).click()
    expect(heading(admin_page, "Ben Lee")).to_be_visible()


def test_late_response_does_not_replace_current_view(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    member = local.add_member(account)
    open_view(admin_page, f"/members/{member['id']}")
    fill_fields(admin_page, First_name="Late")
    with held_requests(admin_page, "**/members/*", "PATCH"):
        admin_page.get_by_role("button", name="Save").click()
        expect(admin_page.locator("[inert] input")).to_have_count(5)  # typing now would lose the text
        admin_page.get_by_role("link", name="Imports").click()
        expect(heading(admin_page, "Imports")).to_be_visible()
        expect(admin_page.locator("table[aria-busy=true]")).to_have_count(
            0
        )  # the list announces its size first
    message = admin_page.get_by_role("region", name="Message")
    expect(message).to_contain_text("Late Lee was saved.")
    expect(heading(admin_page, "Imports")).to_be_visible()
    admin_page.go_back()
    expect(heading(admin_page, "Late Lee")).to_be_visible()

    open_view(admin_page, "/members/new")
    fill_new_member(admin_page, account, "2")
    with held_requests(admin_page, "**/members", "POST"):
        admin_page.get_by_role("button", name="Add", exact=True).click()
        admin_page.get_by_role("link", name="Imports").click()
        expect(heading(admin_page, "Imports")).to_be_visible()
        expect(admin_page.locator("table[aria-busy=true]")).to_have_count(
            0
        )  # the list announces its size first
    expect(message).to_contain_text("Ben Lee was added.")
    assert admin_page.url.endswith("#/imports")

    with held_requests(admin_page, f"**/members/{member['id']}"):
        open_view(admin_page, f"/members/{member['id']}")
        expect(admin_page.locator("main[aria-busy=true]")).to_be_visible()
        admin_page.get_by_role("link", name="Access").click()
        expect(heading(admin_page, "Users")).to_be_visible()
    expect(admin_page.locator("main[aria-busy=false]")).to_be_visible()
    expect(heading(admin_page, "Users")).to_be_visible()

    admin_page.get_by_role("button", name="Add a user").click()
    expect(admin_page.get_by_role("dialog")).to_be_visible()
    admin_page.go_back()
    expect(admin_page.get_by_role("dialog")).to_have_count(0)
