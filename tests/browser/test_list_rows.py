"""The rows of a list: the link of each, their order, and the head above them."""

import re

from playwright.sync_api import Page, expect

from tests.support.browser import heading, open_view, rows
from tests.support.local_stack import HEADER, LocalStack, roster_csv

NUMBERS = {  # as stored, with what is shown
    "+13235551234": "+1 323 555 1234",
    "+442079460958": "+44 207 946 0958",
    "+8613812345678": "+86 138 1234 5678",
    "+4687865432": "+46 8786 5432",
    "+35312345678": "+353 1234 5678",
}


def test_row_opens_what_its_name_links_to(local: LocalStack, admin_page: Page, account: str) -> None:
    member = local.add_member(account)
    address = re.compile(f"#/members/{member['id']}$")
    open_view(admin_page, f"/members?account={account}")
    link = rows(admin_page).get_by_role("rowheader").get_by_role("link", name="Lee, Ann", exact=True)
    phone = rows(admin_page).locator(".figures")
    box = phone.bounding_box()
    assert box
    admin_page.mouse.move(box["x"] + 12, box["y"] + box["height"] / 2)
    admin_page.mouse.down()
    admin_page.mouse.move(box["x"] + 90, box["y"] + box["height"] / 2)
    admin_page.mouse.up()
    assert admin_page.evaluate("getSelection().toString()")
    expect(admin_page).not_to_have_url(address)  # the number can be selected
    admin_page.evaluate("getSelection().removeAllRanges()")
    with admin_page.context.expect_page() as opened:
        phone.click(modifiers=["ControlOrMeta"])
    expect(opened.value).to_have_url(address)
    opened.value.close()
    phone.click()
    expect(heading(admin_page, "Ann Lee")).to_be_visible()
    admin_page.go_back()
    expect(link).to_be_focused()


def test_account_is_listed_from_both_ends_and_by_letter(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    names = ["Adler", "Baker", "Lee", "Lopez", "Zorn"]
    local.import_csv(
        HEADER
        + "".join(
            f"Ann,{name},{number},{n},{account}\n"
            for n, (name, number) in enumerate(zip(names, NUMBERS, strict=True))
        )
    )
    shown = rows(admin_page).get_by_role("rowheader")
    letters = admin_page.get_by_label("Last names", exact=True)
    open_view(admin_page, f"/members?account={account}")
    expect(shown).to_have_text([f"{name}, Ann" for name in names])
    expect(rows(admin_page).locator(".figures")).to_have_text(list(NUMBERS.values()))
    order = admin_page.get_by_role("columnheader", name="Name")
    expect(order).to_have_attribute("aria-sort", "ascending")
    order.get_by_role("button").click()
    expect(shown).to_have_text([f"{name}, Ann" for name in names[::-1]])
    expect(order).to_have_attribute("aria-sort", "descending")
    expect(order.get_by_role("button")).to_be_focused()
    letters.select_option("L …")
    expect(shown).to_have_text(["Lopez, Ann", "Lee, Ann"])
    expect(admin_page.get_by_role("button", name="Export last names starting with L")).to_be_visible()
    admin_page.reload()
    expect(shown).to_have_text(["Lopez, Ann", "Lee, Ann"])
    letters.select_option("Q …")
    expect(admin_page.get_by_text("No last name starts with Q.")).to_be_visible()
    letters.select_option("all")
    expect(shown).to_have_count(5)
    open_view(admin_page, "/members?account=")
    expect(admin_page.get_by_role("table", name="Members of all accounts")).to_be_visible()
    expect(admin_page.locator("[aria-sort], select[name=letter]")).to_have_count(0)  # these have no order


def test_head_stays_above_focused_row(local: LocalStack, admin_page: Page, account: str) -> None:
    local.import_csv(roster_csv(account, 60))
    open_view(admin_page, f"/members?account={account}")
    expect(rows(admin_page)).to_have_count(60)
    admin_page.get_by_role("link", name="Lee00059").focus()
    admin_page.get_by_role("link", name="Lee00059").evaluate("link => link.scrollIntoView({block: 'end'})")
    head = admin_page.get_by_role("columnheader", name="Name")
    for _ in range(30):
        admin_page.keyboard.press("Shift+Tab")
    assert admin_page.evaluate("scrollY") > 0
    focused = admin_page.locator(":focus")
    expect(focused).to_have_text("Lee00029, Ann1")
    [top, above] = [one.evaluate("one => one.getBoundingClientRect().top") for one in (focused, head)]
    assert above == 0
    assert top >= head.evaluate("one => one.getBoundingClientRect().bottom")


def test_table_is_tab_stop_only_while_it_scrolls(local: LocalStack, admin_page: Page, account: str) -> None:
    more = ",".join(f"a_long_name_of_a_column_{n}" for n in range(12))
    record = local.import_csv(HEADER.replace("\n", f",{more}\n") + f"Ann,Lee,12,1,{account}{',x' * 12}\n")
    open_view(admin_page, f"/imports/{record['id']}")
    wide = admin_page.get_by_role("region", name="Rejected rows in the order of the file")
    expect(wide).to_have_attribute("tabindex", "0")
    admin_page.set_viewport_size({"width": 360, "height": 800})  # a card for each row
    expect(admin_page.locator(".scroll[tabindex]")).to_have_count(0)


def test_print_shows_content_without_controls(local: LocalStack, admin_page: Page, account: str) -> None:
    member = local.add_member(account)
    admin_page.emulate_media(media="print")
    open_view(admin_page, f"/members?account={account}")
    expect(rows(admin_page)).to_have_count(1)
    controls = admin_page.locator("header, select, main button:not(.sort), .button, .skip, .end")
    assert controls.count() > 3
    assert [one for one in controls.all() if one.is_visible()] == []
    head = admin_page.locator(".list thead")
    assert head.evaluate("one => getComputedStyle(one).display") == "table-header-group"  # on each page
    expect(head).to_contain_text("Name")
    open_view(admin_page, f"/members/{member['id']}")
    expect(admin_page.get_by_label("Phone number")).to_be_visible()
    for text in ("Save", "Delete", "Copy id"):
        expect(admin_page.get_by_text(text, exact=True)).to_be_hidden()
