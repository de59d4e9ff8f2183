"""The admin page in a browser: sign in, open views, fill forms, read values, hold requests."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from tests.support.local_stack import roster_csv

MAX_WAIT_MS = 60_000
MEMBER_LABELS = {
    "First name": "first_name",
    "Last name": "last_name",
    "Phone number": "phone_number",
    "Client member id": "client_member_id",
    "Account": "account_id",
}
VISIBLE_TEXT = """() => [document.title, document.body.innerText,
  ...[...document.querySelectorAll("input, select, output")].map((field) => field.value)].join("\\n")"""
BROKEN_TEXT = re.compile(r"\[object|undefined|NaN|\bnull\b|Invalid Date")
expect.set_options(timeout=MAX_WAIT_MS)


def sign_in(page: Page, name: str = "rollcall", password: str = "rollcall") -> None:
    """Signs in with the form of the page."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def sign_in_again(page: Page, name: str = "rollcall", password: str = "rollcall") -> None:
    """Signs in with the dialog that opens when the session has ended."""
    dialog = page.get_by_role("dialog", name="Sign in again")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Password").fill(password)
    dialog.get_by_role("button", name="Sign in").click()


def session_token(page: Page) -> str:
    """Returns the token of the page's session."""
    return str(page.evaluate("sessionStorage.getItem('rollcall.session')"))


def session_storage_is_empty(page: Page) -> bool:
    """Returns whether the page stores nothing in the tab."""
    return bool(page.evaluate("sessionStorage.length === 0"))


def open_view(page: Page, path: str) -> None:
    """Opens the view at a path such as `/members/new`."""
    page.evaluate("path => { location.hash = path }", path)


def heading(page: Page, name: str) -> Locator:
    """Returns the heading with exactly this text."""
    return page.get_by_role("heading", name=name, exact=True)


def rows(page: Page) -> Locator:
    """Returns the rows of the list, without its header."""
    return page.locator(".list tbody tr")


def choose_account(page: Page, account: str) -> None:
    """Chooses an account in the header, and waits for the list of its members."""
    field = page.get_by_label("Account:")
    field.fill(account)
    field.press("Enter")
    expect(page).to_have_url(re.compile(f"account={re.escape(account)}$"))
    # The address changes first, and the fields of the view that is still shown then are replaced.
    expect(page.get_by_role("button", name=f"Export of account {account}", exact=True)).to_be_visible()


def fill_fields(page: Page, **values: str) -> None:
    """Fills the fields with these labels; an underscore in a name means a space."""
    for label, value in values.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(value)


def fill_new_member(page: Page, account: str, client_member_id: str, phone: str = "323-555-0009") -> None:
    """Fills the form of a new member, Ben Lee."""
    fill_fields(
        page,
        First_name="Ben",
        Last_name="Lee",
        Phone_number=phone,
        Client_member_id=client_member_id,
        Account=account,
    )


def csv_file(name: str, account: str, count: int = 3) -> Any:
    """Returns a CSV file of so many members, for the field that takes files."""
    return {"name": name, "mimeType": "text/csv", "buffer": roster_csv(account, count).encode()}


def choose_files(page: Page, files: Any) -> None:
    """Chooses files in the first step of an import, and waits until the second step has read them."""
    if not page.url.endswith("#/imports/new"):
        open_view(page, "/imports/new")
    page.get_by_label("Choose files").set_input_files(files)
    expect(page.get_by_text("Reading the first rows…")).to_have_count(0)


def send_files(page: Page, files: Any, mode: str = "create", *, only_check: bool = False) -> None:
    """Sends files in the three steps of an import, which end on the view with their cards."""
    choose_files(page, files)
    import_chosen(page, mode, only_check=only_check)


def import_chosen(page: Page, mode: str = "create", *, only_check: bool = False) -> None:
    """Goes on from the second step of an import."""
    deletes = page.get_by_label("The file deletes members")  # asked for a file with ids alone
    if deletes.count():
        deletes.check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("What should happen").select_option(mode)
    page.get_by_role("button", name="Check first" if only_check else "Import", exact=True).click()


def labelled_values(page: Page) -> dict[str, str]:
    """Returns the values that a view shows and those of its fields, by label."""
    return dict(
        page.evaluate("""() => [
          ...[...document.querySelectorAll("main dt")].map((dt) => [dt, dt.nextElementSibling.innerText]),
          ...[...document.querySelectorAll("main label[for]")].map((l) => [l, l.control.value]),
        ].map(([label, value]) => [label.innerText, value])""")
    )


def shown_member(page: Page) -> dict[str, str]:
    """Returns the fields of the member that a view shows, by their names in the API, the phone number as there."""
    shown = labelled_values(page)
    values = {name: shown[label] for label, name in MEMBER_LABELS.items()}
    return {**values, "phone_number": values["phone_number"].replace(" ", "")}


def readable_phone(number: str) -> str:
    """Returns a North American number (E.164) in the groups that the page shows."""
    return f"+1 {number[2:5]} {number[5:8]} {number[8:]}"


def expect_text(page: Page, *texts: str) -> None:
    """Waits until the page or its fields show all these texts, and checks that no text is broken."""
    end = time.monotonic() + MAX_WAIT_MS / 1000
    while missing := [text for text in texts if text not in (seen := page.evaluate(VISIBLE_TEXT))]:
        assert time.monotonic() < end, (missing, seen)
    assert not BROKEN_TEXT.search(page.evaluate(VISIBLE_TEXT)), page.evaluate(VISIBLE_TEXT)


def respond_with(page: Page, pattern: str, status: int, headers: dict[str, str] | None = None) -> None:
    """Answers matching requests with this status and an empty object; they do not reach the API."""
    page.route(pattern, lambda route: route.fulfill(status=status, headers=headers, body="{}"))


@contextmanager
def held_requests(page: Page, pattern: str, method: str = "") -> Iterator[list[Route]]:
    """Holds matching requests back until the block ends. Yields the list of those held."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if method in ("", route.request.method):
            held.append(route)
        else:
            route.continue_()

    page.route(pattern, hold)
    yield held
    for route in held:
        route.continue_()
    page.unroute(pattern)


def wait_until_held(page: Page, held: list[Route]) -> None:
    """Waits until `held_requests` holds a request. Playwright hands requests over during calls only."""
    wait_until(lambda: page.evaluate("1") and held)


def wait_until(condition: Callable[[], object]) -> None:
    """Waits until a condition is true that the browser cannot tell."""
    end = time.monotonic() + MAX_WAIT_MS / 1000
    while not condition():
        assert time.monotonic() < end
