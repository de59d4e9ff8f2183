"""The house keeps its order: which room knows what, and how large a room may grow."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import PROJECT

ROOT = PROJECT
ROOMS = sorted((ROOT / "chalicelib").rglob("*.py"))
LONGEST = 330  # lines; a room that grows past it is split along a seam that a newcomer would guess


def imported_by(statement: str) -> set[str]:
    """The modules a fresh Python has loaded after a statement, with nothing of AWS in its environment."""
    code = f"{statement}; import sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={}, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


PURE = "errors phones members items csvfile decoding rows drops access records passwords"


@pytest.mark.parametrize("room", PURE.split())
def test_a_pure_room_knows_neither_aws_nor_chalice(room: str) -> None:
    loaded = imported_by(f"import chalicelib.{room}")
    assert f"chalicelib.{room}" in loaded
    assert not loaded & {"boto3", "botocore", "chalice"}


def test_importing_the_app_makes_no_client_and_needs_no_setting() -> None:
    """A client takes 0.4 s to make, which every cold start would pay; and `chalice package` has no settings.

    Powertools imports the bare package botocore, which loads nothing.
    """
    loaded = imported_by("import app")
    assert "chalicelib.api" in loaded
    assert not loaded & {"boto3", "botocore.session", "botocore.client", "chalicelib.openapi"}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.stem)
def test_keys_are_spelled_in_one_room(room: Path) -> None:
    if room.name == "items.py":
        return
    text = room.read_text(encoding="utf-8")
    for key in ("CLIENT#", "PHONE#", "ACCOUNT#"):
        assert key not in text
    if room.name != "ledger.py":  # imports have a partition of their own, and one room that knows it
        assert "IMPORTS" not in text
        assert "IMPORT#" not in text


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.stem)
def test_no_room_grows_too_large(room: Path) -> None:
    assert len(room.read_text(encoding="utf-8").splitlines()) <= LONGEST
