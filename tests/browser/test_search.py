"""The one search box: what it finds, the filter that it becomes, and what it says where it finds nothing."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.support.access import PASSWORD
from tests.support.browser import choose_account, heading, open_view, rows, sign_in
from tests.support.local_stack import LocalStack

FIELDS = ("first_name", "last_name", "phone_number", "client_member_id")
PEOPLE = (
    ("Änne", "Zöller", "+13235557001", "1"),
    ("Ralph", "Nguyễn", "+13235557002", "7002"),
    ("Minnie", "Nguyen", "+13235550003", "3"),
    ("Bo", "Lee", "+13235550004", "nguyen"),
)


@pytest.fixture
def people(local: LocalStack, account: str) -> list[dict[str, str]]:
    """The members of the test's account."""
    return [
        local.call("POST", "/members", {"account_id": account, **dict(zip(FIELDS, one, strict=True))})
        for one in PEOPLE
    ]


def search(page: Page, text: str) -> None:
    """Searches for a text."""
    page.get_by_label("Search for").fill(text)
    page.get_by_role("button", name="Find").click()


def filters(page: Page) -> Locator:
    """Returns the place of the filters."""
    return page.locator(".filters")


def expect_filter(page: Page, text: str) -> None:
    """Waits for the one filter, which a cross removes."""
    expect(filters(page)).to_have_text(f"{text}\N{MULTIPLICATION SIGN}")


def test_each_way_finds_a_member_and_becomes_filter(
    admin_page: Page, account: str, people: list[dict[str, str]]
) -> None:
    box = admin_page.get_by_label("Search for")
    box.fill("typed before the account is chosen")
    choose_account(admin_page, account)
    expect(box).to_have_value("typed before the account is chosen")
    expect(box).to_be_focused()
    for text, last_name, shown in (
        ("zoll", "Zöller", "Name: zoll"),
        ("anne zö", "Zöller", "Name: anne zö"),
        ("NGUYEN, ralph", "Nguyễn", "Name: NGUYEN, ralph"),
        ("(323) 555-7001", "Zöller", "Phone number: (323) 555-7001"),
        ("57001", "Zöller", "Phone number ends with: 57001"),
        ("7002", "Nguyễn", "Client member id: 7002"),  # the same member's number ends so, too
        (people[0]["id"], "Zöller", f"Member id: {people[0]['id']}"),
    ):
        search(admin_page, text)
        expect_filter(admin_page, shown)
        expect(rows(admin_page)).to_have_count(1)
        expect(rows(admin_page)).to_contain_text(last_name)
        expect(box).to_have_value(text)
        expect(box).to_be_focused()
        caption = f"Members of account {account} that match “{text}”"
        expect(admin_page.get_by_role("table", name=caption)).to_be_visible()
    admin_page.get_by_role("link", name="Remove the filter Member id").click()
    expect(rows(admin_page)).to_have_count(len(PEOPLE))
    expect(box).to_have_value("")
    expect(filters(admin_page)).to_be_hidden()


@pytest.mark.parametrize(
    ("client_member_id", "last_name"),
    [
        ("H1234567", "Hyde"),  # base64 of what no member's id has
        ("MR80Mg", "MTIzNB9i"),  # the ids of members 42 of account 1 and b of account 1234
    ],
)
def test_text_in_base64_is_searched_as_id_and_name_too(
    local: LocalStack, admin_page: Page, account: str, client_member_id: str, last_name: str
) -> None:
    local.add_member(account, client_member_id, last_name=last_name)
    choose_account(admin_page, account)
    for text, shown in (
        (last_name, f"Name: {last_name}"),
        (client_member_id, f"Client member id: {client_member_id}"),
    ):
        search(admin_page, text)
        expect_filter(admin_page, shown)
        expect(rows(admin_page)).to_have_count(1)


def test_user_chooses_one_of_several_ways_and_goes_back(
    admin_page: Page, account: str, people: list[dict[str, str]]
) -> None:
    choose_account(admin_page, account)
    search(admin_page, "nguyen")
    expect(filters(admin_page)).to_have_text("Found as: Client member id (1)Name (2)")
    expect(rows(admin_page)).to_have_count(3)
    admin_page.get_by_role("link", name="Name (2)").click()
    expect_filter(admin_page, "Name: nguyen")
    expect(rows(admin_page)).to_have_count(2)
    expect(admin_page).to_have_url(re.compile("q=nguyen&by=name$"))
    expect(admin_page.get_by_role("button", name="last names starting with nguyen")).to_be_visible()
    admin_page.get_by_role("link", name="Nguyễn, Ralph").click()
    expect(heading(admin_page, "Ralph Nguyễn")).to_be_visible()
    admin_page.go_back()
    expect_filter(admin_page, "Name: nguyen")
    admin_page.reload()
    expect_filter(admin_page, "Name: nguyen")
    expect(rows(admin_page)).to_have_count(2)
    admin_page.go_back()
    expect(filters(admin_page)).to_have_text("Found as: Client member id (1)Name (2)")
    admin_page.go_back()
    expect(rows(admin_page)).to_have_count(len(PEOPLE))


