"""The documentation: its drawing is current, its links lead somewhere, the README stays short."""

import re
from pathlib import Path

import pytest

from tests.support import PROJECT
from tools.import_graph import draw, imports, layers

PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md"), PROJECT / "bench" / "README.md"])
MAX_README_LINES = 150


def test_drawing_of_the_packages_is_current() -> None:
    drawn = "\n".join(draw(layers(), imports())) + "\n"
    assert (PROJECT / "docs" / "packages.svg").read_text(encoding="utf-8") == drawn, "run `make graph`"


def test_every_arrow_points_down() -> None:
    rank = {name: number for number, row in enumerate(layers()) for name in row}
    assert all(rank[importer] <= rank[imported] for importer, imported in imports())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_of_a_page_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_of_a_page_lead_to_headings(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*\.md)?#([^)]+)\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if link[1] not in headings(page.parent / link[0] if link[0] else page)]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_tests_that_a_page_names_exist(page: Path) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?", page.read_text(encoding="utf-8"))
    missing = [
        (path, test)
        for path, test in named
        if not (PROJECT / path).exists() or f"def {test}" not in (PROJECT / path).read_text(encoding="utf-8")
    ]
    assert missing == []


def headings(page: Path) -> set[str]:
    """Returns the fragments of a page's headings, as GitHub makes them."""
    titles = re.findall("^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_readme_is_short() -> None:
    assert len((PROJECT / "README.md").read_text(encoding="utf-8").splitlines()) < MAX_README_LINES
