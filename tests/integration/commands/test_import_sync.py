"""Syncs by the command: what was removed, what waits, and approving or declining it."""

import re
from pathlib import Path

import pytest

from tests.support.import_command import Workers, run_command, run_import, write_roster
from tests.support.pipeline import Pipeline
from tests.support.syncs import ids_of

LIMITS = ("--max-removed", "1", "--max-removed-percent", "5")


def test_sync_says_how_many_members_were_removed(
    workers: Workers, pipeline: Pipeline, tmp_path: Path, account: str
) -> None:
    assert run_import(write_roster(tmp_path / "a.csv", account, good=4)).exit_code == 0
    path = write_roster(tmp_path / "b.csv", account, good=3)
    done = run_import(path, "--mode", "sync")
    assert (done.exit_code, done.stdout.partition(" s: ")[2]) == (0, "3 unchanged, 1 removed\n"), done.output
    assert ids_of(pipeline, account) == {"0", "1", "2"}


def test_sync_says_why_nobody_was_removed(
    workers: Workers, pipeline: Pipeline, tmp_path: Path, account: str
) -> None:
    assert run_import(write_roster(tmp_path / "a.csv", account, good=4)).exit_code == 0
    path = write_roster(tmp_path / "b.csv", account, good=3)
    path.write_text(path.read_text() + f"Ann,Lee,3235550000,,{account}\n")
    done = run_import(path, "--mode", "sync")
    assert done.exit_code == 1
    assert "  Nobody was removed: The client member id of a row could not be read" in done.stdout
    assert "1 of 4 members is not in the file." in done.stdout


@pytest.mark.parametrize(("act", "left"), [("approve", 2), ("decline", 4)])
def test_removal_waits_until_it_is_decided(
    workers: Workers,
    pipeline: Pipeline,
    tmp_path: Path,
    account: str,
    monkeypatch: pytest.MonkeyPatch,
    act: str,
    left: int,
) -> None:
    assert run_import(write_roster(tmp_path / "a.csv", account, good=4)).exit_code == 0
    done = run_import(write_roster(tmp_path / "b.csv", account, good=2), "--mode", "sync", *LIMITS)
    assert done.exit_code == 1, done.output
    assert "2 of 4 members are not in the file. Their removal needs approval until " in done.stdout
    command = re.search(rf"\./rollcall ({act} \S+)", done.stdout)
    assert command
    assert "would_remove" in (tmp_path / "b.csv.changes.csv").read_text()

    monkeypatch.chdir(tmp_path)
    decided = run_command(*command[1].split())
    assert decided.exit_code == 0, decided.output
    assert len(ids_of(pipeline, account)) == left
    again = run_command(*command[1].split())
    assert (again.exit_code, again.stderr) == (
        1,
        "Error: The import does not wait for approval: it is completed.\n",
    )
