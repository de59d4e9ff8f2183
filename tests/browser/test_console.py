"""The admin page in a real browser, on the stack that `make local` runs."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Response, Route, expect

from infra.browser import opened
from infra.emulator import free_ports
from infra.package import PROJECT
from tests.support.client import Http

HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"
PASSWORD = "correct horse battery"
HOSTILE = '<img src=x onerror="alert(1)">', '=HYPERLINK("http://x","y")'
PATIENCE = 60_000  # milliseconds until what does not come is a failure
expect.set_options(timeout=PATIENCE)


class Local:
    """A running `make local`: the address of its API, and a caller of that who may do everything."""

    def __init__(self, process: subprocess.Popen[str], url: str, emulator: str) -> None:
        self.process, self.url, self.emulator = process, url, emulator
        self._bearer = ""
        self._bearer = self.call("POST", "/tokens", {"name": "tests", "groups": ["admins"]})["token"]

    def call(
        self, method: str, path: str, data: Any = None, *, kind: str = "application/json", token: str = ""
    ) -> Any:
        """The JSON of an answer that must be a success."""
        body = data.encode() if isinstance(data, str) else None if data is None else json.dumps(data).encode()
        credentials = (
            f"Bearer {token or self._bearer}" if token or self._bearer else "Basic cm9sbGNhbGw6cm9sbGNhbGw="
        )
        headers = {"Authorization": credentials, "Content-Type": kind}
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def member(self, account: str, client_member_id: str = "1", **more: str) -> Any:
        """A member, added."""
        phone = f"323556{int(uuid.uuid4().hex[:6], 16) % 10_000:04}"
        data = {
            "account_id": account,
            "client_member_id": client_member_id,
            "first_name": "Ann",
            "last_name": "Lee",
        }
        return self.call("POST", "/members", {**data, "phone_number": phone, **more})


@pytest.fixture(scope="module")
def local() -> Iterator[Local]:
    port, emulator = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="rollcall-local-") as state:
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TABLE", "BUCKET", "LOAD_"))
        }
        environment |= {"PORT": str(port), "EMULATOR_PORT": str(emulator), "LOCAL_STATE": state}
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local"],
            cwd=PROJECT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout
            said = []
            while (line := process.stdout.readline()) != "rollcall is ready\n":
                said.append(line)
                assert line, "".join(said)
            yield Local(process, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{emulator}")
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened() as browser:
        yield browser


@pytest.fixture
def account() -> str:
    """An account that no other test uses."""
    return f"c-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def page(local: Local, browser: Browser) -> Iterator[Page]:
    """A page that nobody has signed in to. Whatever goes wrong in it fails the test."""
    context = browser.new_context(viewport={"width": 1200, "height": 800}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("console", lambda said: wrong.append(said.text) if _is_error(said) else None)
    page.goto(f"{local.url}/admin")
    yield page
    context.close()
    assert not wrong


def _is_error(said: ConsoleMessage) -> bool:
    """What the page itself says; that a request was refused, the browser says of every 4xx."""
    return said.type == "error" and not said.text.startswith("Failed to load resource")


def sign_in(page: Page, name: str = "rollcall", password: str = "rollcall") -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def inside(page: Page) -> Page:
    """The page of an admin."""
    sign_in(page)
    expect(heading(page, "Members")).to_be_visible()
    return page


def heading(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", name=name, exact=True)


def go(page: Page, place: str) -> None:
    page.evaluate("place => { location.hash = place }", place)


def sign_in_again(page: Page, name: str = "rollcall", password: str = "rollcall") -> None:
    dialog = page.get_by_role("dialog", name="Sign in again")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Password").fill(password)
    dialog.get_by_role("button", name="Sign in").click()


@contextmanager
def held(page: Page, pattern: str, method: str = "") -> Iterator[list[Route]]:
    """Keeps requests from going out until its end; those that wait."""
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        if method in ("", route.request.method):
            waiting.append(route)
        else:
            route.continue_()

    page.route(pattern, hold)
    yield waiting
    for route in waiting:
        route.continue_()
    page.unroute(pattern)


def answer_with(page: Page, pattern: str, status: int, headers: dict[str, str] | None = None) -> None:
    """Answers requests in the registry's place, and says nothing."""
    page.route(pattern, lambda route: route.fulfill(status=status, headers=headers, body="{}"))


def until(condition: Callable[[], object]) -> None:
    """Waits for what another process does."""
    end = time.monotonic() + PATIENCE / 1000
    while not condition():
        assert time.monotonic() < end


def refused(local: Local, token: str) -> bool:
    """Whether a token is good for nothing any more."""
    try:
        local.call("GET", "/me", token=token)
    except urllib.error.HTTPError as error:
        return error.code == 401
    return False


def rows(page: Page) -> Locator:
    return page.locator(".list tbody tr")


def roster(account: str, count: int) -> str:
    return HEADER + "".join(f"Ann{n % 7},Lee{n:05},{2010000000 + n},{n},{account}\n" for n in range(count))


# ---- In and out


def test_who_signs_in_sees_members_and_who_signs_out_sees_nothing(page: Page) -> None:
    sign_in(page)
    expect(heading(page, "Members")).to_be_visible()
    assert "rollcall" not in (page.evaluate("JSON.stringify({...localStorage}) + document.cookie") or "")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_wrong_password_is_said_so_and_nothing_more(page: Page) -> None:
    sign_in(page, password="wrong horse battery")
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    assert page.evaluate("sessionStorage.length") == 0


def test_an_ended_session_asks_for_the_password_again(local: Local, inside: Page) -> None:
    token = inside.evaluate("sessionStorage.getItem('rollcall.session')")
    local.call("DELETE", "/sessions", token=token)
    inside.get_by_role("link", name="Imports").click()
    expect(inside.get_by_text("Your session has ended.")).to_be_visible()
    sign_in(inside)
    expect(heading(inside, "Imports")).to_be_visible()


def test_a_session_that_ends_in_the_midst_of_an_edit_costs_none_of_it(
    local: Local, inside: Page, account: str
) -> None:
    member = local.member(account)
    go(inside, f"/members/{member['id']}")
    fill(inside, First_name="Typed")
    local.call("DELETE", "/sessions", token=inside.evaluate("sessionStorage.getItem('rollcall.session')"))
    inside.get_by_role("button", name="Save").click()
    dialog = inside.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_contain_text("Your session has ended.")
    inside.keyboard.press("Escape")
    inside.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    expect(inside.get_by_label("First name")).to_have_value("Typed")
    sign_in_again(inside)
    expect(heading(inside, "Typed Lee")).to_be_visible()
    expect(dialog).to_have_count(0)
    assert local.call("GET", f"/members/{member['id']}")["first_name"] == "Typed"


def test_who_signs_in_in_place_of_another_finds_nothing_of_theirs(
    local: Local, inside: Page, account: str
) -> None:
    local.call("POST", "/users", {"name": account, "password": PASSWORD, "groups": ["editors"]})
    member = local.member(account)
    inside.get_by_label("Account", exact=True).fill(account)
    inside.get_by_role("button", name="Find").click()
    go(inside, f"/members/{member['id']}")
    fill(inside, First_name="Typed")
    local.call("DELETE", "/sessions", token=inside.evaluate("sessionStorage.getItem('rollcall.session')"))
    inside.get_by_role("button", name="Save").click()
    sign_in_again(inside, account, PASSWORD)
    expect(inside.locator(".who")).to_contain_text(account)
    expect(heading(inside, "Members")).to_be_visible()
    expect(inside.get_by_label("Account", exact=True)).to_have_value("")
    assert local.call("GET", f"/members/{member['id']}")["first_name"] == "Ann"
    inside.get_by_role("button", name="Sign out").click()
    expect(inside.get_by_text("You are signed out.")).to_be_visible()
    assert inside.evaluate("sessionStorage.length") == 0


