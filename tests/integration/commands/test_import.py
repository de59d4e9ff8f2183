"""`python rollcall.py import`, against a real AWS whose events and queue a thread plays."""

import csv
import gzip
import itertools
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from click.testing import CliRunner, Result

from chalicelib import config
from chalicelib.errors import NotFound
from chalicelib.imports.model import Import, ImportRecord, Source
from chalicelib.imports.repository import PARTITION
from chalicelib.imports.storage import UPLOADS
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from commands.imports import Run
from commands.progress import Lines, Sent
from commands.stage import find
from infra import where
from infra.emulator import free_port
from rollcall import main
from tests.support import PROJECT
from tests.support.pipeline import Pipeline
from tests.unit.commands.test_waiting import Clock

ROOT = PROJECT
HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"
PATIENCE = 60.0  # seconds until what does not come is a failure


class Workers(threading.Thread):
    """What the bucket's event and the queue would do with each file that was uploaded, until the end of the test."""

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__()
        self._pipeline = pipeline
        self._bucket = pipeline.settings.bucket_name
        self._seen = set(self._uploaded())
        self.may_load = threading.Event()
        self.may_load.set()
        self.over = threading.Event()

    def run(self) -> None:
        """Handles what comes."""
        while not self.over.wait(0.05):
            if not self.may_load.is_set():
                continue
            for key in set(self._uploaded()) - self._seen:
                self._seen.add(key)
                self.load(key)

    def load(self, key: str) -> ImportRecord:
        """Imports an uploaded file to its end."""
        found = config.s3().head_object(Bucket=self._bucket, Key=key)
        source = Source(bucket=self._bucket, key=key, version=found["VersionId"], size=found["ContentLength"])
        return self._pipeline.drain(self._pipeline.imports.split(source, "unused").id)

    def _uploaded(self) -> list[str]:
        answer = config.s3().list_objects_v2(Bucket=self._bucket, Prefix=UPLOADS)
        return [found["Key"] for found in answer.get("Contents", ())]


@pytest.fixture
def workers(pipeline: Pipeline, stage: None) -> Iterator[Workers]:
    workers = Workers(pipeline)
    workers.start()
    yield workers
    workers.over.set()
    workers.join()


def rollcall(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["import", *map(str, arguments)])


def roster(path: Path, account: str, good: int = 3, bad: int = 0) -> Path:
    """A file of some good rows, and bad ones after them."""
    rows = [f"Ann,Lee,{3235550000 + i},{i},{account}\n" for i in range(good)]
    rows += [f"Ben,Lee,12,{path.name}-{i},{account}\n" for i in range(bad)]
    path.write_text(HEADER + "".join(rows))
    return path


def test_a_good_file_goes_in_and_the_status_is_0(
    workers: Workers, table: MemberRepository, tmp_path: Path, account: str
) -> None:
    done = rollcall(roster(tmp_path / "a.csv", account))
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"{tmp_path / 'a.csv'}: completed, 3 rows in ")
    assert done.stdout.endswith(": 3 created\n")
    assert table.get(MemberKey(account, "2")).last_name == "Lee"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_rejected_rows_come_back_beside_the_file_and_go_in_once_corrected(
    workers: Workers, tmp_path: Path, account: str
) -> None:
    path = roster(tmp_path / "a.csv", account, bad=2)
    done = rollcall(path)
    assert done.exit_code == 1, done.output
    outcome, *reasons = done.stdout.splitlines()
    assert outcome.endswith(": 3 created, 2 rejected")
    back = tmp_path / "a.csv.rejected.csv"
    assert [line.split() for line in reasons] == [
        ["2", "phone_not_possible"],
        ["The", "rejected", "rows,", "with", "their", "reasons:", str(back)],
    ]
    with back.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["code"], row["phone_number"]) for row in rows] == [
        ("5", "phone_not_possible", "12"),
        ("6", "phone_not_possible", "12"),
    ]

    text = back.read_text()
    back.write_text(text.replace(",12,", ",3235559998,", 1).replace(",12,", ",3235559999,"))
    done = rollcall(back)
    assert (done.exit_code, done.stdout.endswith(": 2 created\n")) == (0, True)


