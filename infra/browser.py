"""The Chromium for the tests of the admin page and the screenshots: one that is there, or one installed now."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
# It asks nobody outside for anything. A container has no room for its sandbox.
OPTIONS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)


class NoBrowserError(Exception):
    """There is no Chromium and none could be installed; the message says how to."""


def find() -> str | None:
    """The Chromium or Chrome of this machine."""
    found = (shutil.which(name) for name in NAMES)
    return next((path for path in (*found, *filter(os.path.exists, PLACES)) if path), None)


def find_or_install() -> str | None:
    """A browser's path; None for Playwright's own, which knows its place. Raises NoBrowserError."""
    if path := find():
        return path
    with sync_playwright() as playwright:
        if Path(playwright.chromium.executable_path).exists():
            return None
    print("there is no Chromium here: installing one (once, a minute or two)", flush=True)
    if (apt := shutil.which("apt-get")) and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", "chromium"]):
            subprocess.run([apt, *arguments], env=environment, stdout=subprocess.DEVNULL, check=False)
        if path := find():
            return path
    done = subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if done.returncode:
        raise NoBrowserError(
            "the tests of the admin page need a Chromium: install the package chromium, or Google Chrome"
        )
    return None


@contextmanager
def opened() -> Iterator[Browser]:
    """A browser without a window. Raises NoBrowserError."""
    path = find_or_install()
    options = [*OPTIONS, "--no-sandbox"] if sys.platform == "linux" and os.geteuid() == 0 else [*OPTIONS]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


def main() -> int:
    """Sees to a browser; the exit status."""
    try:
        find_or_install()
    except NoBrowserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
