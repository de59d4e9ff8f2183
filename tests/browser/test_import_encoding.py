"""An import whose names can be read in several encodings: the user chooses one."""

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.support.access import PASSWORD
from tests.support.browser import heading, open_view, send_files, sign_in
from tests.support.local_stack import HEADER, LocalStack


def unsure_file(account: str) -> bytes:
    """Returns a CSV file with a name that windows-1250 and windows-1252 read differently."""
    return (HEADER + f"Jan,Zięba,3235550001,1,{account}\n").encode("windows-1250")


def send_unsure_file(page: Page, account: str) -> None:
    """Sends a file whose doubtful name comes after the part that the preview reads."""
    rows = "".join(f"Ann,Lee,{2010000000 + n},a{n},{account}\n" for n in range(2500))
    start, unsure = HEADER + rows, unsure_file(account).split(b"\n", 1)[1]
    file: FilePayload = {
        "name": f"{account}.csv",
        "mimeType": "text/csv",
        "buffer": start.encode() + unsure,
    }
    send_files(page, file, "upsert")
    card = page.locator(".card")
    expect(card.locator(".candidates li").first).to_contain_text("Ziêba in windows-1252 (French")
    expect(card.locator(".candidates li").nth(1)).to_contain_text("Zięba in windows-1250 (Polish")
    expect(card.get_by_role("progressbar")).to_be_hidden()


@pytest.mark.parametrize("view", ["card", "import"])
def test_chosen_encoding_imports_file_again(
    local: LocalStack, admin_page: Page, account: str, view: str
) -> None:
    send_unsure_file(admin_page, account)
    if view == "import":
        admin_page.locator(".card").get_by_role("link", name=f"{account}.csv").click()
        expect(admin_page.locator("h1")).to_have_text(f"{account}.csv")
    admin_page.get_by_role("button", name="Import as windows-1250").click()
    expect(heading(admin_page, "Imports")).to_be_visible()
    expect(admin_page.locator(".card")).to_contain_text("2,501 added")
    expect(admin_page.locator(".card")).to_have_count(1)
    assert local.call("GET", f"/accounts/{account}/members/1")["last_name"] == "Zięba"
    shown = local.import_of_file(f"{account}.csv")
    assert (shown["mode"], shown["encoding"]) == ("upsert", "windows-1250")


def test_reloaded_page_tells_how_to_send_again(admin_page: Page, account: str) -> None:
    send_unsure_file(admin_page, account)
    admin_page.locator(".card").get_by_role("link", name=f"{account}.csv").click()
    admin_page.reload()
    expect(admin_page.locator(".candidates")).to_contain_text("Send the file again, and choose the names")
    expect(admin_page.get_by_role("button", name="Import as")).to_have_count(0)


def test_viewer_sees_readings_without_advice_to_import(local: LocalStack, page: Page, account: str) -> None:
    sent = local.import_file("unsure.csv", unsure_file(account))
    local.add_user(account, ["viewers"])
    sign_in(page, account, PASSWORD)
    expect(heading(page, "Members")).to_be_visible()
    open_view(page, f"/imports/{sent['id']}")
    expect(page.locator(".candidates")).to_contain_text("Zięba in windows-1250")
    expect(page.locator(".candidates").get_by_role("button")).to_have_count(0)
    expect(page.locator(".candidates")).not_to_contain_text("Send")
