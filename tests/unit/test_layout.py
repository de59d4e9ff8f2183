"""The layout of the code, beyond .importlinter: what an import loads, who spells keys, how long files are."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import PROJECT

MAX_LINES = 300
MAX_WORDS = 10
FOLDERS = ("chalicelib", "commands", "infra", "tools", "bench", "tests")
FILES = sorted(path for folder in FOLDERS for path in (PROJECT / folder).rglob("*.py"))
MODULES = [path for path in FILES if path.is_relative_to(PROJECT / "chalicelib")]
KEYS = {  # a key's prefix, and the only modules that may spell it
    "CLIENT#": {"members/items.py"},
    "PHONE#": {"members/items.py"},
    "ACCOUNT#": {"members/items.py"},
    "HISTORY#": {"members/items.py"},
    "SETTINGS": {"members/member_hashes.py"},
    "IMPORTS": {"imports/records/repository.py"},
    "IMPORT#": {"imports/records/repository.py"},
    "SYNC#": {"imports/syncs/account_syncs.py"},
    "WRITE_BUDGET": {"dynamodb/write_budget.py"},
    "EXPORTS": {"exports/repository.py"},
    "EXPORT#": {"exports/repository.py"},
    "REPLY#": {"replies.py"},
    "ACCESS_HISTORY": {"access/history.py"},
    "USERS": {"access/items.py"},
    "TOKENS": {"access/items.py"},
    "SESSIONS": {"access/items.py"},
    "ATTEMPTS#": {"access/items.py"},
    "GROUPS": {"access/items.py"},
}


def test_importing_the_app_creates_no_client_and_reads_no_setting() -> None:
    """A client takes 0.4 s to build, which every cold start would pay; and `chalice package` has no settings.

    Powertools imports the bare package botocore, which loads nothing.
    """
    code = "import app, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, env={}, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "chalicelib.api.members" in loaded
    assert not loaded & {"boto3", "botocore.session", "botocore.client", "chalicelib.api.openapi.document"}


@pytest.mark.parametrize("key", KEYS)
def test_each_key_is_built_in_one_module(key: str) -> None:
    spelled = re.compile(rf"[\"'{{]{re.escape(key)}")
    found = {
        str(path.relative_to(PROJECT / "chalicelib"))
        for path in MODULES
        if spelled.search(path.read_text(encoding="utf-8"))
    }
    assert found == KEYS[key]


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {str(path.relative_to(PROJECT)): _lines(path) for path in FILES}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_test_names_have_at_most_ten_words() -> None:
    names = {
        name
        for path in FILES
        for name in re.findall(r"^def test_(\w+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    }
    assert {name for name in names if len(name.split("_")) > MAX_WORDS} == set()