def test_search_that_finds_nothing_says_what_was_tried(
    local: LocalStack, admin_page: Page, account: str, people: list[dict[str, str]]
) -> None:
    """A search by id respects the account, and leads to all of them."""
    other = local.add_member(f"{account}-other")
    choose_account(admin_page, account)
    search(admin_page, "+1 323 555")
    notice = admin_page.locator(".list .message")
    expect(notice).to_contain_text(f"No member of account {account} matches “+1 323 555”.")
    expect(notice).to_contain_text("Searched by client member id and phone number.")
    expect(notice).to_contain_text("Must have the length of a phone number in its country.")
    search(admin_page, "Ralph")
    expect(notice).to_contain_text("Is Ralph a first name? Add how the last name starts: “Ralph m”.")
    expect(notice.get_by_role("link")).to_have_text(["Search all accounts by client member id"])
    search(admin_page, other["id"])
    expect(notice).to_contain_text(f"No member of account {account} matches")
    admin_page.get_by_role("link", name="Search all accounts by member id").click()
    expect(rows(admin_page)).to_have_count(1)
    expect(rows(admin_page)).to_contain_text(f"{account}-other")
    expect(admin_page.get_by_role("table", name="Members of all accounts that match")).to_be_visible()
    choose_account(admin_page, f"{account}-misspelt")
    expect(notice).to_contain_text(f"Nobody is in account {account}-misspelt. Check the spelling.")
    expect(notice.get_by_role("link")).to_have_count(0)
    expect(admin_page.get_by_label("Last names", exact=True)).to_be_hidden()  # there are none


@pytest.mark.parametrize("kind", ["editor", "viewer"])
def test_limited_users_search_their_accounts(
    local: LocalStack, page: Page, account: str, people: list[dict[str, str]], kind: str
) -> None:
    """An editor of two accounts searches both at once by name, too; a viewer of one has no other."""
    own = [account, f"{account}-b"] if kind == "editor" else [account]
    for each in (f"{account}-b", f"{account}-c"):
        local.add_member(each, "1", first_name="Ralph", last_name="Nguyen", phone_number=PEOPLE[0][2])
    writing = ["members:write"] if kind == "editor" else []
    local.add_group(account, ["members:read", *writing], own)
    local.add_user(account, [account])
    sign_in(page, account, PASSWORD)
    expect(heading(page, "Members")).to_be_visible()
    for text, shown in (
        ("ralph nguyen", ["Nguyễn, Ralph", "Nguyen, Ralph"]),
        ("7001", ["Zöller, Änne", "Nguyen, Ralph"]),
    ):
        search(page, text)
        expect(rows(page)).to_have_count(len(own))
        expect(rows(page).get_by_role("link")).to_have_text(shown[: len(own)])
    expect_filter(page, "Phone number ends with: 7001")
    search(page, "nobody")
    place = "" if kind == "editor" else f" of account {account}"
    expect(page.get_by_text(f"No member{place} matches “nobody”.")).to_be_visible()
    expect(page.get_by_text("Searched by client member id and name.")).to_be_visible()
    for text in ("Search all accounts", "searched within one account"):
        expect(page.get_by_text(text)).to_have_count(0)


def test_search_of_all_accounts_leads_to_one(
    admin_page: Page, account: str, people: list[dict[str, str]]
) -> None:
    choose_account(admin_page, account)  # which is suggested from now on
    open_view(admin_page, "/members?account=&q=zoll")
    expect(admin_page.get_by_text("No member matches “zoll”.")).to_be_visible()
    hint = admin_page.get_by_text("Names and last digits are searched within one account:")
    hint.get_by_role("link", name=account).click()
    expect(rows(admin_page)).to_contain_text("Zöller")


def test_search_of_large_account_goes_on_only_when_asked(
    admin_page: Page, account: str, people: list[dict[str, str]]
) -> None:
    requests: list[str] = []

    def respond(route: Route) -> None:
        requests.append(route.request.url)
        last = "cursor=" in route.request.url
        body = {"items": people[:1], "next": None} if last else {"items": [], "next": "20000"}
        route.fulfill(body=json.dumps(body), content_type="application/json")

    admin_page.route("**/members?*phone_ends_with*", respond)
    open_view(admin_page, f"/members?account={account}&q=57001")
    expect(admin_page.get_by_text("0 members found in the part that was searched.")).to_be_visible()
    assert len(requests) == 1
    admin_page.get_by_role("button", name="Search further").click()
    expect(rows(admin_page)).to_have_count(1)
    expect(admin_page.get_by_text("1 member shown, end of list.")).to_be_visible()