def test_who_signs_out_is_out_at_once_and_the_registry_hears_of_it(local: Local, inside: Page) -> None:
    token = inside.evaluate("sessionStorage.getItem('rollcall.session')")
    with held(inside, "**/sessions") as waiting:
        inside.get_by_role("button", name="Sign out").click()
        expect(inside.get_by_text("You are signed out.")).to_be_visible()
        assert inside.evaluate("sessionStorage.length") == 0
        until(lambda: inside.evaluate("1") and waiting)
    until(lambda: refused(local, token))


def test_who_knows_the_old_password_chooses_a_new_one_and_stays(local: Local, page: Page) -> None:
    name = f"user-{uuid.uuid4().hex[:8]}"
    local.call("POST", "/users", {"name": name, "password": PASSWORD, "groups": ["viewers"]})
    sign_in(page, name, PASSWORD)
    page.get_by_role("button", name="Password").click()
    dialog = page.get_by_role("dialog", name="Change your password")

    def choose(old: str, new: str) -> None:
        dialog.get_by_label("Current password").fill(old)
        dialog.get_by_label("New password").fill(new)
        dialog.get_by_role("button", name="Change").click()

    choose("a wrong horse battery", "another horse battery")
    expect(dialog.get_by_role("alert")).to_have_text("The current password is wrong.")
    choose(PASSWORD, "too short")
    expect(dialog.locator(".error", has_text="12 to 256 characters")).to_be_visible()
    choose(PASSWORD, "another horse battery")
    expect(dialog).to_have_count(0)
    page.get_by_role("link", name="Imports").click()
    expect(heading(page, "Imports")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, name, "another horse battery")
    expect(heading(page, "Members")).to_be_visible()


def changing_password(local: Local, page: Page, name: str) -> Locator:
    """The dialog of a new user who is about to change the password, all filled in."""
    local.call("POST", "/users", {"name": name, "password": PASSWORD, "groups": ["viewers"]})
    sign_in(page, name, PASSWORD)
    page.get_by_role("button", name="Password").click()
    dialog = page.get_by_role("dialog", name="Change your password")
    dialog.get_by_label("Current password").fill(PASSWORD)
    dialog.get_by_label("New password").fill("another horse battery")
    return dialog


@pytest.mark.parametrize(("pattern", "method"), [("**/me", "PATCH"), ("**/sessions", "POST")])
def test_who_signs_out_while_the_password_changes_stays_out(
    local: Local, page: Page, account: str, pattern: str, method: str
) -> None:
    dialog = changing_password(local, page, account)
    with page.expect_response(lambda one: one.status == 201) as begun, held(page, pattern, method):
        with page.expect_request(lambda one: one.method == method):
            dialog.get_by_role("button", name="Change").click()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_text("You are signed out.")).to_be_visible()
    token = begun.value.json()["token"]
    until(lambda: refused(local, token))
    assert page.evaluate("sessionStorage.length") == 0


def test_what_is_asked_for_while_the_password_changes_waits_for_the_next_session(
    local: Local, page: Page, account: str
) -> None:
    dialog = changing_password(local, page, account)
    with held(page, "**/sessions", "POST"):
        with page.expect_request("**/sessions"):
            dialog.get_by_role("button", name="Change").click()
        with page.expect_response(lambda one: one.status == 401):
            go(page, "/imports")
    expect(heading(page, "Imports")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_password_that_was_changed_is_said_to_be_so_though_no_session_begins(
    local: Local, page: Page, account: str
) -> None:
    dialog = changing_password(local, page, account)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)  # else the list says later what it shows
    answer_with(page, "**/sessions", 503)
    dialog.get_by_role("button", name="Change").click()
    expect(page.locator("#live")).to_have_text("Your password was changed.")
    expect(dialog).to_have_count(0)
    page.unroute("**/sessions")
    page.get_by_role("link", name="Imports").click()
    sign_in_again(page, account, "another horse battery")
    expect(heading(page, "Imports")).to_be_visible()


def test_a_registry_that_does_not_answer_signs_nobody_out(inside: Page) -> None:
    inside.route("**/me", lambda route: route.abort())
    inside.reload()
    expect(inside.get_by_role("alert")).to_contain_text("The registry does not respond.")
    inside.unroute("**/me")
    inside.get_by_role("button", name="Try again").click()
    expect(heading(inside, "Members")).to_be_visible()


def test_too_many_wrong_passwords_are_said_so_with_and_without_a_time(page: Page) -> None:
    for headers, text in (({"Retry-After": "1"}, "in 1 second."), ({}, "in a while.")):
        answer_with(page, "**/sessions", 429, headers)
        sign_in(page)
        expect(page.get_by_role("alert")).to_have_text(f"Too many wrong passwords. Try again {text}")
        page.unroute("**/sessions")


def test_who_may_do_nothing_yet_is_told_so(local: Local, page: Page, account: str) -> None:
    local.call("POST", "/users", {"name": account, "password": PASSWORD, "groups": []})
    sign_in(page, account, PASSWORD)
    expect(heading(page, "No access yet")).to_be_focused()
    expect(page).to_have_title(re.compile("^No access yet . Rollcall$"))


def test_who_writes_to_one_account_is_offered_no_change_in_another(
    local: Local, page: Page, account: str
) -> None:
    other = f"{account}-2"
    for name, permissions, accounts in (
        (f"{account}-r", ["members:read"], [account, other]),
        (f"{account}-w", ["members:write"], [other]),
    ):
        local.call("POST", "/groups", {"name": name, "permissions": permissions, "accounts": accounts})
    groups = [f"{account}-r", f"{account}-w"]
    local.call("POST", "/users", {"name": account, "password": PASSWORD, "groups": groups})
    read, written = local.member(account), local.member(other, first_name="Own")
    sign_in(page, account, PASSWORD)
    go(page, f"/members/{written['id']}")
    expect(heading(page, "Own Lee")).to_be_visible()
    assert pairs(page)["Phone number"] == written["phone_number"]
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    go(page, f"/members/{read['id']}")
    expect(heading(page, "Ann Lee")).to_be_visible()
    assert pairs(page)["Phone number"] == read["phone_number"]
    expect(page.get_by_role("button", name=re.compile("Save|Delete"))).to_have_count(0)
    go(page, "/members/new")
    expect(page.get_by_label("Account", exact=True)).to_have_value(other)  # the only one there is


def test_a_viewer_is_offered_nothing_that_it_may_not_do(local: Local, page: Page, account: str) -> None:
    local.call("POST", "/users", {"name": account, "password": PASSWORD, "groups": ["viewers"]})
    member = local.member(account)
    sign_in(page, account, PASSWORD)
    expect(heading(page, "Members")).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link")).to_have_text(["Members", "Imports"])
    expect(page.get_by_role("link", name="Add a member")).to_have_count(0)
    go(page, f"/members/{member['id']}")
    expect(heading(page, "Ann Lee")).to_be_visible()
    assert {label: pairs(page)[label] for label in LABELS} == values(member)
    expect(page.get_by_role("textbox")).to_have_count(0)
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    go(page, "/imports")
    expect(heading(page, "Imports")).to_be_visible()
    expect(page.get_by_label("Choose files")).to_have_count(0)
    for place in ("/members/new", "/access/users"):
        go(page, place)
        expect(heading(page, "No permission")).to_be_visible()


# ---- Members


def fill(page: Page, **values: str) -> None:
    for label, value in values.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(value)


