"""The export command."""

import gzip
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from commands.exports import ExportRun
from commands.stage import find_deployment
from rollcall import main
from tests.support.exports import Exports, add_members, new_export
from tests.support.people import person


class Workers(threading.Thread):
    """Writes each export that is queued, in place of the function, until `stopped` is set."""

    def __init__(self, exports: Exports) -> None:
        super().__init__()
        self._exports = exports
        self.fails = False
        self.stopped = threading.Event()

    def run(self) -> None:
        """Write the exports."""
        while not self.stopped.wait(0.05):
            for message in self._exports.messages():
                record = self._exports.record_of(message)
                (self._exports.exporter.give_up if self.fails else self._exports.exporter.run)(record)


@pytest.fixture
def exports(settings: object) -> Exports:
    return Exports()


@pytest.fixture
def workers(exports: Exports, stage: None) -> Iterator[Workers]:
    """Run workers during the test."""
    workers = Workers(exports)
    workers.start()
    yield workers
    workers.stopped.set()
    workers.join()


def run_export(*arguments: str | Path) -> Result:
    """Run `rollcall.py export` with these arguments."""
    return CliRunner().invoke(main, ["export", *map(str, arguments)])


def test_export_command_downloads_the_file(
    exports: Exports, workers: Workers, account: str, tmp_path: Path
) -> None:
    add_members(exports.services, [person(account, n) for n in range(3)])
    path = tmp_path / "out.csv.gz"
    result = run_export(account, "--format", "csv.gz", "-o", path)
    assert (result.exit_code, result.stdout) == (0, f"3 members exported to {path}\n")
    assert f"of account {account}, as of 20" in result.stderr
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert [line.split(",")[1] for line in lines[1:]] == ["m0", "m1", "m2"]
    assert list(tmp_path.iterdir()) == [path]


def test_json_has_export_and_file(exports: Exports, workers: Workers, account: str, tmp_path: Path) -> None:
    add_members(exports.services, [person(account)])
    done = json.loads(run_export(account, "-o", tmp_path / "out.csv", "--json").stdout)
    assert (done["exit_status"], done["file"]) == (0, str(tmp_path / "out.csv"))
    assert (done["export"]["status"], done["export"]["account_id"]) == ("completed", account)


def test_export_command_names_its_file_by_account_and_time(
    exports: Exports, workers: Workers, account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    add_members(
        exports.services, [person(account, 1, last_name="Lee"), person(account, 2, last_name="Mouse")]
    )
    result = run_export(account, "--last-name-prefix", "mo")
    [path] = tmp_path.iterdir()
    assert path.name.startswith(f"members-{account.replace('-', '_')}-last_name-mo-20")
    assert result.stdout == f"1 member exported to {path.name}\n"
    assert path.read_text(encoding="utf-8-sig").splitlines()[1].startswith(f"{account},m2,")


def test_failed_export_writes_no_file(workers: Workers, account: str, tmp_path: Path) -> None:
    workers.fails = True
    result = run_export(account, "-o", tmp_path / "out.csv")
    assert result.exit_code == 2
    assert "failed: The file could not be written. Export again." in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([" "], "ACCOUNT: Must not be blank."),
        (["7", "--last-name-prefix", " "], "--last-name-prefix: Must not be blank."),
        (["7", "--format", "xlsx"], "Invalid value for '--format'"),
        ([], "Missing argument 'ACCOUNT'"),
    ],
)
def test_invalid_arguments_of_an_export_are_named(arguments: list[str], text: str) -> None:
    result = run_export(*arguments)
    assert result.exit_code == 2
    assert text in result.output


def test_unwritable_file_is_reported_before_the_export(exports: Exports, stage: None, tmp_path: Path) -> None:
    before = next(exports.repository.newest(), None)
    result = run_export("7", "-o", tmp_path / "missing" / "out.csv")
    assert result.exit_code == 2
    assert "cannot be written: No such file or directory." in result.stderr
    assert next(exports.repository.newest(), None) == before


def test_interrupted_export_goes_on(exports: Exports, stage: None, account: str, tmp_path: Path) -> None:
    def interrupt(_text: str) -> None:
        raise KeyboardInterrupt

    record = new_export(account)
    outcome = ExportRun(find_deployment("local"), interrupt).run(record, tmp_path / "out.csv")
    assert outcome.status == 130
    assert f"curl -u NAME http://127.0.0.1:8000/exports/{record.id}" in outcome.text
    assert exports.drain(record).shown().status == "completed"
    assert list(tmp_path.iterdir()) == []
