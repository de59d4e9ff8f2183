"""The page of the API: it reads well in each colour scheme and width, and loads nothing from elsewhere."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.accessibility import violations
from tests.support.browser import heading
from tests.support.local_stack import LocalStack


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 320)])
def test_docs_violate_no_accessibility_rule(local: LocalStack, page: Page, scheme: Any, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{local.url}/docs")
    for folded in page.get_by_text("Errors", exact=True).all()[:2]:
        folded.click()
    assert not violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_contents_lead_to_an_operation_and_its_schemas(local: LocalStack, page: Page) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(local.url)  # leads browsers to the admin page
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.goto(f"{local.url}/docs")
    page.get_by_role("navigation", name="Contents").get_by_role("link", name="Start an import").click()
    expect(heading(page, "Start an import")).to_be_in_viewport()
    page.get_by_role("link", name="NewImport").first.click()
    expect(heading(page, "NewImport")).to_be_in_viewport()
    assert all(url.startswith(local.url) for url in requested)
