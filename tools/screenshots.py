"""`make screenshots`: takes the README's pictures of the admin page, on a stack of its own."""

import os
import re
import tempfile
from pathlib import Path

from playwright.sync_api import Page

from infra.browser import opened
from infra.emulator import free_ports
from infra.local import PASSWORD, USER
from infra.local_process import running
from infra.project import PROJECT
from tools.roster import Roster

FOLDER = PROJECT / "docs"
ROWS = 60_000
WIDTH, HEIGHT = 1120, 700
TIMEOUT = 120_000  # milliseconds


def main() -> None:
    """Takes all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rollcall-") as folder:
        roster = Path(folder) / "roster.csv"
        with roster.open("w", encoding="utf-8", newline="") as file:
            Roster(ROWS, bad=0.03, seed=7, accounts=2).write(file)
        port, emulator_port = free_ports(2)
        environment = {
            **os.environ,
            "PORT": str(port),
            "EMULATOR_PORT": str(emulator_port),
            "LOCAL_STATE": str(Path(folder) / "state"),
        }
        with running(environment) as url, opened() as browser:
            page = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB", reduced_motion="reduce"
            )
            page.set_default_timeout(TIMEOUT)
            _sign_in(page, url)
            _take_import_pictures(page, roster)
            _take_members_picture(page)


def _sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/admin")
    page.get_by_label("Name").fill(USER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def _take_import_pictures(page: Page, roster: Path) -> None:
    page.get_by_role("link", name="Imports", exact=True).click()
    page.get_by_role("link", name="Import a file").click()
    page.get_by_label("Choose files").set_input_files(roster)
    page.locator(".preview").wait_for()
    _save(page, "preview")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text(re.compile("[1-9][0-9],[0-9]{3} added")).wait_for()
    _save(page, "import")
    page.locator(".card .status.completed").wait_for()
    page.locator(".card a").click()
    page.locator(".fault").first.wait_for()
    page.set_viewport_size({"width": WIDTH, "height": 2 * HEIGHT})
    _save(page, "report")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def _take_members_picture(page: Page) -> None:
    page.get_by_role("link", name="Members", exact=True).click()
    page.get_by_label("Account:").fill("7-0")
    page.keyboard.press("Enter")
    page.locator("tbody tr").nth(50).wait_for()
    _save(page, "members")


def _save(page: Page, name: str) -> None:
    """Saves a picture of the visible part of the page."""
    page.screenshot(path=FOLDER / f"{name}.png")
    print(f"docs/{name}.png")


if __name__ == "__main__":
    main()