def test_a_member_is_added_and_a_conflict_leads_to_who_holds_the_value(
    local: Local, inside: Page, account: str
) -> None:
    holder = local.member(account, "1", first_name="Holly", phone_number="3235550001")
    inside.get_by_role("link", name="Add a member").click()
    fill(inside, First_name="Ben", Last_name="Lee", Phone_number="12", Client_member_id="2", Account=account)
    inside.get_by_role("button", name="Add").click()
    number = inside.get_by_label("Phone number")
    expect(number).to_have_attribute("aria-invalid", "true")
    expect(number).to_have_accessible_description("Must have the length of a phone number in its country.")
    expect(number).to_be_focused()
    number.fill("(323) 555-0001")
    inside.get_by_role("button", name="Add").click()
    inside.get_by_role("link", name="Show that member").click()
    expect(heading(inside, "Holly Lee")).to_be_visible()
    assert {label: pairs(inside)[label] for label in LABELS} == values(holder)
    assert inside.url.endswith(f"#/members/{holder['id']}")
    go(inside, "/members/new")
    fill(
        inside,
        First_name="Ben",
        Last_name="Lee",
        Phone_number="323-555-0002",
        Client_member_id="2",
        Account=account,
    )
    inside.get_by_role("button", name="Add").click()
    expect(heading(inside, "Ben Lee")).to_be_visible()
    assert (
        pairs(inside).items()
        >= {"First name": "Ben", "Phone number": "+13235550002", "Account": account}.items()
    )
    expect(inside.get_by_text("user:rollcall").first).to_be_visible()


def test_a_member_is_changed_moved_and_deleted(local: Local, inside: Page, account: str) -> None:
    member = local.member(account)
    go(inside, f"/members/{member['id']}")
    fill(inside, First_name="Zoë", Client_member_id="9")
    inside.get_by_role("button", name="Save").click()
    expect(heading(inside, "Zoë Lee")).to_be_visible()
    expect(inside.locator(".saved")).to_have_text("Saved.")
    moved = local.call("GET", f"/accounts/{account}/members/9")
    assert (moved["first_name"], moved["version"]) == ("Zoë", 2)
    assert {label: pairs(inside)[label] for label in LABELS} == values(moved)
    assert inside.url.endswith(f"#/members/{moved['id']}")

    inside.get_by_role("button", name="Delete").click()
    dialog = inside.get_by_role("dialog", name="Delete Zoë Lee?")
    dialog.get_by_role("button", name="Keep it").click()
    assert local.call("GET", f"/members?account_id={account}")["items"]
    inside.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(heading(inside, "Members")).to_be_visible()
    assert not local.call("GET", f"/members?account_id={account}")["items"]


@pytest.mark.parametrize("choice", ["Save my version", "Use the current version"])
def test_a_stale_edit_shows_both_versions_and_loses_neither(
    local: Local, inside: Page, account: str, choice: str
) -> None:
    member = local.member(account)
    go(inside, f"/members/{member['id']}")
    fill(inside, First_name="Mine")
    local.call("PATCH", f"/members/{member['id']}", {"first_name": "Theirs", "last_name": "Else"})
    inside.get_by_role("button", name="Save").click()
    expect(heading(inside, "Theirs Else was changed by somebody else")).to_be_visible()
    expect(inside.get_by_text("token:tests")).to_be_visible()
    expect(inside.get_by_role("row", name="First name")).to_have_text("First nameAnnMineTheirs")
    assert local.call("GET", f"/members/{member['id']}")["version"] == 2
    inside.get_by_role("button", name=choice).click()
    name = "Mine Else" if choice.startswith("Save") else "Theirs Else"
    expect(heading(inside, name)).to_be_visible()
    assert pairs(inside)["Phone number"] == member["phone_number"]
    stored = local.call("GET", f"/members/{member['id']}")
    assert f"{stored['first_name']} {stored['last_name']}" == name


def test_a_stale_edit_that_is_overtaken_again_is_compared_again(
    local: Local, inside: Page, account: str
) -> None:
    member = local.member(account)
    holder = local.member(account, "2", phone_number="3235550002")
    go(inside, f"/members/{member['id']}")
    fill(inside, First_name="Mine", Phone_number="323-555-0002")
    local.call("PATCH", f"/members/{member['id']}", {"last_name": "Second"})
    inside.get_by_role("button", name="Save").click()
    expect(heading(inside, "Ann Second was changed by somebody else")).to_be_focused()
    local.call("PATCH", f"/members/{member['id']}", {"last_name": "Third"})
    inside.get_by_role("button", name="Save my version").click()
    expect(heading(inside, "Ann Third was changed by somebody else")).to_be_visible()
    local.call("PATCH", f"/members/{member['id']}", {"last_name": "Fourth"})
    inside.get_by_role("button", name="Use the current version").click()
    expect(heading(inside, "Ann Fourth")).to_be_visible()

    fill(inside, First_name="Mine", Phone_number="323-555-0002")
    local.call("PATCH", f"/members/{member['id']}", {"last_name": "Fifth"})
    inside.get_by_role("button", name="Save").click()
    inside.get_by_role("button", name="Save my version").click()
    expect(inside.get_by_label("Phone number")).to_have_attribute("aria-invalid", "true")
    expect(inside.get_by_label("First name")).to_have_value("Mine")
    expect(inside.get_by_label("Last name")).to_have_value("Fifth")
    inside.get_by_role("link", name="Show that member").click()
    assert inside.url.endswith(f"#/members/{holder['id']}")
    expect(inside.get_by_label("Client member id")).to_have_value("2")
    inside.go_back()
    expect(inside.get_by_label("First name")).to_have_value("Mine")
    fill(inside, Phone_number="323-555-0003")
    inside.get_by_role("button", name="Save").click()
    expect(heading(inside, "Mine Fifth")).to_be_visible()


def test_what_comes_late_is_drawn_where_it_was_asked_for_and_nowhere_else(
    local: Local, inside: Page, account: str
) -> None:
    member = local.member(account)
    go(inside, f"/members/{member['id']}")
    fill(inside, First_name="Late")
    with held(inside, "**/members/*", "PATCH"):
        inside.get_by_role("button", name="Save").click()
        expect(inside.locator("[inert] input")).to_have_count(5)  # nothing typed now would be lost unseen
        inside.get_by_role("link", name="Imports").click()
        expect(heading(inside, "Imports")).to_be_visible()
        expect(inside.locator("table[aria-busy=true]")).to_have_count(0)  # what it says comes first
    expect(inside.locator("#live")).to_have_text("Saved.")
    expect(heading(inside, "Imports")).to_be_visible()
    inside.go_back()
    expect(heading(inside, "Late Lee")).to_be_visible()

    go(inside, "/members/new")
    new_member(inside, account, "2")
    with held(inside, "**/members", "POST"):
        inside.get_by_role("button", name="Add").click()
        inside.get_by_role("link", name="Imports").click()
        expect(heading(inside, "Imports")).to_be_visible()
        expect(inside.locator("table[aria-busy=true]")).to_have_count(0)  # what it says comes first
    expect(inside.locator("#live")).to_have_text("Ben Lee was added.")
    assert inside.url.endswith("#/imports")

    with held(inside, f"**/members/{member['id']}"):
        go(inside, f"/members/{member['id']}")
        expect(inside.locator("main[aria-busy=true]")).to_be_visible()
        inside.get_by_role("link", name="Access").click()
        expect(heading(inside, "Users")).to_be_visible()
    expect(inside.locator("main[aria-busy=false]")).to_be_visible()
    expect(heading(inside, "Users")).to_be_visible()

    inside.get_by_role("button", name="Add a user").click()
    expect(inside.get_by_role("dialog")).to_be_visible()
    inside.go_back()
    expect(inside.get_by_role("dialog")).to_have_count(0)


def new_member(page: Page, account: str, client_member_id: str, phone: str = "323-555-0009") -> None:
    fill(
        page,
        First_name="Ben",
        Last_name="Lee",
        Phone_number=phone,
        Client_member_id=client_member_id,
        Account=account,
    )


