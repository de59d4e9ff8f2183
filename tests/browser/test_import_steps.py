"""The three steps of an import: choose files, see how they are read, say what is to happen."""

import re
from pathlib import Path

from playwright.sync_api import FilePayload, Locator, Page, expect

from chalicelib.imports.rows.column_names import field_of
from tests.support.access import PASSWORD
from tests.support.browser import (
    choose_account,
    choose_files,
    csv_file,
    fill_fields,
    heading,
    held_requests,
    import_chosen,
    open_view,
    respond_with,
    send_files,
    sign_in,
)
from tests.support.local_stack import HEADER, LocalStack, roster_csv


def file(name: str, content: str | bytes) -> FilePayload:
    body = content.encode() if isinstance(content, str) else content
    return {"name": name, "mimeType": "text/csv", "buffer": body}


def column(page: Page, title: str) -> Locator:
    """Returns the head of a column of the preview."""
    return page.locator(".preview thead th").filter(has_text=re.compile(f"{title}$"))


def fits_narrow_screen(page: Page) -> bool:
    """Returns whether the columns of the preview and their selects fit in 360 px."""
    page.set_viewport_size({"width": 360, "height": 800})
    scrolls = page.locator(".scroll").evaluate("place => place.scrollWidth > place.clientWidth")
    rights = "selects => selects.map((one) => one.getBoundingClientRect().right)"
    rightmost = max(page.locator(".preview select").evaluate_all(rights))
    page.set_viewport_size({"width": 1200, "height": 800})
    return not scrolls and bool(rightmost <= 360)


