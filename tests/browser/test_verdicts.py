"""What a card and the list say about how an import went, and what they offer next."""

import re

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.support.browser import csv_file, heading, held_requests, open_view, rows, send_files
from tests.support.local_stack import HEADER, LocalStack, roster_csv


def send(page: Page, name: str, text: str, *, only_check: bool = False) -> Locator:
    """Sends a file. Returns its card."""
    file = FilePayload(name=name, mimeType="text/csv", buffer=text.encode())
    send_files(page, file, only_check=only_check)
    return page.locator(".card").filter(has_text=name)


def colour(page: Page, name: str) -> str:
    """Returns a colour of the page's style sheet, as computed."""
    return str(
        page.evaluate(
            """name => {
              const probe = document.body.appendChild(document.createElement("i"));
              probe.style.color = `var(--${name})`;
              const colour = getComputedStyle(probe).color;
              probe.remove();
              return colour;
            }""",
            name,
        )
    )


def test_checked_card_says_nothing_written_and_imports(
    local: LocalStack, admin_page: Page, account: str
) -> None:
    text = roster_csv(account, 2) + f"Bad,Phone,12,x,{account}\nNo,Cells\n"
    name = f"{account}.csv"
    card = send(admin_page, name, text, only_check=True)
    expect(card).to_contain_text("Checked: 2 would be added, 2 need fixing. Nothing was written.")
    expect(card).to_contain_text("2 rows that need fixing will be left out.")
    expect(card.locator(".status")).to_have_css("color", colour(admin_page, "doubt"))
    listed = rows(admin_page).filter(has_text=name)
    expect(listed).to_contain_text("checked")
    expect(listed.locator(".status")).to_have_css("color", colour(admin_page, "doubt"))
    assert local.call("GET", f"/members?account_id={account}")["items"] == []

    card.get_by_role("button", name="Import now").click()
    expect(admin_page.get_by_text("Completed: 2 added, 2 rejected.", exact=True)).to_be_visible()
    checked = local.call("GET", "/imports?limit=2")["items"][1]["id"]
    open_view(admin_page, f"/imports/{checked}")
    expect(admin_page.get_by_role("link", name="The file was imported")).to_be_visible()
    expect(admin_page.get_by_role("button", name="Import now")).to_have_count(0)  # once is enough
    assert len(local.call("GET", f"/members?account_id={account}")["items"]) == 2


def test_card_undoes_its_import(local: LocalStack, admin_page: Page, account: str) -> None:
    card = send(admin_page, f"{account}.csv", roster_csv(account, 2))
    expect(card).to_contain_text("Completed: 2 added.")
    expect(card.locator(".status")).to_have_css("color", colour(admin_page, "created"))
    expect(card.get_by_role("progressbar")).to_have_count(0)  # the bar of the outcomes is the only one
    expect(card.locator(".outcomes")).to_be_hidden()
    box = card.bounding_box()
    assert box
    assert box["height"] < 60  # a line
    card.get_by_role("button", name="Undo this import").click()
    admin_page.get_by_role("dialog").get_by_role("button", name="Undo the import").click()
    expect(admin_page.get_by_text("Completed: 2 deleted.", exact=True)).to_be_visible()
    assert local.call("GET", f"/members?account_id={account}")["items"] == []


def test_card_of_rejected_file_is_red(admin_page: Page, account: str) -> None:
    card = send(admin_page, f"{account}.csv", HEADER + f"Bad,Phone,12,x,{account}\n")
    expect(card).to_contain_text("Completed: 1 rejected. Nothing was written.")
    expect(card.locator(".status")).to_have_css("color", colour(admin_page, "bad"))
    expect(card.get_by_role("button")).to_have_count(0)
    expect(rows(admin_page).filter(has_text=account).locator(".status")).to_have_css(
        "color", colour(admin_page, "bad")
    )


def test_failed_file_says_nothing_was_written(admin_page: Page, account: str) -> None:
    """A file whose start is sound: the preview stops others."""
    text = roster_csv(account, 3) + '"open'
    card = send(admin_page, f"{account}.csv", text)
    expect(card).to_contain_text("Failed. Nothing was written.")
    expect(card).to_contain_text("The file ends within a quote")


def test_check_without_effect_offers_no_import(admin_page: Page, account: str) -> None:
    text = HEADER + f"Bad,Phone,12,x,{account}\n"
    card = send(admin_page, f"{account}.csv", text, only_check=True)
    expect(card).to_contain_text("Checked: 1 needs fixing. Nothing was written.")
    expect(card.get_by_role("button", name="Import now")).to_have_count(0)


def test_list_follows_the_status_of_a_card(admin_page: Page, account: str) -> None:
    name = f"{account}.csv"
    send_files(admin_page, csv_file(name, account, 20_000))
    expect(heading(admin_page, "Imports")).to_be_visible()
    listed = rows(admin_page).filter(has_text=name)
    expect(admin_page.locator(".card").filter(has_text=name)).to_contain_text(re.compile("loading [0-9]+%"))
    expect(listed).to_contain_text("loading")
    expect(listed.locator(".number").first).to_be_empty()  # its card has the counts
    with held_requests(admin_page, "**/imports?*"):
        expect(admin_page.locator(".card").filter(has_text=name)).to_contain_text("Completed: 20,000 added.")
    expect(listed).to_contain_text("completed")
    expect(listed).to_contain_text("20,000")
