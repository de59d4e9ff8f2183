"""`python rollcall.py import FILE…`: rosters into the registry, watched to their end."""

import json
import math
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.filesize import decimal

from chalicelib.errors import Busy, Invalid, RegistryError
from chalicelib.fields.validation import validate
from chalicelib.imports.drop_key import MODES
from chalicelib.imports.model import Import, ImportRecord
from chalicelib.imports.new_import import NewImport
from chalicelib.imports.storage import result_key
from infra.package import LOCAL

from .progress import Bars, Lines, Sent, counted, display, duration
from .stage import AWS_ERRORS, Deployment, find
from .waiting import Clock, Waits, import_wait

POLL_SECONDS = 0.25
NO_ANSWER_SECONDS = (
    300.0  # without an answer from DynamoDB until the watching ends; the import goes on by itself
)
DONE, REJECTED, FAILED, INTERRUPTED = 0, 1, 2, 130  # exit statuses; the worst of several files counts
LONGEST_NAME = 64  # characters of a file's name that an import keeps
OPTIONS = {"account_id": "--account", "max_rejected": "--max-rejected", "region": "--region"}


@click.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default="create",
    show_default=True,
    help="create adds members, upsert changes those that are there too, validate only says what would happen.",
)
@click.option(
    "--account",
    "account_id",
    metavar="ID",
    help="The account of every row; a row that names another is rejected.",
)
@click.option("--region", metavar="GB", help="The region of phone numbers without +.")
@click.option(
    "--max-rejected", metavar="5%", help="Stop when more rows are rejected: a number, or a percentage."
)
@click.option("--stage", default=LOCAL, show_default=True, help="local, or one that is deployed: prod.")
@click.pass_context
def import_files(
    context: click.Context, /, files: tuple[Path, ...], stage: str, **options: str | None
) -> None:
    """Import rosters: .csv or .csv.gz.

    Rejected rows come back in FILE.rejected.csv beside the file, each with its line and reason: correct them there,
    and import that file as it is.

    The exit status is 0 when every row went in, 1 when rows were rejected, 2 when an import failed.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        validate(NewImport, given)
    except Invalid as error:
        fields = [(e.pointer.removeprefix("#/"), e.detail) for e in error.errors]
        wrong = (f"{OPTIONS[field]}: {detail.removeprefix(f'{field}: ')}" for field, detail in fields)
        raise click.UsageError(" ".join(wrong)) from None
    deployment = find(stage)
    with display() as shown:
        outcomes = Run(deployment, given, shown).all(list(dict.fromkeys(files)))
    for outcome in outcomes:
        click.echo(outcome.text)
    context.exit(max(outcome.status for outcome in outcomes))


@dataclass(frozen=True)
class Outcome:
    """What became of a file: the exit status it asks for, and what to tell."""

    status: int
    text: str


class Run:
    """Some files on their way: uploaded one after the other, each watched from then on."""

    def __init__(
        self,
        deployment: Deployment,
        options: dict[str, str],
        shown: Bars | Lines,
        clock: Clock = time.monotonic,
    ) -> None:
        self._deployment = deployment
        self._imports = deployment.imports
        self._options = options
        self._display = shown
        self._clock = clock
        self._waits = Waits(shown.say, clock)
        self._stopped = threading.Event()

    def all(self, paths: Sequence[Path]) -> list[Outcome]:
        """The outcome of each file. Ctrl-C ends the watching, and what was not uploaded yet."""
        watched: list[Future[Outcome]] = []
        with self._waits.checked(), ThreadPoolExecutor(len(paths)) as pool:
            try:
                for path in paths:
                    sent = self._send(path)  # in this thread, where Ctrl-C reaches boto3, which cleans up
                    watched.append(pool.submit(self._finish, path, sent))
                wait(watched)
            except KeyboardInterrupt:
                self._stopped.set()
        unsent = (
            f"{_name(path)}: not uploaded, so nothing of it is imported." for path in paths[len(watched) :]
        )
        return [future.result() for future in watched] + [Outcome(INTERRUPTED, text) for text in unsent]

    def _send(self, path: Path) -> ImportRecord | Outcome:
        """The import of a file that was uploaded, or why there is none."""
        try:
            if path.exists() and not path.is_file():  # a folder, or a pipe, whose opening would wait
                return _failed(path, "cannot be read: it is not a file.")
            with path.open("rb"):
                record = self._announce(path)
        except OSError as error:
            return _failed(path, f"cannot be read: {error.strerror}.")
        except Invalid as error:
            return _failed(path, f"cannot be sent under this name: {error.detail}")
        except (*AWS_ERRORS, RegistryError) as error:
            return _failed(path, f"cannot be sent: {error}")
        try:
            return self._upload(path, record)
        except (OSError, *AWS_ERRORS) as error:
            with suppress(*AWS_ERRORS, RegistryError):
                self._imports.fail_upload(record)
            return _failed(path, f"could not be uploaded: {error}")
        except KeyboardInterrupt:
            with suppress(*AWS_ERRORS, RegistryError):
                self._imports.cancel(record.id)
            raise

    def _announce(self, path: Path) -> ImportRecord:
        self._waits.update(_name(path), "announce", "waiting for DynamoDB to store the new import")
        new = validate(NewImport, {**self._options, "filename": path.name[-LONGEST_NAME:]})
        record, _ = self._imports.announce(new.record(), new.filename)
        return record

    def _upload(self, path: Path, record: ImportRecord) -> ImportRecord:
        sent = self._sent(_name(path), path.stat().st_size)
        self._deployment.s3.upload_file(str(path), record.source.bucket, record.source.key, Callback=sent)
        return record

    def _sent(self, name: str, size: int) -> Sent:
        """What an upload calls with the number of bytes that it has sent since the last call."""
        show, done = self._display.upload(name, size), 0

        def sent(count: int) -> None:
            nonlocal done
            done += count
            show(count)
            text = f"{decimal(done)} of {decimal(size)} uploaded, waiting for S3 to take the file"
            self._waits.update(name, ("upload", done), text)

        sent(0)
        return sent

    def _finish(self, path: Path, sent: ImportRecord | Outcome) -> Outcome:
        """Watches a file's import to its end, and fetches the rows it rejected."""
        if isinstance(sent, Outcome):
            self._waits.end(_name(path))
            return sent
        try:
            record = self._watch(_name(path), sent)
            if not record.shown().finished_at:
                return Outcome(INTERRUPTED, self._goes_on(path, record.id))
            self._waits.update(_name(path), "report", "waiting for S3 to return the results of the import")
            return self._told(path, record)
        except (*AWS_ERRORS, RegistryError) as error:
            return Outcome(
                FAILED, f"{_name(path)}: no longer watched: {error}\n  {self._goes_on(path, sent.id)}"
            )
        finally:
            self._waits.end(_name(path))

    def _watch(self, name: str, record: ImportRecord) -> ImportRecord:
        """The import once it has ended, or as it is when the watching is stopped.

        Raises Busy when DynamoDB has not answered for NO_ANSWER_SECONDS.
        """
        answered = self._clock()
        while True:
            try:
                record = self._deployment.services.import_queries.get(record.id)
                answered = self._clock()
                self._display.load(name, record.shown())
                wait_for = import_wait(record, self._deployment.logs)
            except Busy as error:
                if self._clock() - answered >= NO_ANSWER_SECONDS:
                    raise Busy(f"No answer from DynamoDB for 5 min: {error.__cause__}") from error
                wait_for = f"DynamoDB does not answer: {error.__cause__}"
            self._waits.update(name, (record.status, record.position), wait_for)
            if record.shown().finished_at or self._stopped.wait(POLL_SECONDS):
                return record

    def _goes_on(self, path: Path, import_id: str) -> str:
        url = f"{self._deployment.api_url}/imports/{import_id}"
        return (
            f"{_name(path)}: import {import_id} goes on by itself. To stop it:\n"
            f"  curl -u NAME -X POST {url}/cancel"
        )

    def _told(self, path: Path, record: ImportRecord) -> Outcome:
        """The outcome of an import that has ended; its rejected rows are written beside the file."""
        status = FAILED if record.status != "completed" else REJECTED if record.counts.rejected else DONE
        text = f"{_name(path)}: {_summary(record.shown())}"
        if not record.counts.rejected:
            return Outcome(status, text)
        report = self._report(record.id)
        for code, number in sorted(report["codes"].items(), key=lambda pair: (-pair[1], pair[0])):
            text += f"\n  {number:>9,}  {code}"
        target = path.with_name(f"{path.name}.rejected.csv")
        try:
            key = result_key(record.id, "rejected.csv")
            self._deployment.s3.download_file(record.source.bucket, key, str(target))
        except (OSError, *AWS_ERRORS) as error:
            return Outcome(FAILED, f"{text}\n  {_name(target)} could not be written: {error}")
        return Outcome(status, f"{text}\n  The rejected rows, with their reasons: {_name(target)}")

    def _report(self, import_id: str) -> dict[str, Any]:
        bucket, key = self._deployment.settings.bucket_name, result_key(import_id, "report.json")
        report: dict[str, Any] = json.loads(
            self._deployment.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        )
        return report


def _summary(shown: Import) -> str:
    """An ended import in a line: "completed, 1,000 rows in 2 s: 994 created, 6 rejected"."""
    checked = (shown.mode, shown.status) == ("validate", "completed")
    text = (
        f"{shown.status}: {shown.error.detail}"
        if shown.error
        else "checked,"
        if checked
        else f"{shown.status},"
    )
    if not shown.counts.rows or not shown.started_at or not shown.finished_at:
        return text.rstrip(",")
    took = datetime.fromisoformat(shown.finished_at) - datetime.fromisoformat(shown.started_at)
    rows = "1 row" if shown.counts.rows == 1 else f"{shown.counts.rows:,} rows"
    return f"{text} {rows} in {duration(math.ceil(took.total_seconds()))}: {counted(shown)}"


def _failed(path: Path, why: str) -> Outcome:
    return Outcome(FAILED, f"{_name(path)}: {why}")


def _name(path: Path) -> str:
    return click.format_filename(path)
