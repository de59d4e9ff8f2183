"""The rules of axe-core, for a page as it is shown in several ways."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

PLAIN: dict[str, Any] = {"color_scheme": "light", "forced_colors": "none"}
WIDE: Any = {"width": 1200, "height": 800}
# axe-core leaves this rule out by default; it is of WCAG 2.2 AA.
ALL: dict[str, Any] = {"rules": {"target-size": {"enabled": True}}}
COLOURS = {"runOnly": ["color-contrast"]}  # no other rule asks for colours, and it takes the longest
WAYS: dict[str, tuple[dict[str, Any], Any, dict[str, Any]]] = {
    "light": (PLAIN, WIDE, ALL),
    "dark": (PLAIN | {"color_scheme": "dark"}, WIDE, COLOURS),
    "forced colours": (PLAIN | {"forced_colors": "active"}, WIDE, COLOURS),
    "360 px": (PLAIN, {"width": 360, "height": 740}, ALL),
    "200 %": (
        PLAIN,
        {"width": 640, "height": 360},  # of 1280 by 720 px
        {"rules": {**ALL["rules"], "color-contrast": {"enabled": False}}},
    ),
}


def assert_accessible(page: Page, view: str) -> None:
    """Asserts that the view breaks no rule and fits the screen, in each way."""
    for way, (media, size, rules) in WAYS.items():
        page.emulate_media(**media)
        page.set_viewport_size(size)
        assert not violations(page, rules), (view, way)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (view, way)
    page.set_viewport_size({"width": 320, "height": 256})  # 1280 by 1024 px at 400 %: WCAG's Reflow
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (view, "400 %")
    page.set_viewport_size(WIDE)


def violations(page: Page, rules: dict[str, Any] = ALL) -> list[str]:
    """Returns the serious and critical violations, each with its first element."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("options => axe.run(options)", {"resultTypes": ["violations"], **rules})[
        "violations"
    ]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in serious]