def test_back_from_who_holds_a_value_finds_what_was_typed(local: Local, inside: Page, account: str) -> None:
    local.member(account, "1", first_name="Holly")
    go(inside, "/members/new")
    new_member(inside, account, "1")
    inside.get_by_role("button", name="Add").click()
    inside.get_by_role("link", name="Show that member").click()
    expect(heading(inside, "Holly Lee")).to_be_visible()
    inside.go_back()
    expect(heading(inside, "Add a member")).to_be_visible()
    expect(inside.get_by_label("First name")).to_have_value("Ben")
    fill(inside, Client_member_id="2")
    inside.get_by_role("button", name="Add").click()
    expect(heading(inside, "Ben Lee")).to_be_visible()


def test_back_from_a_member_finds_the_place_in_the_list(local: Local, inside: Page, account: str) -> None:
    finished(local, local.call("POST", "/imports", roster(account, 250), kind="text/csv")["id"])
    go(inside, f"/members?account={account}&by=last_name&q=")
    expect(rows(inside)).to_have_count(100)
    inside.get_by_role("link", name="Lee00099").scroll_into_view_if_needed()
    expect(rows(inside)).to_have_count(200)
    wanted = inside.get_by_role("link", name="Lee00150")
    wanted.scroll_into_view_if_needed()
    scrolled = inside.evaluate("scrollY")
    wanted.click()
    fill(inside, First_name="Renamed")
    inside.get_by_role("button", name="Save").click()
    expect(heading(inside, "Renamed Lee00150")).to_be_visible()
    inside.go_back()
    expect(wanted).to_be_focused()
    assert rows(inside).count() >= 200
    assert inside.evaluate("scrollY") == scrolled
    expect(inside.get_by_role("row", name="Lee00150")).to_contain_text("Renamed")


def test_a_search_that_is_refused_says_why_at_its_field(inside: Page) -> None:
    inside.get_by_label("Find by").select_option("Phone number")
    sought = inside.get_by_label("Search for")
    sought.fill("12")
    inside.get_by_role("button", name="Find").click()
    expect(sought).to_have_accessible_description("Must have the length of a phone number in its country.")
    expect(sought).to_be_focused()
    expect(inside.get_by_role("table")).to_have_count(0)
    expect(inside.get_by_role("button", name="Try again")).to_have_count(0)


def test_the_focus_stays_with_what_was_done_and_the_title_with_what_is_there(
    local: Local, inside: Page, account: str
) -> None:
    member = local.member(account)
    inside.get_by_label("Search for").fill("l")
    inside.get_by_label("Account", exact=True).fill(account)
    inside.get_by_role("button", name="Find").click()
    expect(inside.get_by_label("Search for")).to_be_focused()
    inside.get_by_role("link", name="Lee").click()
    expect(inside).to_have_title(re.compile("^Ann Lee . Rollcall$"))
    save = inside.get_by_role("button", name="Save")
    save.click()
    expect(inside.locator(".saved")).to_have_text("There are no changes to save.")
    fill(inside, First_name="Zoë")
    save.click()
    expect(inside).to_have_title(re.compile("^Zoë Lee . Rollcall$"))
    expect(save).to_be_focused()
    answer_with(inside, f"**/members/{member['id']}", 503)
    fill(inside, First_name="Ann")
    save.click()
    expect(inside.get_by_role("alert")).to_have_text("Something went wrong.")
    expect(save).to_be_focused()
    inside.unroute(f"**/members/{member['id']}")
    local.call("PATCH", f"/members/{member['id']}", {"last_name": "Else"})
    delete = inside.get_by_role("button", name="Delete")
    delete.click()
    inside.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(inside.locator(".saved")).to_contain_text("Somebody else changed this member")
    expect(heading(inside, "Zoë Else")).to_be_visible()
    expect(delete).to_be_focused()
    go(inside, "/nowhere")
    expect(heading(inside, "Page not found")).to_be_focused()
    expect(inside).to_have_title(re.compile("^Page not found . Rollcall$"))
    expect(inside.locator("nav [aria-current]")).to_have_count(0)


def test_one_member_among_many_is_found_in_each_way(local: Local, inside: Page, account: str) -> None:
    wanted = local.member(account, "007", last_name="Müller", phone_number="3235557007")
    local.member(account, "2", last_name="Mouse")
    for way, what in (
        ("Last name starts with", "mül"),
        ("Phone number", "(323) 555-7007"),
        ("Client member id", "007"),
        ("Member id", wanted["id"]),
    ):
        inside.get_by_label("Account", exact=True).fill(account)
        inside.get_by_label("Find by").select_option(way)
        inside.get_by_label("Search for").fill(what)
        inside.get_by_role("button", name="Find").click()
        expect(rows(inside)).to_have_count(1)
        expect(rows(inside).get_by_role("link")).to_have_text("Müller")
    inside.get_by_label("Search for").fill("nobody")
    inside.get_by_role("button", name="Find").click()
    expect(inside.get_by_label("Search for")).to_have_accessible_description(
        "Not in the form of a member's id. Copy the id from a member."
    )
    inside.get_by_label("Find by").select_option("Client member id")
    inside.get_by_role("button", name="Find").click()
    expect(inside.get_by_text("No members match.")).to_be_visible()


def finished(local: Local, import_id: str) -> Any:
    while not (one := local.call("GET", f"/imports/{import_id}"))["finished_at"]:
        pass
    return one


def test_a_thousand_members_come_as_one_scrolls_in_order_and_each_once(
    local: Local, page: Page, account: str
) -> None:
    sent = local.call("POST", "/imports", roster(account, 1000), kind="text/csv")
    assert finished(local, sent["id"])["counts"]["created"] == 1000
    asked: list[str] = []
    transferred: list[int] = []

    def note(request: Request) -> None:
        asked.append(request.url)
        transferred.append(sum(request.sizes().values()))  # type: ignore[arg-type]

    page.on("requestfinished", note)
    page.evaluate("account => sessionStorage.setItem('rollcall.account', account)", account)
    sign_in(page)
    expect(rows(page)).to_have_count(100)
    after = [url for url in asked if not url.endswith("/sessions")]
    assert len(after) <= 3, after
    assert sum(transferred) < 100_000
    while (shown := rows(page).count()) < 1000:
        page.mouse.wheel(0, 100_000)
        page.wait_for_function(
            "shown => document.querySelectorAll('.list tbody tr').length > shown", arg=shown, timeout=PATIENCE
        )
    names = page.locator(".list tbody tr td:first-child").all_text_contents()
    assert names == [f"Lee{n:05}" for n in range(1000)]
    expect(page.get_by_text("1,000 members shown, end of list.")).to_be_visible()
    assert len([url for url in asked if "/members?" in url]) == 10  # and nothing was counted


def test_the_whole_page_is_small_and_kept_by_the_browser(local: Local, page: Page) -> None:
    got: dict[str, tuple[int, str]] = {}

    def note(answer: Response) -> None:
        sent = len(gzip.compress(answer.body()))  # the API sends it like this
        got[answer.url] = sent, answer.headers.get("cache-control", "")

    page.on("response", note)
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert sum(size for size, _ in got.values()) < 45_000
    files = {url: kept for url, (_, kept) in got.items() if not url.endswith("/admin")}
    assert len(files) >= 8
    assert all("immutable" in kept for kept in files.values()), files