def test_no_output_shows_what_a_row_says(workers: Workers, tmp_path: Path, account: str) -> None:
    done = rollcall(roster(tmp_path / "a.csv", account, bad=1))
    assert not [secret for secret in ("Ann", "Ben", "Lee", "323555", account) if secret in done.output]


def test_several_files_have_an_outcome_each_and_the_worst_is_the_status(
    workers: Workers, tmp_path: Path, account: str
) -> None:
    """A file that is not there costs its neighbours nothing; a name may hold what a terminal reads as markup."""
    good = roster(tmp_path / "[red] good ü.csv", f"{account}-a")
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(roster(tmp_path / "b.csv", f"{account}-b", good=2, bad=1).read_bytes()))
    missing, folder = tmp_path / "missing.csv", tmp_path / "folder"
    folder.mkdir()
    sheet = tmp_path / "roster.xlsx"
    sheet.write_bytes(b"PK\x03\x04")
    empty = tmp_path / "empty.csv"
    empty.touch()

    done = rollcall(good, packed, missing, folder, sheet, empty, good)

    assert done.exit_code == 2, done.output
    outcomes = [line for line in done.stdout.splitlines() if not line.startswith("  ")]
    assert len(outcomes) == 6
    for path, outcome, said in zip(
        (good, packed, missing, folder, sheet, empty),
        outcomes,
        (
            "3 created",
            "2 created, 1 rejected",
            "cannot be read: No such file or directory.",
            "cannot be read: it is not a file.",
            "failed: Only .csv and .csv.gz files are imported.",
            "failed: The file is empty.",
        ),
        strict=True,
    ):
        assert outcome.startswith(str(path))
        assert outcome.endswith(said)
    assert (tmp_path / "packed.csv.gz.rejected.csv").exists()
    assert rollcall(good, packed).exit_code == 1


def test_a_given_account_rejects_rows_that_name_another(
    workers: Workers, table: MemberRepository, tmp_path: Path, account: str
) -> None:
    done = rollcall(roster(tmp_path / "a.csv", f"{account}-b"), "--account", account, "--mode", "upsert")
    assert (done.exit_code, "3  account_differs" in done.stdout) == (1, True)
    with pytest.raises(NotFound):
        table.get(MemberKey(f"{account}-b", "0"))


