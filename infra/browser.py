"""Finds or installs the Chromium for the tests of the admin page and for the screenshots."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

# Debian's packages. The first, which draws no window around a page, opens one in a quarter of the time.
PACKAGES = ("chromium-headless-shell", "chromium")
PROGRAMS = (*PACKAGES, "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATHS = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
# No requests to hosts other than the one under test.
OPTIONS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)


class NoBrowserError(Exception):
    """No Chromium was found, and none could be installed; the message says what to do."""


def find() -> str | None:
    """Returns the path of an installed Chromium or Chrome, or None."""
    found = (shutil.which(name) for name in PROGRAMS)
    return next((path for path in (*found, *filter(os.path.exists, PATHS)) if path), None)


def find_or_install() -> str | None:
    """Returns a browser's path, or None for the one Playwright installed. Raises NoBrowserError."""
    if path := find():
        return path
    with sync_playwright() as playwright:
        if Path(playwright.chromium.executable_path).exists():
            return None
    print("no Chromium found: installing one (once; takes a minute or two)", flush=True)
    if (apt := shutil.which("apt-get")) and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        command = [apt, "-q", "-o", "Acquire::Retries=3"]
        install = ["install", "-y", "--no-install-recommends"]
        for arguments in (["update"], *([*install, package] for package in PACKAGES)):
            subprocess.run([*command, *arguments], env=environment, stdout=subprocess.DEVNULL, check=False)
            if path := find():
                return path
    # Playwright tries each download five times.
    done = subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if done.returncode:
        raise NoBrowserError(
            "The tests of the admin page need a Chromium, and it could not be downloaded; the reason is above. "
            "Check the connection, or install the package chromium or Google Chrome."
        )
    return None


@contextmanager
def opened() -> Iterator[Browser]:
    """Yields a headless browser. Raises NoBrowserError."""
    path = find_or_install()
    as_root = sys.platform == "linux" and os.geteuid() == 0  # where Chromium's sandbox does not run
    options = [*OPTIONS, "--no-sandbox"] if as_root else [*OPTIONS]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


def main() -> int:
    """Finds or installs a browser; returns the exit status."""
    try:
        find_or_install()
    except NoBrowserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