def test_hostile_names_are_text_everywhere(local: Local, inside: Page, account: str) -> None:
    first, last = HOSTILE
    member = local.member(account, "<b>1</b>", first_name=first, last_name=last)
    go(inside, f"/members?account={account}&by=last_name&q=")
    expect(rows(inside)).to_contain_text(first)
    expect(rows(inside)).to_contain_text(last)
    go(inside, f"/members/{member['id']}")
    expect(heading(inside, f"{first} {last}")).to_be_visible()
    text = HEADER + ",".join(
        f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in (*HOSTILE, "<i>12", "<b>", account)
    )
    go(inside, "/imports")
    inside.get_by_label("Choose files").set_input_files(
        {"name": "<i>x.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    inside.get_by_role("link", name="<i>x.csv").first.click()
    expect(inside.locator(".fault")).to_have_text("<i>12")
    expect(rows(inside)).to_contain_text(last)
    assert inside.locator("main img, main i, main b").count() == 0


# ---- Imports


def test_a_file_with_bad_rows_is_sent_watched_and_brought_back(
    local: Local, inside: Page, account: str
) -> None:
    text = roster(account, 300) + f"Bad,Phone,12,x,{account}\nNo,Cells\n"
    inside.get_by_role("link", name="Imports").click()
    inside.get_by_label("What should happen").select_option("upsert")
    inside.get_by_label("Choose files").set_input_files(
        {"name": "roster.csv.gz", "mimeType": "application/gzip", "buffer": gzip.compress(text.encode())}
    )
    card = inside.locator(".card")
    expect(card).to_contain_text("300 created")
    expect(card).to_contain_text("completed")
    card.get_by_role("link", name="roster.csv.gz").click()
    expect(heading(inside, "roster.csv.gz")).to_be_visible()
    expect(inside.locator(".outcomes")).to_contain_text("302 rows")
    expect(inside.locator(".outcomes")).to_contain_text("2 rejected")
    expect(inside.get_by_role("row", name="too few or too many digits 1")).to_be_visible()
    expect(rows(inside)).to_have_count(2)
    expect(rows(inside).first).to_contain_text("302")
    expect(inside.locator(".fault")).to_have_text("12")
    with inside.expect_download() as waiting:
        inside.get_by_role("button", name="Download rejected.csv").click()
    lines = Path(waiting.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].endswith("line,code,reason")
    assert len(lines) == 3
    go(inside, "/imports")
    expect(rows(inside).first).to_contain_text("roster.csv.gz")
    expect(rows(inside).first).to_contain_text("user:rollcall")


def test_an_import_under_way_is_watched_and_cancelled(local: Local, inside: Page, account: str) -> None:
    announced = local.call("POST", "/imports", {"filename": "long.csv"})
    data = roster(account, 120_000).encode()
    with urllib.request.urlopen(urllib.request.Request(announced["upload"]["url"], data, method="PUT")):
        go(inside, f"/imports/{announced['id']}")
    expect(heading(inside, "long.csv")).to_be_visible()
    expect(inside.locator(".outcomes")).to_contain_text(re.compile("[1-9][0-9,]* created"))  # the first chunk
    inside.get_by_role("button", name="Cancel the import").click()
    inside.get_by_role("dialog").get_by_role("button", name="Cancel the import").click()
    expect(inside.locator(".status.cancelled")).to_be_visible()
    expect(inside.get_by_role("row", name=re.compile("cancelled before this row [0-9,]+"))).to_be_visible()
    counts = finished(local, announced["id"])["counts"]
    assert counts["rows"] == 120_000 == counts["created"] + counts["rejected"]


def test_an_import_is_watched_on_after_a_look_that_failed(local: Local, inside: Page, account: str) -> None:
    announced = local.call("POST", "/imports", {"filename": "slow.csv"})
    go(inside, f"/imports/{announced['id']}")
    expect(inside.locator(".outcomes")).to_contain_text("0 rejected")
    answer_with(inside, f"**/imports/{announced['id']}", 503, {"Retry-After": "1"})
    expect(inside.get_by_text("Checking again in 1 second.")).to_be_visible()
    inside.unroute(f"**/imports/{announced['id']}")
    data = roster(account, 3).encode()
    with urllib.request.urlopen(urllib.request.Request(announced["upload"]["url"], data, method="PUT")):
        expect(inside.locator(".status.completed")).to_be_visible()
    expect(inside.locator(".outcomes")).to_contain_text("3 created")


def csv(name: str, account: str, count: int = 3) -> Any:
    return {"name": name, "mimeType": "text/csv", "buffer": roster(account, count).encode()}


def test_an_empty_page_of_a_list_is_not_its_end(local: Local, inside: Page, account: str) -> None:
    """The registry has looked at many imports that are others', and says where to go on."""
    sent = local.call("POST", "/imports?filename=mine.csv", roster(account, 1), kind="text/csv")["id"]
    finished(local, sent)

    def nothing_yet(route: Route) -> None:
        route.fulfill(json={"items": [], "next": "99991231T235959Z-aaaaaaaaaa"})

    inside.route(re.compile(r"/imports\?limit=50$"), nothing_yet)
    inside.get_by_role("link", name="Imports").click()
    expect(inside.get_by_role("link", name="mine.csv").first).to_be_visible()


def test_files_go_one_at_a_time_and_on_while_other_views_are_shown(inside: Page, account: str) -> None:
    announced: list[str] = []
    inside.on(
        "request",
        lambda r: announced.append(r.url) if (r.method, r.url[-8:]) == ("POST", "/imports") else None,
    )
    inside.get_by_role("link", name="Imports").click()
    one, two = inside.get_by_role("region", name="one.csv"), inside.get_by_role("region", name="two.csv")
    with held(inside, "**/drops/http/**", "PUT"):
        inside.get_by_label("Choose files").set_input_files(
            [csv("one.csv", account), csv("two.csv", account), csv("three.csv", account)]
        )
        expect(one).to_contain_text("Sending.")
        expect(two).to_contain_text("Waiting for other files.")
        assert leaving_is_asked_for(inside)
        inside.get_by_role("link", name="Members").click()
        expect(heading(inside, "Members")).to_be_visible()
        inside.go_back()
        expect(one).to_contain_text("Sending.")
        inside.get_by_role("button", name="Cancel three.csv").click()
        expect(inside.get_by_role("region", name="three.csv")).to_contain_text("Not sent")
        expect(inside.get_by_role("heading", name="three.csv")).to_be_focused()
        assert len(announced) == 1
    for card in (one, two):
        expect(card).to_contain_text("completed")
    assert len(announced) == 2
    assert not leaving_is_asked_for(inside)


def leaving_is_asked_for(page: Page) -> bool:
    """Whether the browser would ask before it closes the page."""
    return bool(page.evaluate("!dispatchEvent(new Event('beforeunload', {cancelable: true}))"))


def test_who_signs_out_takes_back_the_file_that_is_being_sent(
    local: Local, inside: Page, account: str
) -> None:
    inside.get_by_role("link", name="Imports").click()
    with held(inside, "**/drops/http/**", "PUT") as waiting:
        inside.get_by_label("Choose files").set_input_files(csv("half.csv", account))
        expect(inside.get_by_text("Sending.")).to_be_visible()
        until(lambda: inside.evaluate("1") and waiting)
        inside.get_by_role("button", name="Sign out").click()
        dialog = inside.get_by_role("dialog", name="Sign out?")
        dialog.get_by_role("button", name="Stay").click()
        inside.get_by_role("button", name="Sign out").click()
        dialog.get_by_role("button", name="Sign out").click()
        expect(inside.get_by_text("You are signed out.")).to_be_visible()
        until(lambda: newest(local, "half.csv")["status"] == "cancelled")
        waiting.clear()  # the browser has given it up


def newest(local: Local, name: str) -> Any:
    """The newest import of a file of this name."""
    return next(
        one for one in local.call("GET", "/imports")["items"] if one["source"]["key"].endswith(f"/{name}")
    )


def test_a_cancelled_file_is_in_the_list_as_cancelled(inside: Page, account: str) -> None:
    inside.get_by_role("link", name="Imports").click()
    name = f"{account}.csv"
    with held(inside, "**/drops/http/**", "PUT") as waiting:
        inside.get_by_label("Choose files").set_input_files(csv(name, account))
        expect(inside.get_by_text("Sending.")).to_be_visible()
        until(lambda: inside.evaluate("1") and waiting)
        inside.get_by_role("button", name=f"Cancel {name}").click()
        expect(inside.get_by_role("row", name=name)).to_contain_text("cancelled")
        waiting.clear()


DROP = """([name, text]) => {
  const files = new DataTransfer();
  files.items.add(new File([text], name));
  return document.querySelector("header").dispatchEvent(
    new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true}));
}"""


def test_a_file_may_be_dropped_anywhere_and_opens_in_place_of_no_page(inside: Page, account: str) -> None:
    text = roster(account, 3)
    assert not inside.evaluate(DROP, ["elsewhere.csv", text])  # the browser is told not to open it
    inside.get_by_role("link", name="Imports").click()
    expect(heading(inside, "Imports")).to_be_visible()
    assert not inside.evaluate(DROP, ["dropped.csv", text])
    expect(inside.locator(".card")).to_contain_text("3 created")
    expect(inside.locator(".card")).to_have_count(1)


def test_a_file_that_is_no_csv_is_refused_before_it_is_sent(inside: Page) -> None:
    inside.get_by_role("link", name="Imports").click()
    files = inside.get_by_label("Choose files")
    files.set_input_files({"name": "roster.xlsx", "mimeType": "text/csv", "buffer": b"x"})
    expect(files).to_have_accessible_description(re.compile("Save it as CSV first"))
    expect(inside.locator(".card")).to_have_count(0)


def test_a_report_names_the_columns_that_were_not_used(local: Local, inside: Page, account: str) -> None:
    text = HEADER.strip() + f",shoe size\nAnn,Lee,,1,{account},7\n"
    sent = finished(local, local.call("POST", "/imports", text, kind="text/csv")["id"])
    go(inside, f"/imports/{sent['id']}")
    expect(inside.get_by_text("Columns that were not used: shoe size.")).to_be_visible()
    expect(rows(inside)).to_contain_text("Phone number: Must not be blank.")


# ---- Access


def test_a_group_that_somebody_changed_meanwhile_is_opened_anew(
    local: Local, inside: Page, account: str
) -> None:
    group = {"name": account, "permissions": ["members:read"], "accounts": ["west"]}
    local.call("POST", "/groups", group)
    go(inside, "/access/groups")
    edit = inside.get_by_role("button", name=f"Edit {account}")
    edit.click()
    dialog = inside.get_by_role("dialog")
    local.call("PATCH", f"/groups/{account}", {"accounts": ["east"]})
    dialog.get_by_label("Accounts").fill("north")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody else changed this")
    dialog.get_by_role("button", name="Cancel").click()
    expect(inside.get_by_role("row", name=account)).to_contain_text("east")
    expect(edit).to_be_focused()
    edit.click()
    expect(dialog.get_by_label("Accounts")).to_have_value("east")
    dialog.get_by_label("Accounts").fill("north")
    dialog.get_by_role("button", name="Save").click()
    expect(inside.get_by_role("row", name=account)).to_contain_text("north")
    expect(edit).to_be_focused()


def test_a_dialog_opens_once_or_says_why_it_does_not(inside: Page) -> None:
    go(inside, "/access/users")
    add = inside.get_by_role("button", name="Add a user")
    inside.route("**/groups?*", lambda route: route.abort())
    add.click()
    expect(inside.get_by_role("alert")).to_contain_text("The registry does not respond.")
    inside.unroute("**/groups?*")
    with held(inside, "**/groups?*"):
        add.dblclick()
    expect(inside.get_by_role("dialog")).to_have_count(1)
    expect(inside.locator("dialog .choice").first).to_have_css("font-weight", "400")


def test_a_new_token_is_copied_and_stays_until_it_is_done_with(inside: Page, account: str) -> None:
    inside.context.grant_permissions(["clipboard-read", "clipboard-write"])
    go(inside, "/access/tokens")
    inside.get_by_role("button", name="Add a token").click()
    dialog = inside.get_by_role("dialog")
    dialog.get_by_label("Name").fill(account)
    dialog.get_by_role("button", name="Add").click()
    dialog.get_by_role("button", name="Copy").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    assert inside.evaluate("navigator.clipboard.readText()") == dialog.locator("output").inner_text()
    inside.keyboard.press("Escape")
    inside.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_have_count(0)


def test_users_groups_and_tokens_are_added_changed_and_removed(
    local: Local, inside: Page, account: str
) -> None:
    inside.get_by_role("link", name="Access").click()
    inside.get_by_role("link", name="Groups").click()
    inside.get_by_role("button", name="Add a group").click()
    dialog = inside.get_by_role("dialog")
    dialog.get_by_label("Name").fill(account)
    dialog.get_by_label("members:read").check()
    dialog.get_by_label("Accounts").fill("7, 8")
    dialog.get_by_role("button", name="Add").click()
    expect(inside.get_by_role("row", name=account)).to_contain_text("7, 8")
    inside.get_by_role("button", name=f"Edit {account}").click()
    dialog.get_by_label("Accounts").fill("*")
    dialog.get_by_role("button", name="Save").click()
    expect(inside.get_by_role("row", name=account)).to_contain_text("every account")

    inside.get_by_role("link", name="Users").click()
    inside.get_by_role("button", name="Add a user").click()
    dialog.get_by_label("Name").fill(account)
    dialog.get_by_label("Password").fill("short")
    dialog.get_by_label(account).check()
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_label("Password")).to_have_accessible_description(re.compile("12 to 256 characters"))
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Add").click()
    expect(inside.get_by_role("row", name=account)).to_contain_text("never")
    inside.get_by_role("button", name=f"Edit {account}").click()
    dialog.get_by_label("Active: may sign in").uncheck()
    dialog.get_by_role("button", name="Save").click()
    expect(inside.get_by_role("row", name=account)).to_contain_text("no")
    assert local.call("GET", f"/users/{account}")["active"] is False

    inside.get_by_role("link", name="Tokens").click()
    inside.get_by_role("button", name="Add a token").click()
    dialog.get_by_label("Name").fill(account)
    dialog.get_by_label("viewers").check()
    dialog.get_by_role("button", name="Add").click()
    token = inside.get_by_label("The token").last.inner_text()
    assert local.call("GET", "/me", token=token)["name"] == account
    inside.get_by_role("button", name="Done").click()
    expect(inside.get_by_text(token)).to_have_count(0)
    for kind in ("Tokens", "Users", "Groups"):
        inside.get_by_role("link", name=kind).click()
        verb = "Revoke" if kind == "Tokens" else "Delete"
        inside.get_by_role("button", name=f"{verb} {account}").click()
        dialog.get_by_role("button", name=verb).click()
        expect(inside.get_by_role("row", name=account)).to_have_count(0)
    inside.get_by_role("link", name="Users").click()
    inside.get_by_role("button", name="Delete rollcall").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(inside.get_by_role("alert")).to_contain_text("This is the last active admin.")


# ---- Each view, as each kind of user


READ = """() => [document.title, document.body.innerText,
  ...[...document.querySelectorAll("input, select, output")].map((field) => field.value)].join("\\n")"""
BROKEN = re.compile(r"\[object|undefined|NaN|\bnull\b|Invalid Date")
KINDS = {  # the groups of each kind of user; those with {} are of this test's account
    "admin": ["admins"],
    "editor": ["editors"],
    "viewer": ["viewers"],
    "reader": ["{}-reader"],
    "importer": ["{}-importer"],
    "writer": ["{}-writer"],
    "nobody": [],
}
LABELS = {
    "First name": "first_name",
    "Last name": "last_name",
    "Phone number": "phone_number",
    "Client member id": "client_member_id",
    "Account": "account_id",
}
LIMITED = {  # what the groups of this test's account grant
    "reader": ["members:read"],
    "importer": ["imports:read", "imports:write"],
    "writer": ["members:write"],
}


def expect_read(page: Page, *texts: str) -> None:
    """Waits until a person can read all of these, in the page or in its fields, and nothing broken."""
    end = time.monotonic() + PATIENCE / 1000
    while missing := [text for text in texts if text not in (seen := page.evaluate(READ))]:
        assert time.monotonic() < end, (missing, seen)
    assert not BROKEN.search(page.evaluate(READ)), page.evaluate(READ)


def pairs(page: Page) -> dict[str, str]:
    """The facts and the fields of a view: their values by label."""
    return dict(
        page.evaluate("""() => [
          ...[...document.querySelectorAll("main dt")].map((dt) => [dt, dt.nextElementSibling.innerText]),
          ...[...document.querySelectorAll("main label[for]")].map((l) => [l, l.control.value]),
        ].map(([label, value]) => [label.innerText, value])""")
    )


def values(member: dict[str, str]) -> dict[str, str]:
    """The values of a member by the labels they are shown with."""
    return {label: member[name] for label, name in LABELS.items()}


class Seeded:
    """An account with a member, an import that made one and rejected another, and a group for each limit."""

    def __init__(self, local: Local, account: str) -> None:
        self.account = account
        self.other = local.member(f"{account}-other", first_name="Foreign")
        self.member = local.member(account, last_name=f"Lee{account}")
        text = roster(account, 1) + f"Bad,Phone,12,x,{account}\n"
        path = f"/imports?filename={account}.csv&account_id={account}"
        self.sent = finished(local, local.call("POST", path, text, kind="text/csv")["id"])
        self.loaded = local.call("GET", f"/accounts/{account}/members/0")
        for kind, permissions in LIMITED.items():
            accounts = "*" if kind == "importer" else [account]  # imports by others need every account
            group = {"name": f"{account}-{kind}", "permissions": permissions, "accounts": accounts}
            local.call("POST", "/groups", group)
        local.call("POST", "/tokens", {"name": account, "groups": ["viewers"]})

    def views(self) -> list[tuple[str, str, str, list[str]]]:
        """Each view: its address, the permission for it, its heading, and what it says."""
        one, account = self.member, self.account
        loaded, sent = self.loaded, self.sent["id"]
        facts = ["First name", "Last name", "Phone number", "Client member id", "Account", "Added", "Changed"]
        return [
            (
                f"/members?account={account}&by=last_name&q=",
                "members:read",
                "Members",
                [one["first_name"], one["last_name"], one["phone_number"], loaded["last_name"], "2 members"],
            ),
            (
                f"/members/{one['id']}",
                "members:read",
                f"Ann Lee{account}",
                [*facts, one["first_name"], one["phone_number"], account, "token:tests", one["id"]],
            ),
            (
                f"/members/{loaded['id']}",
                "members:read",
                "Ann0 Lee00000",
                [*facts, loaded["phone_number"], f"import:{sent}"],
            ),
            ("/members/new", "members:write", "Add a member", facts[:5]),
            ("/imports", "imports:read", "Imports", [f"{account}.csv", "completed", "token:tests"]),
            (
                f"/imports/{sent}",
                "imports:read",
                f"{account}.csv",
                [
                    "1 created",
                    "1 rejected",
                    "too few or too many digits",
                    "Phone number:",
                    "Bad",
                    "12",
                    "token:tests",
                ],
            ),
            ("/access/users", "access:admin", "Users", [f"{account}-admin", "admins", "yes", "Add a user"]),
            (
                "/access/groups",
                "access:admin",
                "Groups",
                [f"{account}-reader", "members:read", "every account"],
            ),
            ("/access/tokens", "access:admin", "Tokens", [account, "viewers", "token:tests", "never"]),
        ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_view_is_readable_by_each_kind_of_user(
    local: Local, page: Page, account: str, kind: str
) -> None:
    seeded = Seeded(local, account)
    name = f"{account}-{kind}"
    groups = [group.format(account) for group in KINDS[kind]]
    local.call("POST", "/users", {"name": f"{account}-admin", "password": PASSWORD, "groups": ["admins"]})
    if kind != "admin":
        local.call("POST", "/users", {"name": name, "password": PASSWORD, "groups": groups})
    expect_read(page, "Rollcall", "Name", "Password", "Sign in")
    sign_in(page, name, PASSWORD)
    expect_read(page, name, "Sign out")
    page.evaluate(f"sessionStorage.setItem('rollcall.account', '{account}')")
    granted = {one for group in groups for one in local.call("GET", f"/groups/{group}")["permissions"]}
    for place, permission, title, texts in seeded.views():
        go(page, place)
        if kind == "nobody":
            expect_read(page, "No access yet", "Ask an admin for one.")
        elif permission in granted:
            expect(heading(page, title)).to_be_visible()
            expect_read(page, title, *texts)
        else:
            expect_read(page, "No permission", f"This page needs the permission {permission}.")
        expect_read(page)
    if "access:admin" in granted:
        for thing, texts in (
            ("user", ["Name", "Password", "12 characters or more.", "viewers"]),
            ("group", ["Name", "Permissions", "members:read", "Accounts"]),
            ("token", ["Name", "Valid for (days)", "viewers", "365"]),
        ):
            go(page, f"/access/{thing}s")
            page.get_by_role("button", name=f"Add a {thing}").click()
            expect_read(page, f"Add a {thing}", *texts, "Cancel")
            page.keyboard.press("Escape")
    page.get_by_role("button", name="Password").click()
    expect_read(page, "Change your password", "Current password", "New password", "12 characters or more.")


@pytest.mark.parametrize("kind", ["editor", "viewer", "reader"])
def test_a_member_shows_each_value_beside_its_label(
    local: Local, page: Page, account: str, kind: str
) -> None:
    seeded = Seeded(local, account)
    groups = [group.format(account) for group in KINDS[kind]]
    local.call("POST", "/users", {"name": account, "password": PASSWORD, "groups": groups})
    sign_in(page, account, PASSWORD)
    expect(heading(page, "Members")).to_be_visible()
    member = seeded.member
    go(page, f"/members/{member['id']}")
    expect(heading(page, f"Ann {member['last_name']}")).to_be_visible()
    shown = pairs(page)
    assert {label: shown[label] for label in LABELS} == values(member)
    assert shown["Added"].endswith(", token:tests")
    assert (shown["Version"], shown["Id"]) == ("1", member["id"])


@pytest.mark.parametrize("readable", ["none", "another"])
def test_a_writer_adds_a_member_of_an_unreadable_account(
    local: Local, page: Page, account: str, readable: str
) -> None:
    Seeded(local, account)
    group = {"name": account, "permissions": ["members:read"], "accounts": [f"{account}-other"]}
    local.call("POST", "/groups", group)
    groups = [f"{account}-writer", *([account] if readable == "another" else [])]
    local.call("POST", "/users", {"name": account, "password": PASSWORD, "groups": groups})
    sign_in(page, account, PASSWORD)
    page.get_by_role("link", name="Add a member").click()
    expect(page.get_by_role("link", name="Cancel")).to_have_count(1 if readable == "another" else 0)
    for client_member_id in ("8", "9"):
        new_member(page, account, client_member_id, f"323-555-000{client_member_id}")
        page.get_by_role("button", name="Add").click()
        expect(page.get_by_label("First name")).to_have_value("")
        expect_read(page, "Add a member", "Ben Lee was added.")
        added = local.call("GET", f"/accounts/{account}/members/{client_member_id}")
        assert added["first_name"] == "Ben"


def test_a_reader_who_may_not_see_imports_gets_no_link_there(local: Local, page: Page, account: str) -> None:
    group = {"name": account, "permissions": ["members:read", "imports:write"], "accounts": [account]}
    local.call("POST", "/groups", group)
    local.call("POST", "/users", {"name": account, "password": PASSWORD, "groups": [account]})
    sign_in(page, account, PASSWORD)
    expect_read(page, f"Account {account} has no members yet.")
    expect(page.get_by_role("link", name="Import a roster")).to_have_count(0)


def test_a_reader_of_one_account_finds_nothing_of_another(local: Local, page: Page, account: str) -> None:
    seeded = Seeded(local, account)
    groups = [f"{account}-reader"]
    local.call("POST", "/users", {"name": account, "password": PASSWORD, "groups": groups})
    sign_in(page, account, PASSWORD)
    expect(rows(page)).to_have_count(2)
    expect(page.get_by_label("Account", exact=True)).to_have_value(account)
    go(page, f"/members/{seeded.other['id']}")
    expect_read(page, "You have no access to this account. Ask an admin to add it to one of your groups.")
    assert "Foreign" not in page.evaluate(READ)


def test_an_element_takes_nested_lists_and_refuses_objects(page: Page) -> None:
    module = page.locator("link[href$='/dom.js']").get_attribute("href")
    made = page.evaluate(
        """async (module) => {
          const { h } = await import(new URL(module, location.href).href);
          const refused = (child) => { try { h("p", {}, child); } catch (error) { return error.name; } };
          const nested = h("p", {}, "a", [["b", [h("b", {}, "c")]], null, undefined], []);
          return [nested.innerHTML, [{}, 1, true, () => 1, [["x", new Date(0)]]].map(refused)];
        }""",
        module,
    )
    assert made == ["ab<b>c</b>", ["TypeError"] * 5]


# ---- For everybody


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 320])
def test_no_view_has_a_barrier(local: Local, inside: Page, account: str, scheme: Any, width: int) -> None:
    """What axe-core finds, in every view; and nothing is wider than a narrow screen."""
    member = local.member(account)
    text = roster(account, 3) + f"Bad,Phone,12,x,{account}\n"
    sent = finished(local, local.call("POST", "/imports", text, kind="text/csv")["id"])
    inside.emulate_media(color_scheme=scheme)
    inside.set_viewport_size({"width": width, "height": 800})

    def new_user() -> None:
        inside.get_by_role("button", name="Add a user").click()
        expect(inside.get_by_role("dialog")).to_be_visible()

    def wrong() -> None:
        inside.get_by_role("button", name="Add").click()
        expect(inside.locator("[aria-invalid]").first).to_be_visible()

    def stale() -> None:
        fill(inside, First_name="W" * 64)
        local.call("PATCH", f"/members/{member['id']}", {"first_name": "V" * 64})
        inside.get_by_role("button", name="Save").click()
        expect(inside.get_by_role("button", name="Save my version")).to_be_visible()

    views: list[tuple[str, str, Callable[[], None] | None]] = [
        (f"/members?account={account}&by=last_name&q=", "Members", None),
        ("/members?account=nobody&by=last_name&q=", "Members", None),
        (f"/members/{member['id']}", "Ann Lee", None),
        ("/members/new", "Add a member", wrong),
        (f"/members/{member['id']}?stale", "Ann Lee", stale),  # the view before it is of another name
        ("/imports", "Imports", None),
        (
            f"/imports/{sent['id']}",
            "upload.csv",
            lambda: expect(inside.locator(".fault").first).to_be_visible(),
        ),
        ("/access/groups", "Groups", None),
        ("/access/tokens", "Tokens", None),
        ("/access/users", "Users", new_user),
        ("/nowhere", "Page not found", None),
    ]
    for place, title, prepare in views:
        go(inside, place)
        expect(heading(inside, title)).to_be_visible()
        expect(inside.locator("table[aria-busy=true]")).to_have_count(0)
        if prepare:
            prepare()
        assert not barriers(inside), (place, scheme)
        assert inside.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
        inside.keyboard.press("Escape")
    inside.get_by_role("button", name="Sign out").click()
    expect(inside.get_by_role("button", name="Sign in")).to_be_visible()
    assert not barriers(inside), scheme


