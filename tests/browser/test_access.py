"""Users, groups and tokens."""

import re

from playwright.sync_api import Page, expect

from tests.support.access import PASSWORD
from tests.support.browser import (
    heading,
    held_requests,
    open_view,
    rows,
    session_token,
    sign_in,
    wait_until,
)
from tests.support.local_stack import LocalStack


def test_users_groups_and_tokens_can_be_managed(local: LocalStack, admin_page: Page, account: str) -> None:
    admin_page.get_by_role("link", name="Access").click()
    admin_page.get_by_role("link", name="Groups").click()
    admin_page.get_by_role("button", name="Add a group").click()
    dialog = admin_page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(account)
    dialog.get_by_label("Find and read members members:read").check()
    dialog.get_by_label("Add to these accounts").fill("7, 8")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(admin_page.get_by_role("row", name=account)).to_contain_text("7, 8")
    expect(admin_page.get_by_role("row", name=account)).to_contain_text("Find and read members")
    message = admin_page.get_by_role("region", name="Message")
    expect(message).to_contain_text(f"The group {account} was added.")
    expect(admin_page.locator("#said")).to_have_text(f"The group {account} was added.")
    message.get_by_role("button", name="Close").click()
    expect(message).to_have_count(0)
    admin_page.get_by_role("button", name=f"Edit {account}").click()
    dialog.get_by_label("Every account").check()
    expect(dialog.get_by_label("Add to these accounts")).to_be_hidden()
    dialog.get_by_role("button", name="Save").click()
    expect(admin_page.get_by_role("row", name=account)).to_contain_text("every account")

    admin_page.get_by_role("link", name="Users").click()
    admin_page.get_by_role("button", name="Add a user").click()
    dialog.get_by_label("Name").fill(account)
    dialog.get_by_label("Password").fill("short")
    dialog.get_by_label(account).check()
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog.get_by_label("Password")).to_have_accessible_description(re.compile("12 to 256 characters"))
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(admin_page.get_by_role("row", name=account)).to_contain_text("never")
    admin_page.get_by_role("button", name=f"Edit {account}").click()
    dialog.get_by_label("Active: may sign in").uncheck()
    dialog.get_by_role("button", name="Save").click()
    expect(admin_page.get_by_role("row", name=account)).to_contain_text("no")
    assert local.call("GET", f"/users/{account}")["active"] is False

    admin_page.get_by_role("link", name="Tokens").click()
    admin_page.get_by_role("button", name="Add a token").click()
    dialog.get_by_label("Name").fill(account)
    dialog.get_by_label("viewers").check()
    dialog.get_by_role("button", name="Add", exact=True).click()
    token = admin_page.get_by_label("The token").last.inner_text()
    assert local.call("GET", "/me", token=token)["name"] == account
    admin_page.get_by_role("button", name="Done").click()
    expect(admin_page.get_by_text(token)).to_have_count(0)
    for kind in ("Tokens", "Users", "Groups"):
        admin_page.get_by_role("link", name=kind).click()
        verb = "Revoke" if kind == "Tokens" else "Delete"
        admin_page.get_by_role("button", name=f"{verb} {account}").click()
        dialog.get_by_role("button", name=verb).click()
        expect(admin_page.get_by_role("row", name=account)).to_have_count(0)


