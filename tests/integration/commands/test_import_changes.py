"""What the import and apply commands write about each row."""

import csv
import re
from pathlib import Path

import pytest

from chalicelib.errors import NotFound
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.import_command import Workers, run_command, run_import, write_roster


def outcomes(path: Path) -> list[tuple[str, str]]:
    """Returns (line, outcome) of each row in a changes.csv."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [(row["line"], row["outcome"]) for row in csv.DictReader(file)]


def test_dry_run_writes_changes_and_can_be_applied(
    workers: Workers,
    table: MemberRepository,
    tmp_path: Path,
    account: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write_roster(tmp_path / "a.csv", account, good=2, bad=1)
    done = run_import(path, "--dry-run")
    assert done.exit_code == 1, done.output
    changes = tmp_path / "a.csv.changes.csv"
    *_, rejected, changed, estimate, apply = done.stdout.splitlines()
    assert rejected == f"  The rejected rows, with their reasons: {tmp_path / 'a.csv.rejected.csv'}"
    assert changed == f"  What would happen to each row: {changes}"
    assert outcomes(changes) == [("2", "created"), ("3", "created"), ("4", "rejected")]
    assert estimate == "  The import would take 10 write units (less than a cent)."
    with pytest.raises(NotFound):
        table.get(MemberKey(account, "0"))

    command = re.fullmatch(r"  To import what was checked: \./rollcall (apply \S+)", apply)
    assert command
    monkeypatch.chdir(tmp_path)
    changes.unlink()
    done = run_command(*command[1].split(), "--changes")
    assert done.exit_code == 1, done.output
    assert done.stdout.startswith("a.csv: completed, 3 rows in ")
    assert done.stdout.endswith("  What happened to each row: a.csv.changes.csv\n")
    assert outcomes(changes) == [("2", "created"), ("3", "created"), ("4", "rejected")]
    assert table.get(MemberKey(account, "0")).version == 1


def test_deletion_writes_changes_on_request(
    workers: Workers, table: MemberRepository, tmp_path: Path, account: str
) -> None:
    path = write_roster(tmp_path / "a.csv", account, good=2)
    assert run_import(path).exit_code == 0
    done = run_import(path, "--mode", "delete", "--changes")
    assert ": 2 deleted\n" in done.stdout
    assert outcomes(tmp_path / "a.csv.changes.csv") == [("2", "deleted"), ("3", "deleted")]
    with pytest.raises(NotFound):
        table.get(MemberKey(account, "0"))


@pytest.mark.parametrize("import_id", ["x", "20261123T040000Z-aaaaaaaaaa"])
def test_unknown_import_cannot_be_applied(workers: Workers, import_id: str) -> None:
    done = run_command("apply", import_id)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")


def test_failed_file_has_no_changes(workers: Workers, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.touch()
    done = run_import(path, "--dry-run")
    assert (done.exit_code, done.stdout) == (2, f"{path}: failed: The file is empty.\n")
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]
