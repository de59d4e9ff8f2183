"""The version is the same wherever the project states it."""

import re
import tomllib

from chalicelib import __version__
from chalicelib.api.openapi.document import document
from infra.project import PROJECT

# A heading of "Keep a Changelog"; a version that is not released yet has no date.
HEADING = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - (?:\d{4}-\d{2}-\d{2}|Unreleased)$")


def changelog_headings() -> list[str]:
    """Return the second-level headings of CHANGELOG.md, the newest first."""
    lines = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("## ")]


def test_openapi_states_the_version_of_the_code() -> None:
    assert document()["info"]["version"] == __version__


def test_pyproject_states_the_version_of_the_code() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__


def test_newest_changelog_heading_states_the_version_of_the_code() -> None:
    newest = HEADING.match(changelog_headings()[0])
    assert newest
    assert newest[1] == __version__


def test_every_changelog_heading_has_a_version_and_a_date() -> None:
    assert all(HEADING.match(heading) for heading in changelog_headings())


def test_only_the_newest_version_is_unreleased() -> None:
    assert not [heading for heading in changelog_headings()[1:] if heading.endswith("Unreleased")]
