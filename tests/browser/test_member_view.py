"""What the view of a member says: where it came from, its id, and what became of it."""

from playwright.sync_api import Page, expect

from tests.support.browser import fill_fields, heading, labelled_values, open_view, rows
from tests.support.local_stack import LocalStack, roster_csv


def test_member_names_its_line_and_copies_its_id(local: LocalStack, admin_page: Page, account: str) -> None:
    imported = local.import_csv(roster_csv(account, 3), f"?filename={account}.csv")
    member = local.call("GET", f"/accounts/{account}/members/1")
    local.call("PATCH", f"/members/{member['id']}", {"first_name": "Zoë"})
    admin_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_view(admin_page, f"/members/{member['id']}")
    facts = admin_page.locator(".facts")
    file = facts.get_by_role("link", name=f"{account}.csv, line 3")
    expect(file).to_be_visible()
    assert labelled_values(admin_page)["Added"].endswith(f" by {account}.csv, line 3")
    assert labelled_values(admin_page)["Changed"].endswith(" by the token tests")
    facts.get_by_role("button", name="Copy id").click()
    expect(facts.get_by_role("button", name="Copied")).to_be_focused()
    assert admin_page.evaluate("navigator.clipboard.readText()") == member["id"]
    form, past = (admin_page.locator(f".member > :nth-child({n})").bounding_box() for n in (1, 2))
    assert form
    assert past
    assert past["x"] > form["x"] + form["width"] - 1  # beside each other
    assert past["y"] == form["y"]
    file.click()
    expect(heading(admin_page, f"{account}.csv")).to_be_visible()
    assert admin_page.url.endswith(f"#/imports/{imported['id']}")


def test_changed_id_is_announced_before_saving(local: LocalStack, admin_page: Page, account: str) -> None:
    member = local.add_member(account)
    open_view(admin_page, f"/members/{member['id']}")
    notice = admin_page.locator("form [role=status]")
    expect(notice).to_have_text("")
    for label, value in (("Client member id", "2"), ("Account", f"{account}-2")):
        before = admin_page.get_by_label(label, exact=True).input_value()
        fill_fields(admin_page, **{label: value})
        expect(notice).to_contain_text("Saving gives this member a new id")
        fill_fields(admin_page, **{label: before})
        expect(notice).to_have_text("")
    fill_fields(admin_page, First_name="Zoë")
    expect(notice).to_have_text("")


def test_back_to_deleted_member_offers_restore(local: LocalStack, admin_page: Page, account: str) -> None:
    """The view that Back finds as it was left shows the deletion, too."""
    member = local.add_member(account)
    open_view(admin_page, f"/members/{member['id']}")
    for _ in range(2):
        admin_page.get_by_role("link", name=f"Members of account {account}").click()
        rows(admin_page).get_by_role("link").click()
        expect(heading(admin_page, "Ann Lee")).to_be_visible()
    admin_page.get_by_role("button", name="Delete").click()
    admin_page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(heading(admin_page, "Members")).to_be_visible()
    for _ in range(3):
        admin_page.go_back()
        expect(heading(admin_page, "This member was deleted")).to_be_visible()
        expect(admin_page.get_by_role("link", name="All members")).to_be_visible()
        admin_page.go_back()
        expect(heading(admin_page, "Members")).to_be_visible()
    admin_page.go_forward()
    expect(admin_page.locator(".toast")).to_be_visible()
    admin_page.locator("#main").get_by_role("button", name="Restore").click()
    expect(heading(admin_page, "Ann Lee")).to_be_visible()
    expect(admin_page.locator(".toast")).to_have_count(0)  # there is nothing to undo any more
    open_view(admin_page, "/members/bm9ib2R5HzE")
    expect(heading(admin_page, "No member has this id")).to_be_visible()
    admin_page.get_by_role("link", name="All members").click()
    expect(heading(admin_page, "Members")).to_be_visible()


def test_spoken_text_is_gone_after_a_while(local: LocalStack, admin_page: Page, account: str) -> None:
    member = local.add_member(account)
    open_view(admin_page, f"/members/{member['id']}")
    expect(heading(admin_page, "Ann Lee")).to_be_visible()
    admin_page.clock.install()
    admin_page.get_by_role("button", name="Save").click()
    expect(admin_page.locator("#live")).to_have_text("There are no changes to save.")
    admin_page.clock.run_for(10_000)
    expect(admin_page.locator("#live")).to_have_text("")
    required = admin_page.get_by_label("First name")
    assert required.evaluate("field => field.required")
    star = "field => getComputedStyle(field.labels[0], '::after').content"
    assert required.evaluate(star) == '" *" / ""'