def barriers(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")
    ]


def test_the_keyboard_is_enough(local: Local, page: Page, account: str) -> None:
    local.member(account, last_name="Keys")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("rollcall")
    page.keyboard.press("Tab")
    page.keyboard.type("rollcall")
    page.keyboard.press("Enter")
    expect(heading(page, "Members")).to_be_focused()
    page.get_by_label("Account", exact=True).focus()
    page.keyboard.type(account)
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("link", name="Keys").focus()
    page.keyboard.press("Enter")
    expect(heading(page, "Ann Keys")).to_be_focused()
    page.get_by_role("button", name="Delete").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_an_api_that_does_not_answer_is_said_so_and_asked_again(inside: Page) -> None:
    inside.route("**/imports?*", lambda route: route.abort())
    inside.get_by_role("link", name="Imports").click()
    expect(inside.get_by_role("alert")).to_contain_text("The registry does not respond.")
    inside.unroute("**/imports?*")
    inside.get_by_role("button", name="Try again").click()
    expect(inside.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("page_at", ["admin", "admin/"])
def test_it_works_under_the_stage_path_of_the_gateway(local: Local, browser: Browser, page_at: str) -> None:
    """As behind API Gateway, whose address for this stage the emulator spells in another way."""
    gateway = "http://gateway.localhost:1/api"
    apis = _emulated(local.emulator)

    def through(route: Route) -> None:
        answer = route.fetch(
            url=route.request.url.replace(gateway, f"{local.emulator}/restapis/{apis}/api/_user_request_")
        )
        route.fulfill(response=answer)

    context = browser.new_context()
    context.route(f"{gateway}/**", through)
    page = context.new_page()
    for address in (
        f"{gateway}/{page_at}",
        f"{local.emulator}/restapis/{apis}/api/_user_request_/{page_at}",
        f"{local.url}/{page_at}",
    ):
        page.goto(address)
        sign_in(page)
        expect(heading(page, "Members")).to_be_visible()
        expect(page.locator(".list")).not_to_contain_text("Something went wrong")
        page.get_by_role("button", name="Sign out").click()
    context.close()


def _emulated(emulator: str) -> str:
    """The id of the API in the emulator."""
    import boto3

    client = boto3.client(
        "apigateway",
        endpoint_url=emulator,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    return str(client.get_rest_apis()["items"][0]["id"])


# ---- Its files


def test_the_page_may_load_and_talk_to_nothing_foreign(http: Http) -> None:
    answer = http.anonymous().get("/admin/")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"].split()[0] == "'self'"
    assert len(policy["connect-src"].split()) == 2  # and the bucket that takes uploads
    text = answer.body.decode()
    assert not re.search(r"<script(?![^>]*src=)|style=|\son\w+=|https?://", text)
    assert http.anonymous().get("/admin/", headers={"If-None-Match": answer.headers["ETag"]}).status == 304


def test_a_file_is_kept_for_ever_under_its_hash_and_not_there_under_another(http: Http) -> None:
    text = http.anonymous().get("/admin").body.decode()
    addresses = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(addresses) >= 8
    assert http.anonymous().get("/admin/").body.decode() == text.replace('="admin/', '="')
    for address in (f"/{address}" for address in addresses):
        answer = http.anonymous().get(address)
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        http.anonymous().get(address.replace("/admin/", "/admin/0")).problem(404, "file_not_found")
    folder = re.findall(r"admin/([0-9a-f]+)/", text)[0]
    for name in ("index.html", "nothing.js", "..%2Fadmin.py"):
        http.anonymous().get(f"/admin/{folder}/{name}").problem(404, "file_not_found")


def test_what_is_long_is_compressed_for_who_accepts_it(http: Http) -> None:
    text = http.anonymous().get("/admin").body.decode()
    [style] = re.findall(r'href="([^"]+style.css)"', text)
    style = f"/{style}"
    packed = http.anonymous().get(style, headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == http.anonymous().get(style).body
