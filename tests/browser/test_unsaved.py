"""Edits that are not saved, and the way to the wrong fields of a form."""

import re

from playwright.sync_api import Page, expect

from tests.support.browser import fill_fields, heading, open_view
from tests.support.local_stack import LocalStack


def test_unsaved_edits_are_asked_about(local: LocalStack, admin_page: Page, account: str) -> None:
    member = local.add_member(account)
    open_view(admin_page, f"/members/{member['id']}")
    expect(heading(admin_page, "Ann Lee")).to_be_visible()
    assert not asks_on_reload(admin_page)
    address = admin_page.url
    dialog = admin_page.get_by_role("dialog", name="Leave without saving?")
    first_name = admin_page.get_by_label("First name")

    first_name.fill("Typed")
    assert asks_on_reload(admin_page)
    admin_page.get_by_role("link", name="Imports").click()
    dialog.get_by_role("button", name="Stay").click()
    expect(admin_page).to_have_url(address)
    admin_page.go_back()
    expect(dialog).to_be_visible()
    admin_page.go_forward()  # an answer too
    expect(dialog).to_have_count(0)
    admin_page.go_back()
    dialog.get_by_role("button", name="Stay").click()
    expect(admin_page).to_have_url(address)
    admin_page.get_by_role("button", name="Sign out").click()
    dialog.get_by_role("button", name="Stay").click()
    expect(first_name).to_have_value("Typed")
    expect(heading(admin_page, "Ann Lee")).to_be_visible()

    first_name.fill("Ann")
    assert not asks_on_reload(admin_page)
    first_name.fill("Typed")
    admin_page.get_by_role("link", name="Imports").click()
    dialog.get_by_role("button", name="Leave").click()
    expect(heading(admin_page, "Imports")).to_be_visible()
    assert not asks_on_reload(admin_page)
    admin_page.go_back()
    expect(first_name).to_have_value("Typed")  # kept for Back
    admin_page.get_by_role("button", name="Save").click()
    expect(heading(admin_page, "Typed Lee")).to_be_visible()
    assert not asks_on_reload(admin_page)


def test_question_follows_the_browser_back(local: LocalStack, admin_page: Page, account: str) -> None:
    member = local.add_member(account)
    open_view(admin_page, "/imports")
    expect(heading(admin_page, "Imports")).to_be_visible()
    open_view(admin_page, f"/members/{member['id']}")
    admin_page.get_by_label("First name").fill("Typed")
    address = admin_page.url
    dialog = admin_page.get_by_role("dialog", name="Leave without saving?")
    for _ in range(2):
        admin_page.go_back()
        expect(dialog).to_be_visible()
    expect(admin_page).to_have_url(re.compile("#/members$"))
    dialog.get_by_role("button", name="Stay").click()
    expect(admin_page).to_have_url(address)
    expect(admin_page.get_by_label("First name")).to_have_value("Typed")
    expect(dialog).to_have_count(0)


def test_escape_asks_before_it_closes_edited_dialog(admin_page: Page, account: str) -> None:
    open_view(admin_page, "/access/groups")
    admin_page.get_by_role("button", name="Add a group").click()
    form = admin_page.get_by_role("dialog", name="Add a group")
    question = admin_page.get_by_role("dialog", name="Leave without saving?")
    form.get_by_label("Add to these accounts").fill(account)
    admin_page.keyboard.press("Escape")
    question.get_by_role("button", name="Stay").click()
    expect(form.get_by_role("list", name="These accounts")).to_contain_text(account)
    form.get_by_label("Name").fill(account)
    admin_page.keyboard.press("Escape")
    question.get_by_role("button", name="Leave").click()
    expect(admin_page.get_by_role("dialog")).to_have_count(0)


def test_summary_leads_to_each_wrong_field(admin_page: Page, account: str) -> None:
    open_view(admin_page, "/members/new")
    fill_fields(admin_page, First_name="Ben", Phone_number="12", Account=account)
    admin_page.get_by_role("button", name="Add", exact=True).click()
    summary = admin_page.get_by_role("group", name="3 fields need fixing.")
    expect(admin_page.get_by_label("Last name")).to_be_focused()  # the first in the order of the form
    expect(admin_page.locator("#live")).to_have_text("3 fields need fixing.")
    links = summary.get_by_role("link")
    texts = links.all_inner_texts()
    assert [text.split(":")[0] for text in texts] == ["Last name", "Phone number", "Client member id"]
    links.last.click()
    expect(admin_page.get_by_label("Client member id")).to_be_focused()
    assert admin_page.url.endswith("#/members/new")
    fill_fields(admin_page, Last_name="Lee", Client_member_id="1")
    admin_page.get_by_role("button", name="Add", exact=True).click()
    expect(admin_page.get_by_label("Phone number")).to_be_focused()
    expect(summary).to_have_count(0)  # one field has the focus and its error beside it


def asks_on_reload(page: Page) -> bool:
    """Returns whether the page asks before it is reloaded or closed."""
    return bool(page.evaluate("!dispatchEvent(new Event('beforeunload', {cancelable: true}))"))
