"""The libraries that Lambda runs: pinned with hashes, and their licences listed."""

import re
from importlib.metadata import version

from infra.layer import REQUIREMENTS
from infra.project import PROJECT


def pins(name: str) -> dict[str, str]:
    """Returns the version of each library in a file of requirements, by its name in small letters."""
    text = (PROJECT / name).read_text(encoding="utf-8").lower()
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", text.replace("_", "-"), flags=re.MULTILINE))


def test_libraries_with_hashes_are_those_of_requirements() -> None:
    """`make lock` writes them."""
    assert pins(REQUIREMENTS) == pins("requirements.txt")


def test_each_library_of_lambda_has_hashes() -> None:
    text = (PROJECT / REQUIREMENTS).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        assert re.fullmatch(r"[\w.-]+==[\w.]+( +--hash=sha256:[0-9a-f]{64})+", line), line


def test_licence_of_each_library_is_listed() -> None:
    """`make sbom` writes them."""
    page = (PROJECT / "docs" / "licences.md").read_text(encoding="utf-8").replace("_", "-")
    listed = {
        name.lower(): (number, licence)
        for name, number, licence in re.findall(r"^\| (\S+) \| (\d\S*) \| (.+) \|$", page, flags=re.MULTILINE)
    }
    assert {name: number for name, (number, _) in listed.items()} == pins(REQUIREMENTS) | {
        "chalice": version("chalice")
    }
    assert {name for name, (_, licence) in listed.items() if licence == "UNKNOWN"} == set()
