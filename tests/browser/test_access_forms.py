"""What the forms of users, groups and tokens check before they save."""

from playwright.sync_api import Page, expect

from tests.support.access import PASSWORD
from tests.support.browser import open_view
from tests.support.local_stack import LocalStack

PASTE = """(input, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text", text);
  input.dispatchEvent(new ClipboardEvent("paste", { clipboardData, cancelable: true, bubbles: true }));
}"""


def test_accounts_of_group_are_checked_as_typed(local: LocalStack, admin_page: Page, account: str) -> None:
    local.add_member(account)
    open_view(admin_page, "/access/groups")
    admin_page.get_by_role("button", name="Add a group").click()
    dialog = admin_page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(account)
    dialog.get_by_label("members:read").check()
    typed = dialog.get_by_label("Add to these accounts")
    chips = dialog.get_by_role("list", name="These accounts").get_by_role("listitem")
    typed.press_sequentially("mv; rtl")
    expect(chips).to_have_count(1)
    expect(typed).to_have_value(" rtl")
    typed.press("Enter")
    expect(chips).to_have_count(2)
    expect(chips.first).to_contain_text("Nobody is in account mv. Check the spelling.")
    expect(dialog.get_by_role("status")).to_contain_text("Nobody is in account")
    typed.evaluate(PASTE, f"a b\n{account}\n*\n{'x' * 65}")
    expect(chips).to_have_count(4)
    expect(chips.nth(2)).to_contain_text("one account, with a space in it")
    expect(chips.last).to_contain_text(account)
    expect(typed).to_have_value(f"*, {'x' * 65}")
    expect(typed).to_have_accessible_description(
        f"* is no account. For every account, check the box above. “{'x' * 64}…” is longer than 64 characters. "
        "A comma, a semicolon, a tab or a line break ends an account; so does Enter."
    )
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(typed).to_be_focused()
    typed.fill("")
    dialog.get_by_role("button", name="Remove a b").click()
    expect(dialog.get_by_role("button", name=f"Remove {account}")).to_be_focused()
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog).to_have_count(0)
    assert local.call("GET", f"/groups/{account}")["accounts"] == ["mv", "rtl", account]


def test_what_would_have_no_effect_is_asked_about(local: LocalStack, admin_page: Page, account: str) -> None:
    dialog = admin_page.get_by_role("dialog")
    for thing, question in (
        ("user", f"{account} without a group?"),
        ("group", f"{account} without permissions?"),
        ("token", f"{account} without a group?"),
    ):
        open_view(admin_page, f"/access/{thing}s")
        admin_page.get_by_role("button", name=f"Add a {thing}").click()
        dialog.get_by_label("Name").fill(account)
        if thing == "user":
            dialog.get_by_label("Password").fill(PASSWORD)
        dialog.get_by_role("button", name="Add", exact=True).click()
        asked = admin_page.get_by_role("dialog", name=question)
        asked.get_by_role("button", name="Back to the form").click()
        expect(dialog.get_by_label("Name")).to_have_value(account)
        assert account not in [one["name"] for one in local.call("GET", f"/{thing}s?limit=500")["items"]]
        dialog.get_by_role("button", name="Add", exact=True).click()
        asked.get_by_role("button", name="Save it so").click()
        expect(asked).to_have_count(0)
        if thing == "token":
            dialog.get_by_role("button", name="Done").click()
        expect(admin_page.get_by_role("row", name=account)).to_contain_text("none")
