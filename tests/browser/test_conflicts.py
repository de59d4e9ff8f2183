"""Edits of a member that somebody else has changed meanwhile."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import (
    fill_fields,
    heading,
    labelled_values,
    open_view,
)
from tests.support.local_stack import LocalStack


@pytest.mark.parametrize("choice", ["Save my version", "Use the current version"])
def test_stale_edit_offers_both_versions(
    local: LocalStack, admin_page: Page, account: str, choice: str
) -> None:
    member = local.add_member(account)
    open_view(admin_page, f"/members/{member['id']}")
    fill_fields(admin_page, First_name="Mine")
    local.call("PATCH", f"/members/{member['id']}", {"first_name": "Theirs", "last_name": "Else"})
    admin_page.get_by_role("button", name="Save").click()
    expect(heading(admin_page, "Theirs Else was changed by somebody else")).to_be_visible()
    expect(admin_page.get_by_text("the token tests")).to_be_visible()
    expect(admin_page.get_by_role("row", name="First name")).to_have_text("First nameAnnMineTheirs")
    assert local.call("GET", f"/members/{member['id']}")["version"] == 2
    admin_page.get_by_role("button", name=choice).click()
    name = "Mine Else" if choice.startswith("Save") else "Theirs Else"
    expect(heading(admin_page, name)).to_be_visible()
    assert labelled_values(admin_page)["Phone number"] == member["phone_number"]
    stored = local.call("GET", f"/members/{member['id']}")
    assert f"{stored['first_name']} {stored['last_name']}" == name


def test_edit_that_is_stale_twice_is_compared_twice(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    member = local.add_member(account)
    holder = local.add_member(account, "2", phone_number="3235550002")
    open_view(admin_page, f"/members/{member['id']}")
    fill_fields(admin_page, First_name="Mine", Phone_number="323-555-0002")
    local.call("PATCH", f"/members/{member['id']}", {"last_name": "Second"})
    admin_page.get_by_role("button", name="Save").click()
    expect(heading(admin_page, "Ann Second was changed by somebody else")).to_be_focused()
    local.call("PATCH", f"/members/{member['id']}", {"last_name": "Third"})
    admin_page.get_by_role("button", name="Save my version").click()
    expect(heading(admin_page, "Ann Third was changed by somebody else")).to_be_visible()
    local.call("PATCH", f"/members/{member['id']}", {"last_name": "Fourth"})
    admin_page.get_by_role("button", name="Use the current version").click()
    expect(heading(admin_page, "Ann Fourth")).to_be_visible()

    fill_fields(admin_page, First_name="Mine", Phone_number="323-555-0002")
    local.call("PATCH", f"/members/{member['id']}", {"last_name": "Fifth"})
    admin_page.get_by_role("button", name="Save").click()
    admin_page.get_by_role("button", name="Save my version").click()
    expect(admin_page.get_by_label("Phone number")).to_have_attribute("aria-invalid", "true")
    expect(admin_page.get_by_label("First name")).to_have_value("Mine")
    expect(admin_page.get_by_label("Last name")).to_have_value("Fifth")
    admin_page.get_by_role("link", name="Show that member").click()
    assert admin_page.url.endswith(f"#/members/{holder['id']}")
    expect(admin_page.get_by_label("Client member id")).to_have_value("2")
    admin_page.go_back()
    expect(admin_page.get_by_label("First name")).to_have_value("Mine")
    fill_fields(admin_page, Phone_number="323-555-0003")
    admin_page.get_by_role("button", name="Save").click()
    expect(heading(admin_page, "Mine Fifth")).to_be_visible()
