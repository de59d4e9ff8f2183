"""The folded options of the form that sends files."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.support.browser import csv_file, fill_fields, heading, open_view, sign_in
from tests.support.local_stack import PASSWORD, LocalStack


def open_options(page: Page) -> None:
    page.get_by_role("link", name="Imports").click()
    expect(page.get_by_label("Encoding of the file")).to_be_hidden()
    page.get_by_text("More options").click()


def add_column(page: Page, name: str, field: str) -> None:
    page.get_by_role("button", name="Add a column").click()
    page.get_by_label("Column in the file").last.fill(name)
    if field:
        page.get_by_label("is the").last.select_option(field)


def test_options_of_form_are_those_of_import(local: LocalStack, admin_page: Page, account: str) -> None:
    name = f"{account}.csv"
    text = "Vorname,Last name,Handy,Member id\nZoé,Müller,3235550001,1\nAnn,Zięba,3235550002,2\nEve,Moe,1,3\n"
    open_options(admin_page)
    form = admin_page.locator(".more")
    form.get_by_label("Account").fill(f" {account} ")
    form.get_by_label("Encoding of the file").select_option("windows-1250")
    fill_fields(
        admin_page,
        Expected_number_of_rows="3",
        Rejected_rows_allowed="50 %",
        Region_of_phone_numbers="us",
    )
    add_column(admin_page, "Handy", "Phone number")
    add_column(admin_page, "Vorname", "First name")
    add_column(admin_page, "Alter", "Last name")
    admin_page.get_by_role("button", name="Remove this column").last.click()
    expect(form.locator("summary")).to_have_text(
        f"More options: account {account}; windows-1250; 3 rows; at most 50 % rejected; region us; "
        "columns Handy, Vorname"
    )
    admin_page.get_by_label("Choose files").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": text.encode("windows-1250")}
    )
    card = admin_page.locator(".card")
    expect(card).to_contain_text("2 added")
    expect(admin_page.get_by_label("Expected number of rows")).to_have_value("")  # it was that file's
    shown = local.import_of_file(name)
    assert (shown["account_id"], shown["encoding"], shown["region"]) == (account, "windows-1250", "US")
    assert (shown["rows"], shown["max_rejected"]) == (3, "50%")
    assert local.call("GET", f"/accounts/{account}/members/2")["last_name"] == "Zięba"
    card.get_by_role("link", name=name).click()
    expect(admin_page.locator("main > div > section dl")).to_contain_text(
        f"Account{account}Expected rows3Rejected rows allowed50%"
    )


def test_invalid_options_send_no_file(admin_page: Page, account: str) -> None:
    open_options(admin_page)
    rows = admin_page.get_by_label("Expected number of rows")
    files = admin_page.get_by_label("Choose files")
    invalid: list[tuple[Any, str, str]] = [
        (rows, "many", "whole number"),
        (admin_page.get_by_label("Rejected rows allowed"), "100%", "share such as 5%"),
        (admin_page.get_by_label("Region of phone numbers"), "Texas", "two letters"),
    ]
    for field, value, text in invalid:
        field.fill(value)
        files.set_input_files(csv_file("roster.csv", account))
        expect(field).to_be_focused()
        expect(field.locator("xpath=..").locator(".error")).to_contain_text(text)
        field.fill("")
    rows.fill("3")
    files.set_input_files([csv_file("one.csv", account), csv_file("two.csv", account)])
    expect(rows.locator("xpath=..").locator(".error")).to_contain_text("Send the files one by one")
    rows.fill("")
    add_column(admin_page, "Handy", "")
    files.set_input_files(csv_file("roster.csv", account))
    expect(admin_page.get_by_label("is the")).to_be_focused()
    expect(admin_page.locator(".card")).to_have_count(0)


def test_repeated_column_sends_no_file(admin_page: Page, account: str) -> None:
    open_options(admin_page)
    add_column(admin_page, "Handy", "Phone number")
    add_column(admin_page, "Tel", "Phone number")
    admin_page.get_by_label("Choose files").set_input_files(csv_file("roster.csv", account))
    expect(admin_page.get_by_text("Has a column above.")).to_be_visible()
    admin_page.get_by_label("Column in the file").last.fill("Handy")
    admin_page.get_by_label("is the").last.select_option("Last name")
    admin_page.get_by_label("Choose files").set_input_files(csv_file("roster.csv", account))
    expect(admin_page.get_by_text("Is named above.")).to_be_visible()
    expect(admin_page.locator(".card")).to_have_count(0)


def test_form_offers_encodings_of_api(local: LocalStack, admin_page: Page) -> None:
    open_options(admin_page)
    options = admin_page.get_by_label("Encoding of the file").locator("option")
    offered = [option.get_attribute("value") for option in options.all()]
    schema = local.call("GET", "/openapi.json")["components"]["schemas"]["NewImport"]["properties"]
    [choices] = [one["enum"] for one in schema["encoding"]["anyOf"] if "enum" in one]
    assert offered == ["", *choices]
    expect(options.nth(6)).to_have_text("windows-1250 (Polish, Czech, Slovak, …)")


def test_user_of_one_account_starts_with_it(local: LocalStack, page: Page, account: str) -> None:
    local.add_group(account, ["imports:read", "imports:write"], [account])
    local.add_user(account, [account])
    open_view(page, "/imports")
    sign_in(page, account, PASSWORD)
    expect(heading(page, "Imports")).to_be_visible()
    expect(page.locator(".more summary")).to_have_text(f"More options: account {account}")