def test_tokens_of_removed_admin_are_offered_for_revocation(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    local.add_user(account, ["admins", "viewers"])
    names = [f"{account}-{n}" for n in range(3)]
    for name in names:
        local.call("POST", "/tokens", {"name": name, "groups": ["viewers"]}, user=account)
    open_view(admin_page, "/access/users")
    admin_page.get_by_role("button", name=f"Edit {account}").click()
    dialog = admin_page.get_by_role("dialog")
    dialog.get_by_role("link", name=f"Tokens that {account} created").click()
    expect(rows(admin_page)).to_have_count(3)
    admin_page.get_by_role("link", name=f"Remove the filter Created by: {account}").click()
    expect(rows(admin_page).filter(has_text="user:rollcall")).not_to_have_count(0)

    admin_page.get_by_role("link", name="Users", exact=True).click()
    admin_page.get_by_role("button", name=f"Edit {account}").click()
    dialog.get_by_label("admins").uncheck()
    dialog.get_by_role("button", name="Save").click()
    created = admin_page.get_by_role("dialog", name=f"Tokens that {account} created")
    expect(created.get_by_role("listitem")).to_have_count(3)
    expect(created.get_by_role("listitem").first).to_contain_text(f"{names[0]} viewers, never used, expires")
    created.get_by_role("button", name=f"Revoke {names[0]}").click()
    expect(created.get_by_role("listitem").first).to_contain_text("revoked")
    expect(created.get_by_role("status")).to_have_text(f"The token {names[0]} was revoked.")
    created.get_by_role("button", name="Done").click()
    expect(admin_page.get_by_role("row", name=account)).not_to_contain_text("admins")

    admin_page.get_by_role("button", name=f"Delete {account}").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(created.get_by_role("listitem")).to_have_count(2)
    created.get_by_role("button", name="Revoke all").click()
    expect(created.get_by_role("button", name="Done")).to_be_focused()
    expect(created.get_by_role("button", name="Revoke")).to_have_count(0)
    assert local.call("GET", f"/tokens?created_by=user:{account}")["items"] == []


def test_granting_access_asks_for_the_password_again(local: LocalStack, page: Page, account: str) -> None:
    local.add_user(account, ["admins"])
    sign_in(page, account, PASSWORD)
    expect(heading(page, "Members")).to_be_visible()
    token = session_token(page)
    local.age_sessions(account, 16 * 60)
    open_view(page, "/access/groups")
    page.get_by_role("button", name="Add a group").click()
    form = page.get_by_role("dialog", name="Add a group")
    form.get_by_label("Name").fill(account)
    form.get_by_label("members:read").check()
    form.get_by_label("Every account").check()
    form.get_by_role("button", name="Add", exact=True).click()
    asked = page.get_by_role("dialog", name="Enter your password")
    expect(asked.get_by_label("Password")).to_be_focused()
    page.keyboard.press("Escape")
    expect(asked).to_have_count(0)
    expect(form.get_by_role("alert")).to_have_count(0)
    form.get_by_role("button", name="Add", exact=True).click()
    asked.get_by_label("Password").fill("wrong")
    asked.get_by_role("button", name="Continue").click()
    expect(asked.get_by_role("alert")).to_have_text("The password is wrong.")
    asked.get_by_label("Password").fill(PASSWORD)
    asked.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("row", name=account)).to_contain_text("every account")
    wait_until(lambda: local.rejects_token(token))
    assert local.call("GET", "/me", token=session_token(page))["name"] == account


def test_last_active_admin_cannot_be_deleted(local: LocalStack, admin_page: Page) -> None:
    for user in local.call("GET", "/users?limit=500")["items"]:  # the admins of other tests
        if "admins" in user["groups"] and user["name"] != "rollcall":
            local.call("DELETE", f"/users/{user['name']}")
    open_view(admin_page, "/access/users")
    admin_page.get_by_role("button", name="Delete rollcall").click()
    admin_page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(admin_page.get_by_role("alert")).to_contain_text("This is the last active admin.")


def test_stale_group_edit_is_rejected_until_reopened(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    local.add_group(account, ["members:read"], ["west"])
    open_view(admin_page, "/access/groups")
    edit = admin_page.get_by_role("button", name=f"Edit {account}")
    edit.click()
    dialog = admin_page.get_by_role("dialog")
    local.call("PATCH", f"/groups/{account}", {"accounts": ["east"]})
    dialog.get_by_label("Add to these accounts").fill("north")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody else changed this")
    dialog.get_by_role("button", name="Cancel").click()
    expect(admin_page.get_by_role("row", name=account)).to_contain_text("east")
    expect(edit).to_be_focused()
    edit.click()
    expect(dialog.get_by_role("list", name="These accounts")).to_contain_text("east")
    dialog.get_by_label("Add to these accounts").fill("north")
    dialog.get_by_role("button", name="Save").click()
    expect(admin_page.get_by_role("row", name=account)).to_contain_text("east, north")
    expect(edit).to_be_focused()


def test_new_token_stays_visible_until_done(admin_page: Page, account: str) -> None:
    admin_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_view(admin_page, "/access/tokens")
    admin_page.get_by_role("button", name="Add a token").click()
    dialog = admin_page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(account)
    dialog.get_by_label("viewers").check()
    dialog.get_by_role("button", name="Add", exact=True).click()
    dialog.get_by_role("button", name="Copy").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    assert admin_page.evaluate("navigator.clipboard.readText()") == dialog.locator("output").inner_text()
    admin_page.keyboard.press("Escape")
    admin_page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_have_count(0)


def test_unreachable_registry_is_reported_instead_of_dialog(admin_page: Page) -> None:
    open_view(admin_page, "/access/users")
    admin_page.route("**/groups?*", lambda route: route.abort())
    admin_page.get_by_role("button", name="Add a user").click()
    expect(admin_page.get_by_role("alert")).to_contain_text("The registry does not respond.")
    expect(admin_page.get_by_role("dialog")).to_have_count(0)


def test_double_click_opens_one_dialog(admin_page: Page) -> None:
    open_view(admin_page, "/access/users")
    add = admin_page.get_by_role("button", name="Add a user")
    with held_requests(admin_page, "**/groups?*"):
        add.dblclick()
    expect(admin_page.get_by_role("dialog")).to_have_count(1)
    expect(admin_page.locator("dialog .choice").first).to_have_css("font-weight", "400")