def test_mode_account_region_and_limit_reach_the_import(
    workers: Workers, table: MemberRepository, tmp_path: Path, account: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("First Name,Surname,Phone,Member ID\nAnn,Lee,020 7946 0958,7\n")
    options = ["--account", account, "--region", "GB"]

    done = rollcall(path, *options, "--mode", "validate")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{path}: checked, 1 row in ")
    assert done.stdout.endswith(": 1 would be created\n")

    assert rollcall(path, *options).exit_code == 0
    assert table.get(MemberKey(account, "7")).phone_number == "+442079460958"

    path.write_text("First Name,Surname,Phone,Member ID\nAnn,Moore,,7\n")
    done = rollcall(path, *options, "--mode", "upsert")
    assert done.stdout.endswith(": 1 updated\n")

    done = rollcall(roster(tmp_path / "b.csv", account, good=0, bad=3), "--max-rejected", "1")
    assert done.exit_code == 2
    assert ": failed: 3 of 3 rows were rejected. 3 rows in " in done.stdout
    assert (tmp_path / "b.csv.rejected.csv").exists()


def test_a_name_that_is_too_long_for_an_import_keeps_its_end(
    workers: Workers, tmp_path: Path, account: str
) -> None:
    assert rollcall(roster(tmp_path / f"{'x' * 100}.csv", account)).exit_code == 0


def test_a_folder_that_takes_no_file_does_not_hide_the_counts(
    workers: Workers, tmp_path: Path, account: str
) -> None:
    path = roster(tmp_path / "a.csv", account, bad=1)
    (tmp_path / "a.csv.rejected.csv").mkdir()
    done = rollcall(path)
    assert done.exit_code == 2
    assert ": 3 created, 1 rejected\n" in done.stdout
    assert "a.csv.rejected.csv could not be written: " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing argument 'FILE...'"),
        (["--mode", "delete", "a.csv"], "Invalid value for '--mode'"),
        (["--region", "XX", "a.csv"], "--region: Must be a known two-letter region code"),
        (["--max-rejected", "many", "a.csv"], "--max-rejected: "),
        (["--account", " ", "a.csv"], "--account: "),
        (["--stage", "elsewhere", "a.csv"], "Error: rollcall-elsewhere is on AWS. AWS_ENDPOINT_URL"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line_with_status_2(
    stage: None, arguments: Sequence[str], said: str
) -> None:
    done = rollcall(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not done.stdout


def test_a_stage_that_does_not_answer_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("EMULATOR_PORT", str(free_port()))
    done = rollcall("a.csv")
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(
        "Error: rollcall-local was not found: Could not connect to the endpoint URL"
    )


def listen_to_ctrl_c() -> None:
    """What runs in the background of a shell, as CI may, is started deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_leaves_the_import_running_and_says_how_to_stop_it(
    workers: Workers, pipeline: Pipeline, tmp_path: Path, account: str
) -> None:
    """In a process of its own, with a terminal for its standard error, where the bar is drawn."""
    workers.may_load.clear()
    paths = [roster(tmp_path / "a.csv", account)]
    ours, theirs = pty.openpty()
    command = [sys.executable, str(ROOT / "rollcall.py"), "import", *map(str, paths)]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        preexec_fn=listen_to_ctrl_c,  # noqa: PLW1509 - no lock is taken in it
    ) as process:
        os.close(theirs)
        try:
            drawn = ""
            while "  0% uploaded" not in drawn:  # it is up, and watched
                assert select.select([ours], [], [], PATIENCE)[0], drawn
                drawn += os.read(ours, 4096).decode(errors="replace")
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
            os.close(ours)

    assert process.returncode == 130
    assert said.count(" goes on by itself. To stop it:\n  curl -u NAME -X POST http://127.0.0.1:") == 1
    workers.may_load.set()
    for import_id in re.findall(r"import (\S+) goes on", said):
        ended(pipeline, import_id)


def ended(pipeline: Pipeline, import_id: str) -> ImportRecord:
    """The import, once it has ended."""
    deadline = time.monotonic() + PATIENCE
    while not (record := pipeline.repository.get(import_id)).finished_at:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return record


class Trouble(Lines):
    """A display that does something when an upload begins, or when an import is looked at."""

    def __init__(
        self, uploading: Callable[[], None] | None = None, looking: Callable[[str], None] | None = None
    ) -> None:
        super().__init__()
        self._uploading, self._looking = uploading, looking

    def upload(self, name: str, size: int) -> Sent:
        """What Lines does, after the trouble."""
        if self._uploading:
            self._uploading()
        return super().upload(name, size)

    def load(self, name: str, shown: Import) -> None:
        """What Lines does, before the trouble."""
        super().load(name, shown)
        if self._looking:
            self._looking(shown.id)


def known(pipeline: Pipeline, before: Sequence[ImportRecord] = ()) -> list[ImportRecord]:
    """All imports but those before; within a second they stand in no order of time."""
    ids = {record.id for record in before}
    return [record for record in pipeline.repository.newest(5000) if record.id not in ids]


def interrupt() -> None:
    raise KeyboardInterrupt


def test_ctrl_c_in_an_upload_imports_nothing_of_that_file_and_those_after_it(
    stage: None, pipeline: Pipeline, tmp_path: Path, account: str
) -> None:
    paths = [roster(tmp_path / name, account) for name in ("a.csv", "b.csv")]
    before = known(pipeline)
    outcomes = Run(find("local"), {}, Trouble(interrupt)).all(paths)
    assert [outcome.status for outcome in outcomes] == [130, 130]
    assert outcomes[1].text == f"{paths[1]}: not uploaded, so nothing of it is imported."
    assert [record.status for record in known(pipeline, before)] == ["cancelled"]


def test_a_file_that_goes_away_before_its_upload_fails_its_import(
    stage: None, pipeline: Pipeline, tmp_path: Path, account: str
) -> None:
    path = roster(tmp_path / "a.csv", account)
    before = known(pipeline)
    [outcome] = Run(find("local"), {}, Trouble(path.unlink)).all([path])
    assert outcome.status == 2
    assert outcome.text.startswith(f"{path}: could not be uploaded: ")
    assert [record.error.code for record in known(pipeline, before) if record.error] == ["upload_failed"]


def test_an_import_that_somebody_cancels_is_told(
    stage: None, pipeline: Pipeline, tmp_path: Path, account: str
) -> None:
    cancelled = set[str]()

    def cancel(import_id: str) -> None:
        if import_id not in cancelled:
            cancelled.add(import_id)
            pipeline.imports.cancel(import_id)

    path = roster(tmp_path / "a.csv", account)
    [outcome] = Run(find("local"), {}, Trouble(looking=cancel)).all([path])
    assert (outcome.status, outcome.text) == (2, f"{path}: cancelled: The import was cancelled.")


def test_an_import_that_cannot_be_asked_for_any_more_is_named(
    stage: None, pipeline: Pipeline, tmp_path: Path, account: str
) -> None:
    def forget(import_id: str) -> None:
        key = {"pk": {"S": PARTITION}, "sk": {"S": import_id}}
        config.dynamodb().delete_item(TableName=pipeline.settings.table_name, Key=key)

    path = roster(tmp_path / "a.csv", account)
    [outcome] = Run(find("local"), {}, Trouble(looking=forget)).all([path])
    assert outcome.status == 2
    assert outcome.text.startswith(f"{path}: no longer watched: No import has this id.\n")


def test_watching_ends_once_the_upload_has_expired(
    stage: None, pipeline: Pipeline, tmp_path: Path, account: str
) -> None:

    def expire(import_id: str) -> None:
        old = pipeline.repository.get(import_id).model_copy(update={"created_at": "2020-01-01T00:00:00.000Z"})
        pipeline.repository.transition(old, "awaiting_upload")

    path = roster(tmp_path / "a.csv", account)
    [outcome] = Run(find("local"), {}, Trouble(looking=expire)).all([path])
    assert (outcome.status, outcome.text) == (2, f"{path}: failed: The file was never uploaded.")


class Listener(Trouble):
    """A display that does something when a line is printed."""

    def __init__(self, said: Callable[[str], None], looking: Callable[[str], None]) -> None:
        super().__init__(looking=looking)
        self._said_line = said

    def say(self, text: str) -> None:
        """What Lines does, before the reaction."""
        super().say(text)
        self._said_line(text)


def test_import_without_progress_says_what_it_waits_for(
    stage: None, pipeline: Pipeline, tmp_path: Path, account: str
) -> None:
    """No function is called for the uploaded file. The test's clock passes a minute at each look at it."""
    path = roster(tmp_path / "a.csv", account)
    ids: list[str] = []
    notices: list[str] = []

    def hear(text: str) -> None:
        if "is awaiting_upload at 0%" in text:
            notices.append(text)
        if len(notices) == 2:
            pipeline.imports.cancel(ids[0])

    clock = itertools.count(step=60.0).__next__
    [outcome] = Run(find("local"), {}, Listener(hear, ids.append), clock).all([path])

    assert outcome.text == f"{path}: cancelled: The import was cancelled."
    for notice in notices[:2]:
        assert re.match(rf"{re.escape(str(path))}: no progress for \d+ min: import {ids[0]} is ", notice)
        assert notice.endswith(f" for the uploaded file. See {where.STATE / 'emulator.log'}")


def test_watching_ends_after_minutes_without_an_answer(stage: None, tmp_path: Path, account: str) -> None:
    deployment, clock, lines = find("local"), Clock(), list[str]()
    events: Any = deployment.services.table._client.meta.events  # noqa: SLF001 - no method gives it away

    def refuse(**_: Any) -> None:
        clock.now = max(clock.now, 1070.0)
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1/")

    def hear(text: str) -> None:
        lines.append(text)
        if "no progress" in text:
            clock.now += 300.0 if "does not answer" in text else 60.0

    def cut_off(_: str) -> None:
        events.register("before-send.dynamodb", refuse)

    path = roster(tmp_path / "a.csv", account)
    [outcome] = Run(deployment, {}, Listener(hear, cut_off), clock).all([path])

    assert outcome.status == 2
    assert outcome.text.startswith(f"{path}: no longer watched: No answer from DynamoDB for 5 min: ")
    assert " goes on by itself. To stop it:" in outcome.text
    assert 'min: DynamoDB does not answer: Could not connect to the endpoint URL: "http' in lines[-1]
