"""How the file of an import was read, and rows that gave way to newer changes."""

import io
import re

import openpyxl
from playwright.sync_api import FilePayload, Page, Route, expect

from tests.support.access import PASSWORD
from tests.support.browser import choose_files, heading, import_chosen, open_view, sign_in
from tests.support.local_stack import HEADER, LocalStack


def test_report_tells_columns_and_lines_above_them(local: LocalStack, admin_page: Page, account: str) -> None:
    text = (
        "Clinic North\nMay 2026\nFirst name,Last name,Phone,Mobile,Member ID,Account,Shoe size\n"
        f"Ann,Lee,3235550001,3235550002,1,{account},40\n"
    )
    sent = local.import_file("titles.csv", text)
    open_view(admin_page, f"/imports/{sent['id']}")
    reading = admin_page.locator(".reading")
    expect(reading.locator("summary")).to_have_text(
        "How the file was read: columns not used: Mobile, Shoe size; 2 lines above the column names"
    )
    reading.locator("summary").click()
    expect(reading).to_contain_text("not read: line 1 (Clinic North), line 2 (May 2026)")
    expect(reading.get_by_role("row", name="Phone Phone number")).to_be_visible()
    expect(reading.get_by_role("row", name="Mobile not used: the phone number is in “Phone”")).to_be_visible()
    expect(reading.get_by_role("row", name="Shoe size not used")).to_be_visible()


def test_report_of_workbook_names_its_sheets(local: LocalStack, admin_page: Page, account: str) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = "Members"
    for row in HEADER.strip().split(","), ("Ann", "Lee", "3235550001", "1", account):
        sheet.append(row)
    workbook.create_sheet("Archive")
    content = io.BytesIO()
    workbook.save(content)
    file: FilePayload = {
        "name": "book.xlsx",
        "mimeType": "application/octet-stream",
        "buffer": content.getvalue(),
    }
    choose_files(admin_page, file)
    expect(admin_page.get_by_text("The sheet “Members” is read, not Archive.")).to_be_visible()
    expect(admin_page.locator(".preview tbody tr")).to_have_text("2AnnLee32355500011" + account)
    import_chosen(admin_page)
    card = admin_page.locator(".card")
    expect(card).to_contain_text("1 added")
    card.get_by_role("link", name="book.xlsx").click()
    expect(admin_page.locator(".reading summary")).to_contain_text("sheets not read: Archive")
    expect(admin_page.locator(".reading dl")).to_have_text("SheetMembersSheets that were not readArchive")


def test_plain_file_folds_how_it_was_read(local: LocalStack, admin_page: Page, account: str) -> None:
    sent = local.import_file("plain.csv", HEADER + f"Ann,Lee,3235550001,1,{account}\n")
    open_view(admin_page, f"/imports/{sent['id']}")
    expect(admin_page.locator(".reading summary")).to_have_text("How the file was read")
    expect(admin_page.locator(".reading table")).to_be_hidden()
    admin_page.get_by_text("How the file was read").click()
    expect(admin_page.locator(".reading dl")).to_have_text("Encodingutf-8")


def test_guess_is_told_and_viewers_get_no_advice_to_import(
    local: LocalStack, page: Page, account: str
) -> None:
    text = HEADER + f"Zoë,Müller,3235550001,1,{account}\nNo,Phone,,2,{account}\n"
    sent = local.import_file("guessed.csv", text.encode("windows-1252"))
    local.add_user(account, ["viewers"])
    told = "The encoding of the file was guessed: windows-1252, with names such as Zoë, Müller."
    for name, password, may_import in ((account, PASSWORD, False), ("rollcall", "rollcall", True)):
        sign_in(page, name, password)
        expect(page.locator(".who")).to_contain_text(name)
        open_view(page, f"/imports/{sent['id']}")
        expect(page.get_by_text(told)).to_be_visible()
        expect(page.get_by_text("then import the corrected rows")).to_have_count(int(may_import))
        page.get_by_role("button", name="Sign out").click()


def test_rows_that_gave_way_are_told_in_words(local: LocalStack, admin_page: Page, account: str) -> None:
    sent = local.import_file("late.csv", HEADER + f"Ann,Lee,3235550001,1,{account}\n")
    shown: dict[str, int] = {}

    def with_count(route: Route) -> None:
        route.fulfill(json=local.call("GET", f"/imports/{sent['id']}") | shown)

    admin_page.route(re.compile(f"/imports/{sent['id']}$"), with_count)
    for count, text in (
        (0, ""),
        (1, "1 row changed nothing, because its member was changed after this file arrived."),
        (2, "2 rows changed nothing, because their members were changed after this file arrived."),
    ):
        shown["changed_since"] = count
        open_view(admin_page, "/imports")
        expect(heading(admin_page, "Imports")).to_be_visible()
        open_view(admin_page, f"/imports/{sent['id']}")
        expect(heading(admin_page, "late.csv")).to_be_visible()
        told = admin_page.get_by_text("changed nothing")
        expect(told).to_contain_text(text) if text else expect(told).to_be_hidden()


def test_long_names_fit_narrow_screen(local: LocalStack, admin_page: Page, account: str) -> None:
    name, column = "M" + "ü" * 60, "column" * 20
    text = HEADER.strip() + f",{column}\nZoë,{name},3235550001,1,{account},\n"
    sent = local.import_file("long" * 15 + ".csv", text.encode("windows-1252"))
    admin_page.set_viewport_size({"width": 320, "height": 800})
    open_view(admin_page, f"/imports/{sent['id']}")
    admin_page.locator(".reading summary").click()
    expect(admin_page.locator(".reading table")).to_contain_text(column)
    expect(admin_page.get_by_text(name).first).to_be_visible()
    assert admin_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
