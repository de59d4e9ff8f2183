"""`make screenshots`: the pictures of the admin page in the README, taken of a stack that lives for a minute."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from infra.browser import opened
from infra.emulator import free_port
from infra.local import PASSWORD, USER
from infra.package import PROJECT
from tools.roster import Roster

PICTURES = PROJECT / "docs"
ROWS = 60_000
WIDTH, HEIGHT = 1120, 700
PATIENCE = 120_000  # milliseconds


@contextmanager
def running() -> Iterator[str]:
    """A `make local` of its own; the address of its API."""
    port, emulator = free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="rollcall-local-") as state:
        environment = {**os.environ, "PORT": str(port), "EMULATOR_PORT": str(emulator), "LOCAL_STATE": state}
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local"], env=environment, stdout=subprocess.PIPE, text=True
        )
        try:
            while process.stdout and (line := process.stdout.readline()) != "rollcall is ready\n":
                if not line:
                    raise SystemExit("it did not start")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()


def main() -> None:
    """Takes the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with running() as url, opened() as browser, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "roster.csv"
        with file.open("w", encoding="utf-8", newline="") as text:
            Roster(ROWS, bad=0.03, seed=7, accounts=2).write(text)
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB", reduced_motion="reduce"
        )
        page.set_default_timeout(PATIENCE)
        page.goto(f"{url}/admin")
        page.get_by_label("Name").fill(USER)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="Imports").click()
        page.get_by_label("Choose files").set_input_files(file)
        page.get_by_text(re.compile("[1-9][0-9,]* created")).wait_for()
        taken(page, "import")
        page.locator(".card .status.completed").wait_for()
        page.locator(".card a").click()
        page.locator(".fault").first.wait_for()
        page.set_viewport_size({"width": WIDTH, "height": 2 * HEIGHT})
        taken(page, "report")
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        page.get_by_role("link", name="Members").click()
        page.get_by_label("Account", exact=True).fill("7-0")
        page.get_by_role("button", name="Find").click()
        page.locator("tbody tr").nth(50).wait_for()
        taken(page, "members")


def taken(page: Page, name: str) -> None:
    """Takes a picture of what is in sight."""
    page.screenshot(path=PICTURES / f"{name}.png")
    print(f"docs/{name}.png")


if __name__ == "__main__":
    main()
