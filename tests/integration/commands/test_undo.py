"""`rollcall.py undo`."""

from pathlib import Path

import pytest

from chalicelib.errors import NotFound
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.import_command import Workers, run_command, run_import, write_roster
from tests.support.people import set_fields


def test_undo_command_takes_an_import_back(
    workers: Workers,
    table: MemberRepository,
    tmp_path: Path,
    account: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_import(write_roster(tmp_path / "a.csv", account)).exit_code == 0
    import_id = str(table.get(MemberKey(account, "0")).created_by).removeprefix("import:")
    table.change(MemberKey(account, "2"), set_fields(last_name="Vole"), by="user:ann")

    done = run_command("undo", import_id, "--dry-run")
    assert done.exit_code == 0, done.output
    *_, changes, estimate, following = done.stdout.splitlines()
    assert changes == f"  What would happen to each row: undo-{import_id}.changes.csv"
    assert estimate == "  The undo would take 18 write units (less than a cent)."
    assert following == f"  To take the import back: ./rollcall undo {import_id}"
    assert table.get(MemberKey(account, "0")).version == 1

    done = run_command("undo", import_id)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"undo-{import_id}: completed, 3 rows in ")
    assert done.stdout.endswith(": 1 unchanged, 2 deleted\n  Kept newer changes by user:ann (1).\n")
    with pytest.raises(NotFound):
        table.get(MemberKey(account, "0"))
    assert table.get(MemberKey(account, "2")).last_name == "Vole"


def test_dry_run_cannot_be_taken_back(workers: Workers, tmp_path: Path, account: str) -> None:
    done = run_import(write_roster(tmp_path / "a.csv", account), "--dry-run")
    done = run_command("undo", done.stdout.split()[-1])
    assert (done.exit_code, done.stderr) == (1, "Error: A dry run has changed no member.\n")
