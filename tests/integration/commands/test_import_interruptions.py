"""`./rollcall import` when Ctrl-C, a cancellation or a vanished file interrupts it."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from chalicelib import config
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.repository import PARTITION
from commands.import_run import ImportRun
from commands.stage import find_deployment
from infra.project import PROJECT
from tests.support.import_command import TIMEOUT, InterferingLines, Workers, write_roster
from tests.support.pipeline import Pipeline


def accept_ctrl_c() -> None:
    """Reset the handler: a shell's background process, as in CI, starts with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_leaves_import_running_and_prints_cancel_command(
    workers: Workers, pipeline: Pipeline, tmp_path: Path, account: str
) -> None:
    """Runs it as a process whose standard error is a terminal, where the bar is drawn."""
    workers.may_load.clear()
    paths = [write_roster(tmp_path / "a.csv", account)]
    terminal, stderr = pty.openpty()
    command = [sys.executable, str(PROJECT / "rollcall.py"), "import", *map(str, paths)]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        preexec_fn=accept_ctrl_c,  # noqa: PLW1509 - it takes no lock
    ) as process:
        os.close(stderr)
        try:
            drawn = ""
            while "  0% uploaded" not in drawn:  # it watches the import
                assert select.select([terminal], [], [], TIMEOUT)[0], drawn
                drawn += os.read(terminal, 4096).decode(errors="replace")
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()
            os.close(terminal)

    assert process.returncode == 130
    assert output.count(" is still running. To cancel it:\n  curl -u NAME -X POST http://127.0.0.1:") == 1
    workers.may_load.set()
    for import_id in re.findall(r"import (\S+) is still", output):
        wait_for_end(pipeline, import_id)


def wait_for_end(pipeline: Pipeline, import_id: str) -> ImportRecord:
    """Return the import when it has ended."""
    deadline = time.monotonic() + TIMEOUT
    while not (record := pipeline.repository.get(import_id)).finished_at:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return record


def imports_since(pipeline: Pipeline, before: Sequence[ImportRecord] = ()) -> list[ImportRecord]:
    """Return all imports except those before; imports of the same second have no order."""
    ids = {record.id for record in before}
    return [record for record in pipeline.repository.newest(5000) if record.id not in ids]


def interrupt() -> None:
    raise KeyboardInterrupt


def test_ctrl_c_while_reading_standard_input_imports_nothing(
    stage: None, pipeline: Pipeline, tmp_path: Path
) -> None:
    before = imports_since(pipeline)
    command = [sys.executable, str(PROJECT / "rollcall.py"), "import", "-"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
        preexec_fn=accept_ctrl_c,  # noqa: PLW1509 - it takes no lock
    ) as process:
        assert process.stderr
        assert process.stderr.readline() == "stdin.csv: reading standard input\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT) == 130
        assert process.stdout
        assert process.stdout.read() == "stdin.csv: not uploaded. None of its rows are imported.\n"
    assert imports_since(pipeline, before) == []


def test_ctrl_c_during_upload_imports_no_further_file(
    stage: None, pipeline: Pipeline, tmp_path: Path, account: str
) -> None:
    paths = [write_roster(tmp_path / name, account) for name in ("a.csv", "b.csv")]
    before = imports_since(pipeline)
    outcomes = ImportRun(find_deployment("local"), {}, InterferingLines(interrupt)).run(paths)
    assert [outcome.status for outcome in outcomes] == [130, 130]
    assert outcomes[1].text == f"{paths[1]}: not uploaded. None of its rows are imported."
    assert [record.status for record in imports_since(pipeline, before)] == ["cancelled"]


def test_file_deleted_before_its_upload_fails_its_import(
    stage: None, pipeline: Pipeline, tmp_path: Path, account: str
) -> None:
    path = write_roster(tmp_path / "a.csv", account)
    before = imports_since(pipeline)
    [outcome] = ImportRun(find_deployment("local"), {}, InterferingLines(path.unlink)).run([path])
    assert outcome.status == 2
    assert outcome.text.startswith(f"{path}: could not be uploaded: ")
    assert [record.error.code for record in imports_since(pipeline, before) if record.error] == [
        "upload_failed"
    ]


def test_cancelled_import_is_reported(stage: None, pipeline: Pipeline, tmp_path: Path, account: str) -> None:
    cancelled = set[str]()

    def cancel(import_id: str) -> None:
        if import_id not in cancelled:
            cancelled.add(import_id)
            pipeline.imports.cancel(import_id)

    path = write_roster(tmp_path / "a.csv", account)
    [outcome] = ImportRun(find_deployment("local"), {}, InterferingLines(on_load=cancel)).run([path])
    assert (outcome.status, outcome.text) == (2, f"{path}: cancelled: The import was cancelled.")


def test_watch_ends_when_the_import_does_not_exist(
    stage: None, pipeline: Pipeline, tmp_path: Path, account: str
) -> None:
    def forget(import_id: str) -> None:
        key = {"pk": {"S": PARTITION}, "sk": {"S": import_id}}
        config.dynamodb().delete_item(TableName=pipeline.settings.table_name, Key=key)

    path = write_roster(tmp_path / "a.csv", account)
    [outcome] = ImportRun(find_deployment("local"), {}, InterferingLines(on_load=forget)).run([path])
    assert outcome.status == 2
    assert outcome.text.startswith(f"{path}: no longer watched: No import has this id.\n")


def test_watch_ends_when_the_upload_has_expired(
    stage: None, pipeline: Pipeline, tmp_path: Path, account: str
) -> None:
    repository = pipeline.repository

    def expire(import_id: str) -> None:
        old = repository.get(import_id).model_copy(update={"created_at": "2020-01-01T00:00:00.000Z"})
        repository.transition(old, "awaiting_upload")

    path = write_roster(tmp_path / "a.csv", account)
    [outcome] = ImportRun(find_deployment("local"), {}, InterferingLines(on_load=expire)).run([path])
    assert (outcome.status, outcome.text) == (2, f"{path}: failed: The file was never uploaded.")