def test_steps_lead_from_unknown_file_to_its_import(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    """Columns and encoding are chosen in the second step, the mode and limits in the third."""
    choose_account(admin_page, account)
    text = "Clinic North\nVorname;Last name;Handy, privat;Nr;Size\nJan;Zięba;020 7946 0018;1;40\nBad;Moe;12;2;41\n"
    choose_files(admin_page, file(f"{account}.csv", text.encode("windows-1250")))
    expect(heading(admin_page, f"{account}.csv")).to_be_focused()
    expect(admin_page.get_by_text(f"For account {account}.")).to_be_visible()  # that of the header
    expect(admin_page.locator(".steps [aria-current]")).to_have_text("See how it is read")
    expect(admin_page.get_by_text("1 line above the column names (Clinic North)")).to_be_visible()
    expect(admin_page.locator(".preview th.missing strong")).to_have_text(
        ["First name", "Phone number", "Client member id"]
    )
    heads = ["Line", "Last name", "Account", "Vorname", "Handy, privat", "Nr", "Size", *["not found"] * 3]
    expect(admin_page.locator(".preview thead th")).to_have_text([re.compile(head) for head in heads])
    admin_page.get_by_role("button", name="Continue").click()
    expect(admin_page.get_by_role("alert")).to_have_text(
        "Choose the names that are right. Not found in the file: First name, Phone number, Client member id. "
        "Choose the columns below. A column with whole names has to be split into two before, in a spreadsheet."
    )
    assert fits_narrow_screen(admin_page)
    for name, field in (
        ("Vorname", "First name"),
        ("Handy, privat", "Phone number"),
        ("Nr", "Client member id"),
    ):
        choice = admin_page.get_by_label(f"What “{name}” holds")
        choice.focus()
        choice.select_option(field)
        expect(column(admin_page, name)).not_to_have_class("unused")
    expect(admin_page.get_by_label("What “Nr” holds")).to_be_focused()
    expect(admin_page.locator(".names-in label")).to_contain_text(["Ziêba", "Zięba", "Ziźba"])
    admin_page.get_by_label("Zięba").check()
    expect(admin_page.locator(".preview tbody tr").first).to_have_text(f"3JanZięba020 7946 00181{account}40")
    expect(admin_page.locator(".message.bad")).to_have_count(0)
    admin_page.get_by_role("button", name="Continue").click()

    expect(heading(admin_page, f"Import {account}.csv")).to_be_focused()
    faults = admin_page.locator(".judgement li")
    expect(faults).to_have_count(2)
    expect(admin_page.locator(".judgement")).to_contain_text("of another country need its region")
    admin_page.get_by_label("Region of phone numbers").fill("gb")
    admin_page.get_by_label("Rejected rows allowed").fill("50 %")
    expect(faults).to_have_text([re.compile("Line 4: Phone number")])
    fill_fields(admin_page, Expected_number_of_rows="many")
    admin_page.get_by_role("button", name="Check first").click()
    expect(admin_page.get_by_label("Expected number of rows")).to_be_focused()
    fill_fields(admin_page, Expected_number_of_rows="2")
    admin_page.get_by_label("What should happen").select_option("upsert")
    admin_page.get_by_role("button", name="Check first").click()
    card = admin_page.locator(".card")
    expect(card).to_contain_text("Checked: 1 would be added, 1 needs fixing. Nothing was written.")
    shown = local.import_of_file(f"{account}.csv")
    assert (shown["mode"], shown["dry_run"], shown["encoding"]) == ("upsert", True, "windows-1250")
    assert (shown["account_id"], shown["region"], shown["max_rejected"], shown["rows"]) == (
        *(account, "GB", "50%", 2),
    )
    card.get_by_role("button", name="Import now").click()
    expect(admin_page.get_by_text("Completed: 1 added, 1 rejected.", exact=True)).to_be_visible()
    assert local.call("GET", f"/accounts/{account}/members/1")["last_name"] == "Zięba"


def test_file_with_ids_alone_can_only_delete(local: LocalStack, admin_page: Page, account: str) -> None:
    local.add_member(account, "1")
    choose_files(admin_page, file("gone.csv", f"Account,Member ID\n{account},1\n"))
    admin_page.get_by_role("button", name="Continue").click()
    expect(admin_page.get_by_role("alert")).to_contain_text("Not found in the file: First name, Last name")
    admin_page.get_by_label("The file deletes members").check()
    expect(admin_page.get_by_role("alert")).to_have_count(0)
    expect(admin_page.locator(".missing")).to_have_count(0)
    admin_page.get_by_role("button", name="Continue").click()
    mode = admin_page.get_by_label("What should happen")
    expect(mode).to_have_value("delete")
    expect(mode.locator("option:enabled")).to_have_count(1)
    admin_page.get_by_role("button", name="Import", exact=True).click()
    admin_page.get_by_role("button", name="Keep them").click()
    admin_page.get_by_role("button", name="Back").click()
    expect(heading(admin_page, "gone.csv")).to_be_focused()
    admin_page.get_by_role("button", name="Back").click()
    expect(heading(admin_page, "Choose the files")).to_be_focused()


def test_each_file_has_its_own_columns_and_encoding(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    other = HEADER.replace("phone_number", "Handy") + f"Zoë,Lee,3235550009,9,{account}\n"
    choose_files(admin_page, [csv_file("one.csv", account), file("two.csv", other.encode("windows-1252"))])
    expect(heading(admin_page, "2 files")).to_be_focused()
    admin_page.get_by_role("button", name="Continue").click()
    expect(admin_page.get_by_role("alert")).to_contain_text("two.csv: Not found in the file: Phone number.")
    admin_page.get_by_label("File", exact=True).select_option("two.csv")
    admin_page.get_by_label("What “Handy” holds").select_option("Phone number")
    expect(admin_page.get_by_label("Zoë")).to_be_checked()  # the guess is sure, and is shown
    admin_page.get_by_text("None of these").click()
    expect(admin_page.get_by_label("Another encoding").locator("option").nth(6)).to_have_text(
        "windows-1250 (Polish, Czech, Slovak, …)"
    )
    admin_page.get_by_role("button", name="Continue").click()
    expect(admin_page.get_by_label("Expected number of rows")).to_be_hidden()  # it is of one file
    admin_page.get_by_role("button", name="Import", exact=True).click()
    expect(admin_page.locator(".card.done")).to_have_count(2)
    assert local.call("GET", f"/accounts/{account}/members/9")["first_name"] == "Zoë"
    assert len(local.call("GET", f"/members?account_id={account}")["items"]) == 4


def test_columns_with_each_others_names_are_exchanged(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    choose_account(admin_page, account)
    text = "first_name,last_name,phone_number,client_member_id\nAnn,Lee,77,323-555-0077\n"
    choose_files(admin_page, file(f"{account}.csv", text))
    for name, field in (("phone_number", "Client member id"), ("client_member_id", "Phone number")):
        expect(admin_page.get_by_label(f"What “{name}” holds")).to_be_visible()
        admin_page.get_by_label(f"What “{name}” holds").select_option(field)
    expect(admin_page.locator(".preview tbody tr")).to_have_text(f"2AnnLee323-555-007777{account}")
    import_chosen(admin_page)
    expect(admin_page.locator(".card")).to_contain_text("Completed: 1 added.")
    assert local.call("GET", f"/accounts/{account}/members/77")["phone_number"] == "+13235550077"


def test_files_without_rows_to_import_go_no_further(admin_page: Page) -> None:
    for name, content, text in (
        ("photo.csv", b"\0\1\2\3", "This is a binary file"),
        ("empty.csv", "", "The file is empty."),
        ("head.csv", HEADER, "There are no rows below the column names."),
        ("photo.xlsx", "x", "The file is no .xlsx workbook"),
    ):
        open_view(admin_page, "/imports")
        choose_files(admin_page, file(name, content))
        expect(heading(admin_page, name)).to_be_visible()
        expect(admin_page.locator(".message.bad")).to_contain_text(text)
        expect(admin_page.locator(".names-in")).to_have_count(int(name == "photo.csv"))
        admin_page.get_by_role("button", name="Continue").click()
        expect(admin_page.get_by_role("alert")).to_contain_text(text)
        expect(admin_page.get_by_label("What should happen")).to_have_count(0)


def test_file_without_preview_can_be_imported(admin_page: Page, account: str) -> None:
    """A large workbook cannot be read by its start, and the registry may not answer."""
    sent: list[str] = []
    admin_page.on("request", lambda one: sent.append(one.url) if "/imports/preview" in one.url else None)
    choose_files(admin_page, file("large.xlsx", b"x" * 4_500_001))
    expect(admin_page.locator("p.message")).to_contain_text("A preview of this file needs all of it")
    assert sent == []
    respond_with(admin_page, "**/imports/preview?*", 503)
    open_view(admin_page, "/imports")
    choose_files(admin_page, csv_file("roster.csv", account))
    expect(admin_page.get_by_role("alert")).to_contain_text("Something went wrong.")
    admin_page.unroute("**/imports/preview?*")
    with held_requests(admin_page, "**/imports/preview?*"):
        admin_page.get_by_role("button", name="Try again").click()
        admin_page.get_by_role("button", name="Continue").click()
        expect(heading(admin_page, "roster.csv")).to_be_visible()  # it waits for the preview
    expect(heading(admin_page, "Import roster.csv")).to_be_visible()


def test_long_name_of_a_file_is_stored_without_its_start(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    name = f"{'BlueCross_Eligibility_Full_Roster_' * 2}{account}.csv"
    send_files(admin_page, csv_file(name, account))
    expect(admin_page.locator(".card")).to_contain_text("3 added")
    assert local.import_of_file(name[-64:])["counts"]["created"] == 3


def test_first_step_tells_columns_that_files_need(admin_page: Page) -> None:
    open_view(admin_page, "/imports")
    admin_page.get_by_role("link", name="Import a file").click()
    terms = admin_page.locator(".columns-help dt")
    expect(terms).to_have_count(7)
    for term in terms.all_inner_texts():
        names = re.split(", also |, ", term)
        assert {field_of(name) for name in names} == {field_of(names[0])} != {None}
    with admin_page.expect_download() as download:
        admin_page.get_by_role("button", name="Download a template").click()
    assert download.value.suggested_filename == "members.csv"
    fields = Path(download.value.path()).read_text().strip().split(",")
    assert {field_of(name) for name in fields} == set(fields)


def test_account_of_files_follows_the_header_until_typed(admin_page: Page, account: str) -> None:
    header = admin_page.get_by_label("Account:", exact=True)
    typed = admin_page.get_by_label("Account", exact=True)

    def choose(chosen: str) -> None:
        header.fill(chosen)
        header.press("Enter")

    open_view(admin_page, "/imports/new")
    expect(heading(admin_page, "Choose the files")).to_be_visible()
    choose(account)
    expect(admin_page.locator("#live")).to_have_text(f"The form is for account {account} now.")
    expect(typed).to_have_value(account)
    choose_files(admin_page, csv_file("roster.csv", account))
    expect(admin_page.get_by_text(f"For account {account}.")).to_be_visible()
    choose("other")
    expect(admin_page.get_by_text("For account other.")).to_be_visible()
    expect(admin_page.locator(".faults li").first).to_contain_text("Not the account")
    admin_page.get_by_role("button", name="Back").click()
    typed.fill("mine")
    choose(account)
    expect(admin_page.locator("#live")).to_have_text("The form keeps its account.")
    expect(typed).to_have_value("mine")


def test_editor_of_two_accounts_chooses_one_of_them(local: LocalStack, page: Page, account: str) -> None:
    local.add_group(account, ["imports:read", "imports:write", "members:read"], [account, f"{account}-b"])
    local.add_user(account, [account])
    sign_in(page, account, PASSWORD)
    expect(heading(page, "Members")).to_be_visible()
    text = roster_csv(account, 1) + "Ben,Lee,3235550002,2,somebody\n"
    choose_files(page, file("roster.csv", text))
    expect(page.locator(".faults li")).to_contain_text(["no access to this account"])
    page.get_by_role("button", name="Back").click()
    fill_fields(page, Account="somebody")
    page.get_by_label("Choose files").set_input_files(file("roster.csv", text))
    expect(page.get_by_role("alert")).to_contain_text("You have no access to this account.")
    page.get_by_role("button", name="Back").click()
    assert page.locator("datalist[id='accounts-imports:write'] option").count() == 2
    fill_fields(page, Account=f"{account}-b")
    page.get_by_label("Choose files").set_input_files(file("roster.csv", text))
    expect(page.locator(".faults li")).to_contain_text(["Not the account", "Not the account"])
