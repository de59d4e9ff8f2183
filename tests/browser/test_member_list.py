"""The list of members and its searches."""

from playwright.sync_api import Page, Request, expect

from tests.support.browser import (
    MAX_WAIT_MS,
    choose_account,
    fill_fields,
    heading,
    open_view,
    rows,
    send_files,
    sign_in,
)
from tests.support.local_stack import HEADER, LocalStack, roster_csv

HOSTILE_NAMES = '<img src=x onerror="alert(1)">', '=HYPERLINK("http://x","y")'


def test_scrolling_lists_thousand_members_once_in_order(local: LocalStack, page: Page, account: str) -> None:
    assert local.import_csv(roster_csv(account, 1000))["counts"]["created"] == 1000
    requested: list[str] = []
    transferred: list[int] = []

    def record(request: Request) -> None:
        requested.append(request.url)
        transferred.append(sum(request.sizes().values()))  # type: ignore[arg-type]

    page.on("requestfinished", record)
    page.evaluate("account => sessionStorage.setItem('rollcall.account', account)", account)
    sign_in(page)
    expect(rows(page)).to_have_count(100)
    after_sign_in = [url for url in requested if not url.endswith("/sessions")]
    assert len(after_sign_in) <= 3, after_sign_in
    assert sum(transferred) < 100_000
    while (shown := rows(page).count()) < 1000:
        page.mouse.wheel(0, 100_000)
        page.wait_for_function(
            "shown => document.querySelectorAll('.list tbody tr').length > shown",
            arg=shown,
            timeout=MAX_WAIT_MS,
        )
    names = page.locator(".list tbody th").all_text_contents()
    assert names == [f"Lee{n:05}, Ann{n % 7}" for n in range(1000)]
    expect(page.get_by_text("1,000 members shown, end of list.")).to_be_visible()
    assert len([url for url in requested if "/members?" in url]) == 10  # no request only to count


def test_back_from_member_restores_list_position(local: LocalStack, admin_page: Page, account: str) -> None:
    local.import_csv(roster_csv(account, 250))
    open_view(admin_page, f"/members?account={account}&q=")
    expect(rows(admin_page)).to_have_count(100)
    admin_page.get_by_role("link", name="Lee00099").scroll_into_view_if_needed()
    expect(rows(admin_page)).to_have_count(200)
    link = admin_page.get_by_role("link", name="Lee00150")
    link.scroll_into_view_if_needed()
    scroll_position = admin_page.evaluate("scrollY")
    link.click()
    fill_fields(admin_page, First_name="Renamed")
    admin_page.get_by_role("button", name="Save").click()
    expect(heading(admin_page, "Renamed Lee00150")).to_be_visible()
    admin_page.go_back()
    expect(link).to_be_focused()
    assert rows(admin_page).count() >= 200
    assert admin_page.evaluate("scrollY") == scroll_position
    expect(admin_page.get_by_role("row", name="Lee00150")).to_contain_text("Renamed")


def test_hostile_names_are_shown_as_text(local: LocalStack, admin_page: Page, account: str) -> None:
    first, last = HOSTILE_NAMES
    member = local.add_member(account, "<b>1</b>", first_name=first, last_name=last)
    open_view(admin_page, f"/members?account={account}&q=")
    expect(rows(admin_page)).to_contain_text(first)
    expect(rows(admin_page)).to_contain_text(last)
    open_view(admin_page, f"/members/{member['id']}")
    expect(heading(admin_page, f"{first} {last}")).to_be_visible()
    text = HEADER + ",".join(
        f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in (*HOSTILE_NAMES, "<i>12", "<b>", account)
    )
    send_files(admin_page, {"name": f"<i>{account}.csv", "mimeType": "text/csv", "buffer": text.encode()})
    admin_page.get_by_role("link", name=f"<i>{account}.csv").first.click()
    expect(admin_page.locator(".fault input")).to_have_value(
        first
    )  # as a cell that another program has damaged
    expect(rows(admin_page)).to_contain_text(last)
    assert admin_page.locator("main img, main i, main b").count() == 0


def test_account_field_suggests_last_ones_used(local: LocalStack, admin_page: Page, account: str) -> None:
    for number in (1, 2):
        local.add_member(f"{account}-{number}")
        choose_account(admin_page, f"{account}-{number}")
        expect(rows(admin_page)).to_have_count(1)
    choose_account(admin_page, f"{account}-misspelt")
    expect(admin_page.get_by_text("Check the spelling.")).to_be_visible()
    open_view(admin_page, "/members/new")
    expect(heading(admin_page, "Add a member")).to_be_visible()
    suggestions = admin_page.get_by_label("Account:").evaluate(
        "field => [...field.list.options].map((option) => option.value)"
    )
    assert suggestions == [f"{account}-2", f"{account}-1"]
