"""One running stack and one browser for all tests of a worker; a new page for each test."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from infra.browser import opened
from tests.support.browser import MAX_WAIT_MS, heading, sign_in
from tests.support.local_stack import LocalStack, running_local_stack


@pytest.fixture(scope="session")
def local() -> Iterator[LocalStack]:
    """Yields a running `make local`. Its data is shared: each test uses an account of its own."""
    with running_local_stack() as stack:
        yield stack


@pytest.fixture(
    scope="package"
)  # Playwright allows one event loop a process, and tests of other packages need it
def browser() -> Iterator[Browser]:
    """Yields a browser without a window."""
    with opened() as browser:
        yield browser


@pytest.fixture
def page(local: LocalStack, browser: Browser) -> Iterator[Page]:
    """Yields the admin page, signed out. Its script errors, dialogs and console errors fail the test."""
    context = browser.new_context(viewport={"width": 1200, "height": 800}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(MAX_WAIT_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    page.on("console", lambda message: errors.append(message.text) if _is_error(message) else None)
    page.goto(f"{local.url}/admin#/members")  # for most tests; the page itself begins with Home
    yield page
    context.close()
    assert not errors


@pytest.fixture
def admin_page(page: Page) -> Page:
    """Returns the admin page with the admin `rollcall` signed in."""
    sign_in(page)
    expect(heading(page, "Members")).to_be_visible()
    return page


def _is_error(message: ConsoleMessage) -> bool:
    """Returns whether the page's own code logged an error. The browser logs each 4xx response itself."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")
