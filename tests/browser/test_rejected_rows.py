"""Rejected rows, which are corrected on the page."""

from playwright.sync_api import Page, expect

from tests.support.access import PASSWORD
from tests.support.browser import heading, open_view, rows, sign_in
from tests.support.local_stack import LocalStack

COLUMNS = "Vorname,Last name,Handy,Member ID,Account\n"


def rejecting_import(local: LocalStack, account: str, **options: object) -> str:
    """Imports a file with six rejected rows. Returns the import's id."""
    local.add_member(account, "1")
    phone = local.call("GET", f"/accounts/{account}/members/1")["phone_number"]
    lines = [
        f"Bad,Phone,12,2,{account}",
        f"Worse,Phone,13,3,{account}",
        f"Taken,Phone,{phone},4,{account}",
        f'Lee,"Jr ""x""",Sam,323-555-0005,5,{account}',
        "No,Cells",
        f"First,One,3235550101,7,{account}",
        f"Same,Number,3235550101,8,{account}",
    ]
    columns = {"Vorname": "first_name", "Handy": "phone_number"}
    text = COLUMNS + "\n".join(lines) + "\n"
    return str(local.import_file(f"{account}.csv", text, columns=columns, **options)["id"])


def test_corrected_rows_are_imported_with_same_options(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    import_id = rejecting_import(local, account, mode="upsert", region="US", max_rejected="99%")
    open_view(admin_page, f"/imports/{import_id}")
    listed = rows(admin_page)
    expect(listed).to_have_count(6)
    expect(admin_page.locator(".mend")).to_be_hidden()
    reason = admin_page.get_by_label("Reason")
    reason.select_option("The phone number has too few or too many digits (2)")
    expect(listed).to_have_count(2)
    admin_page.get_by_label("Handy, line 2").fill("323-555-0002")
    expect(admin_page.get_by_role("button", name="Import 1 corrected row")).to_be_visible()
    reason.select_option("all (6)")
    expect(listed).to_have_count(6)
    expect(admin_page.get_by_label("Handy, line 2")).to_have_value("323-555-0002")  # another filter keeps it
    admin_page.get_by_label("Handy, line 3").fill("323-555-0003")
    admin_page.get_by_label("Handy, line 3").fill("13")  # as it was: not corrected
    admin_page.get_by_role("button", name="Edit the row of line 5").click()
    fixed = {"Vorname": 'Sam "x"', "Last name": "Lee", "Handy": "323-555-0005", "Member ID": "5"}
    for name, value in {**fixed, "Account": account, "surplus cell": ""}.items():
        admin_page.get_by_label(f"{name}, line 5").fill(value)
    admin_page.get_by_role("button", name="Import 2 corrected rows").click()
    expect(heading(admin_page, f"{account} corrected.csv")).to_be_visible()
    expect(admin_page.get_by_text("Completed: 2 added.", exact=True)).to_be_visible()
    assert local.call("GET", f"/accounts/{account}/members/5")["first_name"] == 'Sam "x"'
    shown = local.import_of_file(f"{account} corrected.csv")
    assert (shown["mode"], shown["region"], shown["max_rejected"]) == ("upsert", "US", None)

    admin_page.go_back()
    expect(listed.filter(has_text="Corrected in another import")).to_have_count(2)
    expect(admin_page.get_by_role("button", name="corrected row")).to_have_count(0)


def test_rows_corrected_after_check_are_checked_again(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    """Those of a sync are added or changed: they are not the whole roster."""
    import_id = rejecting_import(local, account, mode="sync", account_id=account, dry_run=True)
    open_view(admin_page, f"/imports/{import_id}")
    admin_page.get_by_label("Handy, line 2").fill("323-555-0002")
    admin_page.get_by_role("button", name="Check 1 corrected row").click()
    expect(admin_page.locator(".status")).to_have_text("Checked: 1 would be added. Nothing was written.")
    shown = local.import_of_file(f"{account} corrected.csv")
    assert (shown["mode"], shown["dry_run"], shown["account_id"]) == ("upsert", True, account)


def test_viewer_follows_links_and_corrects_nothing(local: LocalStack, page: Page, account: str) -> None:
    import_id = rejecting_import(local, account)
    local.add_user(account, ["viewers"])
    sign_in(page, account, PASSWORD)
    expect(heading(page, "Members")).to_be_visible()
    open_view(page, f"/imports/{import_id}")
    _, _, taken, surplus, short, same = (rows(page).nth(index) for index in range(6))
    expect(taken.get_by_role("link")).to_contain_text("member ")
    expect(surplus.locator("mark")).to_have_text([account])
    expect(short.locator("mark")).to_have_text(["(empty)"] * 3)
    expect(page.locator(".list input")).to_have_count(0)
    expect(page.get_by_role("button", name="Edit the row")).to_have_count(0)
    same.get_by_role("link", name="line 7").click()
    expect(heading(page, "Line 7")).to_be_focused()
    expect(page.locator("main")).to_contain_text(
        "First name: First, Last name: One, Phone number: +1 323 555 0101"
    )
    page.get_by_role("link", name="Show the member").click()
    expect(heading(page, "First One")).to_be_visible()
    open_view(page, f"/imports/{import_id}/lines/99")
    expect(page.get_by_text("The file has no row that begins on this line.")).to_be_visible()


def test_many_rejected_rows_advise_the_file(local: LocalStack, admin_page: Page, account: str) -> None:
    text = "first_name,last_name,phone_number,client_member_id\n" + "".join(
        f"A,B,1,{n}\n" for n in range(501)
    )
    sent = local.import_file("many.csv", text, account_id=account)
    open_view(admin_page, f"/imports/{sent['id']}")
    expect(admin_page.get_by_text("it is easier to download rejected.csv")).to_be_visible()
    expect(rows(admin_page)).to_have_count(100)
