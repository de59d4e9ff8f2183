"""The admin page in a real browser, on the stack that `make local` runs."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Route, expect

from infra.browser import opened
from infra.emulator import free_port
from infra.package import PROJECT

from .client import Http

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
        phone = f"323555{int(uuid.uuid4().hex[:6], 16) % 10_000:04}"
        data = {
            "account_id": account,
            "client_member_id": client_member_id,
            "first_name": "Ann",
            "last_name": "Lee",
        }
        return self.call("POST", "/members", {**data, "phone_number": phone, **more})


@pytest.fixture(scope="module")
def local() -> Iterator[Local]:
    port, emulator = free_port(), free_port()
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


def test_a_viewer_is_offered_nothing_that_it_may_not_do(local: Local, page: Page, account: str) -> None:
    local.call("POST", "/users", {"name": account, "password": PASSWORD, "groups": ["viewers"]})
    member = local.member(account)
    sign_in(page, account, PASSWORD)
    expect(heading(page, "Members")).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link")).to_have_text(["Members", "Imports"])
    expect(page.get_by_role("link", name="Add a member")).to_have_count(0)
    go(page, f"/members/{member['id']}")
    expect(heading(page, "Ann Lee")).to_be_visible()
    expect(page.get_by_role("textbox")).to_have_count(0)
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    go(page, "/imports")
    expect(heading(page, "Imports")).to_be_visible()
    expect(page.get_by_label("Rosters")).to_have_count(0)
    for place in ("/members/new", "/access/users"):
        go(page, place)
        expect(heading(page, "Not for you")).to_be_visible()


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
    expect(number).to_have_accessible_description("No phone number has this length.")
    expect(number).to_be_focused()
    number.fill("(323) 555-0001")
    inside.get_by_role("button", name="Add").click()
    inside.get_by_role("link", name="Show that member").click()
    expect(heading(inside, "Holly Lee")).to_be_visible()
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
    expect(inside.get_by_label("Phone number")).to_have_value("+13235550002")
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
    assert inside.url.endswith(f"#/members/{moved['id']}")

    inside.get_by_role("button", name="Delete").click()
    dialog = inside.get_by_role("dialog", name="Delete Zoë Lee?")
    dialog.get_by_role("button", name="Keep it").click()
    assert local.call("GET", f"/members?account_id={account}")["items"]
    inside.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(heading(inside, "Members")).to_be_visible()
    assert not local.call("GET", f"/members?account_id={account}")["items"]


@pytest.mark.parametrize("choice", ["Save mine over it", "Take what is stored"])
def test_a_stale_edit_shows_both_versions_and_loses_neither(
    local: Local, inside: Page, account: str, choice: str
) -> None:
    member = local.member(account)
    go(inside, f"/members/{member['id']}")
    fill(inside, First_name="Mine")
    local.call("PATCH", f"/members/{member['id']}", {"first_name": "Theirs", "last_name": "Else"})
    inside.get_by_role("button", name="Save").click()
    expect(heading(inside, "Theirs Else was changed meanwhile")).to_be_visible()
    expect(inside.get_by_text("token:tests")).to_be_visible()
    expect(inside.get_by_role("row", name="First name")).to_have_text("First nameAnnMineTheirs")
    assert local.call("GET", f"/members/{member['id']}")["version"] == 2
    inside.get_by_role("button", name=choice).click()
    name = "Mine Else" if choice.startswith("Save") else "Theirs Else"
    expect(heading(inside, name)).to_be_visible()
    stored = local.call("GET", f"/members/{member['id']}")
    assert f"{stored['first_name']} {stored['last_name']}" == name


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
    expect(inside.get_by_text("is not the id of a member.")).to_be_visible()
    inside.get_by_label("Find by").select_option("Client member id")
    inside.get_by_role("button", name="Find").click()
    expect(inside.get_by_text("Nobody matches.")).to_be_visible()


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
    expect(page.get_by_text("1,000 members shown, that is all.")).to_be_visible()
    assert len([url for url in asked if "/members?" in url]) == 10  # and nothing was counted


def test_the_whole_page_is_small_and_kept_by_the_browser(local: Local, page: Page) -> None:
    got: dict[str, tuple[int, str]] = {}
    page.on(
        "response",
        lambda answer: got.update(
            {answer.url: (len(answer.body()), answer.headers.get("cache-control", ""))}
        ),
    )
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert sum(size for size, _ in got.values()) < 100_000
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
    inside.get_by_label("Rosters").set_input_files(
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
    inside.get_by_label("Mode").select_option("upsert")
    inside.get_by_label("Rosters").set_input_files(
        {"name": "roster.csv.gz", "mimeType": "application/gzip", "buffer": gzip.compress(text.encode())}
    )
    card = inside.locator(".card")
    expect(card).to_contain_text("300 created")
    expect(card).to_contain_text("completed")
    card.get_by_role("link", name="roster.csv.gz").click()
    expect(heading(inside, "roster.csv.gz")).to_be_visible()
    expect(inside.locator(".outcomes")).to_contain_text("302 rows")
    expect(inside.locator(".outcomes")).to_contain_text("2 rejected")
    expect(inside.get_by_role("row", name="phone not possible 1")).to_be_visible()
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
    data = roster(account, 60_000).encode()
    with urllib.request.urlopen(urllib.request.Request(announced["upload"]["url"], data, method="PUT")):
        go(inside, f"/imports/{announced['id']}")
    expect(heading(inside, "long.csv")).to_be_visible()
    expect(inside.locator(".outcomes")).to_contain_text("created")  # the first chunk is there
    inside.get_by_role("button", name="Cancel the import").click()
    inside.get_by_role("dialog").get_by_role("button", name="Cancel the import").click()
    expect(inside.locator(".status.cancelled")).to_be_visible()
    expect(inside.get_by_role("row", name=re.compile("cancelled [0-9,]+"))).to_be_visible()
    counts = finished(local, announced["id"])["counts"]
    assert counts["rows"] == 60_000 == counts["created"] + counts["rejected"]


# ---- Access


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
        inside.get_by_role("button", name=f"Delete {account}").click()
        dialog.get_by_role("button", name="Revoke" if kind == "Tokens" else "Delete").click()
        expect(inside.get_by_role("row", name=account)).to_have_count(0)
    inside.get_by_role("link", name="Users").click()
    inside.get_by_role("button", name="Delete rollcall").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(inside.get_by_role("alert")).to_contain_text("This is the last active admin.")


# ---- For everybody


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
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

    views: list[tuple[str, str, Callable[[], None] | None]] = [
        (f"/members?account={account}&by=last_name&q=", "Members", None),
        ("/members?account=nobody&by=last_name&q=", "Members", None),
        (f"/members/{member['id']}", "Ann Lee", None),
        ("/members/new", "Add a member", wrong),
        ("/imports", "Imports", None),
        (
            f"/imports/{sent['id']}",
            "upload.csv",
            lambda: expect(inside.locator(".fault").first).to_be_visible(),
        ),
        ("/access/groups", "Access", None),
        ("/access/tokens", "Access", None),
        ("/access/users", "Access", new_user),
        ("/nowhere", "Nothing here", None),
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
    expect(inside.get_by_role("alert")).to_contain_text("The registry does not answer.")
    inside.unroute("**/imports?*")
    inside.get_by_role("button", name="Try again").click()
    expect(inside.get_by_role("alert")).to_have_count(0)


def test_it_works_under_the_stage_path_of_the_gateway(local: Local, browser: Browser) -> None:
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
    page.goto(f"{gateway}/admin")
    sign_in(page)
    expect(heading(page, "Members")).to_be_visible()
    expect(page.locator(".list")).not_to_contain_text("Something went wrong")
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
    answer = http.nobody().get("/admin/")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"].split()[0] == "'self'"
    assert len(policy["connect-src"].split()) == 2  # and the bucket that takes uploads
    text = answer.body.decode()
    assert not re.search(r"<script(?![^>]*src=)|style=|\son\w+=|https?://", text)
    assert http.nobody().get("/admin", headers={"If-None-Match": answer.headers["ETag"]}).status == 304


def test_a_file_is_kept_for_ever_under_its_hash_and_not_there_under_another(http: Http) -> None:
    text = http.nobody().get("/admin").body.decode()
    for address in re.findall(r'(?:src|href)="(/admin/[^"]+)"', text):
        answer = http.nobody().get(address)
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        http.nobody().get(address.replace("/admin/", "/admin/0")).problem(404, "file_not_found")
    folder = re.findall(r"/admin/([0-9a-f]+)/", text)[0]
    for name in ("index.html", "nothing.js", "..%2Fadmin.py"):
        http.nobody().get(f"/admin/{folder}/{name}").problem(404, "file_not_found")


def test_what_is_long_is_compressed_for_who_accepts_it(http: Http) -> None:
    text = http.nobody().get("/admin").body.decode()
    [style] = re.findall(r'href="([^"]+style.css)"', text)
    packed = http.nobody().get(style, headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == http.nobody().get(style).body
