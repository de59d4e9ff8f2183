"""Uploads the files of an import command one after the other, and watches their imports side by side."""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.filesize import decimal

from chalicelib.errors import Busy, Invalid, RegistryError
from chalicelib.fields.validation import validate
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.new_import import NewImport
from chalicelib.imports.records.storage import CHANGES, result_key
from chalicelib.imports.reports.queries import REJECTED as REJECTED_ROWS
from chalicelib.imports.reports.queries import REPORT

from .outcomes import (
    DONE,
    FAILED,
    INTERRUPTED,
    REJECTED,
    FileOutcome,
    changed_since,
    estimate_line,
    failure,
    format_path,
    guessed_encoding,
    next_command,
    removal_lines,
    summary,
    warning_lines,
)
from .progress import Bars, Lines, OnBytesSent
from .sources import STDIN, named, opened_source, refusal
from .stage import AWS_ERRORS, Deployment
from .waiting import Clock, Waits, describe_wait

POLL_SECONDS = 0.25
NO_RESPONSE_SECONDS = 300.0  # without a response from DynamoDB before the watch ends; the import continues
MAX_NAME = 64  # characters of a file's name that an import stores: its last ones


class ImportRun:
    """One run of the import command over some files. `changes`: whether to download changes.csv of each."""

    def __init__(
        self,
        deployment: Deployment,
        options: Mapping[str, str | bool],
        display: Bars | Lines,
        clock: Clock = time.monotonic,
        *,
        changes: bool = False,
    ) -> None:
        self._deployment = deployment
        self._imports = deployment.services.imports
        self._options = options
        self._display = display
        self._clock = clock
        self._changes = changes
        self._waits = Waits(display.print_line, clock)
        self._stopped = threading.Event()

    def run(self, paths: Sequence[Path]) -> list[FileOutcome]:
        """Imports the files and returns the outcome of each. Ctrl-C ends the watch and skips further uploads."""
        watched: list[Future[FileOutcome]] = []
        with self._waits.checking(), ThreadPoolExecutor(len(paths)) as pool:
            try:
                for path in paths:
                    sent = self._send(path)  # in the main thread: Ctrl-C reaches boto3, which cleans up
                    watched.append(pool.submit(self._finish, named(path), sent))
                wait(watched)
            except KeyboardInterrupt:
                self._stopped.set()
        skipped = (
            FileOutcome(
                INTERRUPTED,
                f"{format_path(path)}: not uploaded. None of its rows are imported.",
                {"file": format_path(path)},
            )
            for path in map(named, paths[len(watched) :])
        )
        return [*(future.result() for future in watched), *skipped]

    def follow(self, record: ImportRecord) -> FileOutcome:
        """Watches an import whose file is stored until it ends, and returns its outcome."""
        path = Path(f"undo-{record.of}" if record.of else Path(record.source.key).name)
        self._display.upload(format_path(path), record.source.size)
        with self._waits.checking(), ThreadPoolExecutor(1) as pool:
            watched = pool.submit(self._finish, path, record)
            try:
                wait([watched])
            except KeyboardInterrupt:
                self._stopped.set()
        return watched.result()

    def _send(self, given: Path) -> ImportRecord | FileOutcome:
        """Returns the import of an uploaded file, or the outcome of one that cannot be uploaded."""
        path = named(given)
        if given == STDIN:
            self._display.print_line(f"{path}: reading standard input")
        try:
            with opened_source(given) as source:
                return self._send_file(path, source)
        except OSError as error:
            return failure(path, f"cannot be read: {error.strerror}.")

    def _send_file(self, path: Path, source: Path) -> ImportRecord | FileOutcome:
        """Uploads what is in `source` as a file named `path`. Raises OSError if it cannot be read."""
        try:
            if reason := refusal(path, source):
                return failure(path, reason)
            record = self._announce(path)
        except Invalid as error:
            return failure(path, f"cannot be uploaded under this name: {error.detail}")
        except (*AWS_ERRORS, RegistryError) as error:
            return failure(path, f"cannot be uploaded: {error}")
        try:
            self._upload(path, source, record)
        except (OSError, *AWS_ERRORS) as error:
            with suppress(*AWS_ERRORS, RegistryError):
                self._imports.fail_upload(record)
            return failure(path, f"could not be uploaded: {error}")
        except KeyboardInterrupt:
            with suppress(*AWS_ERRORS, RegistryError):
                self._imports.cancel(record.id)
            raise
        return record

    def _announce(self, path: Path) -> ImportRecord:
        self._waits.update(format_path(path), "announce", "waiting for DynamoDB to store the new import")
        new = validate(NewImport, {**self._options, "filename": path.name[-MAX_NAME:]})
        record, _ = self._imports.announce(new.record(), new.filename)
        return record

    def _upload(self, path: Path, source: Path, record: ImportRecord) -> None:
        on_bytes_sent = self._upload_callback(format_path(path), source.stat().st_size)
        self._deployment.s3.upload_file(
            str(source), record.source.bucket, record.source.key, Callback=on_bytes_sent
        )

    def _upload_callback(self, name: str, size: int) -> OnBytesSent:
        show, total = self._display.upload(name, size), 0

        def on_bytes_sent(count: int) -> None:
            nonlocal total
            total += count
            show(count)
            text = f"{decimal(total)} of {decimal(size)} uploaded, waiting for S3 to accept the file"
            self._waits.update(name, ("upload", total), text)

        on_bytes_sent(0)
        return on_bytes_sent

    def _finish(self, path: Path, sent: ImportRecord | FileOutcome) -> FileOutcome:
        """Watches a file's import until it ends, and returns its outcome."""
        name = format_path(path)
        if isinstance(sent, FileOutcome):
            self._waits.end(name)
            return sent
        try:
            record = self._watch(name, sent)
            if not _rests(record):
                return FileOutcome(INTERRUPTED, self._still_running(name, record.id), _facts(path, record))
            self._waits.update(name, "report", "waiting for S3 to return the results of the import")
            return self._outcome(path, record)
        except (*AWS_ERRORS, RegistryError) as error:
            return failure(path, f"no longer watched: {error}\n  {self._still_running(name, sent.id)}")
        finally:
            self._waits.end(name)

    def _watch(self, name: str, record: ImportRecord) -> ImportRecord:
        """Returns the import when it has ended or waits for approval, or as it is when Ctrl-C ends the watch.

        Raises Busy when DynamoDB has not responded for NO_RESPONSE_SECONDS.
        """
        responded = self._clock()
        while True:
            try:
                record = self._deployment.services.import_queries.get(record.id)
                responded = self._clock()
                self._display.load(name, record.shown())
                text = describe_wait(record, self._deployment.logs)
            except Busy as error:
                if self._clock() - responded >= NO_RESPONSE_SECONDS:
                    raise Busy(f"No response from DynamoDB for 5 min: {error.__cause__}") from error
                text = f"DynamoDB does not respond: {error.__cause__}"
            self._waits.update(
                name, (record.status, record.stage, record.steps_done, record.counts.rows), text
            )
            if _rests(record) or self._stopped.wait(POLL_SECONDS):
                return record

    def _still_running(self, name: str, import_id: str) -> str:
        url = f"{self._deployment.api_url}/imports/{import_id}/cancel"
        return f"{name}: import {import_id} is still running. To cancel it:\n  curl -u NAME -X POST {url}"

    def _outcome(self, path: Path, record: ImportRecord) -> FileOutcome:
        """Returns the outcome of an ended import, or of one that waits; writes its results beside the file."""
        waits = record.status == "awaiting_approval"
        status = REJECTED if record.counts.rejected or waits else DONE
        status = status if record.status == "completed" or waits else FAILED
        text = f"{format_path(path)}: {summary(record.shown())}"
        text += guessed_encoding(record.shown()) + removal_lines(record.shown(), self._deployment.command)
        report = self._report(record) if record.counts.rows else {}
        if others := report.get("sheets", [])[1:]:
            text += f"\n  Sheets that were not read: {', '.join(others)}."
        text += "".join(f"\n  {line}" for line in warning_lines(report.get("warnings", [])))
        text += changed_since(report.get("changed_since_by", {}))
        for code, number in sorted(report.get("codes", {}).items(), key=lambda pair: (-pair[1], pair[0])):
            text += f"\n  {number:>9,}  {code}"
        facts = _facts(path, record) | {"report": report or None, "results": {}}
        for name, contents in self._results(record).items():
            target = path.with_name(f"{path.name}.{name}")
            try:
                key = result_key(record.id, name)
                self._deployment.s3.download_file(record.source.bucket, key, str(target))
            except (OSError, *AWS_ERRORS) as error:
                text += f"\n  {format_path(target)} could not be written: {error}"
                return FileOutcome(FAILED, text, facts)
            text += f"\n  {contents}: {format_path(target)}"
            facts["results"][name] = format_path(target)
        text += estimate_line(record.shown()) + next_command(record.shown(), self._deployment.command)
        return FileOutcome(status, text, facts)

    def _results(self, record: ImportRecord) -> dict[str, str]:
        """Returns what is in the results to download, by name."""
        found = {REJECTED_ROWS: "The rejected rows, with their reasons"} if record.counts.rejected else {}
        if record.counts.rows and record.dry_run:
            found[CHANGES] = "What would happen to each row"
        elif record.status == "awaiting_approval":
            found[CHANGES] = "Who would be removed, and what happened to each row"
        elif record.counts.rows and self._changes:
            found[CHANGES] = "What happened to each row"
        return found

    def _report(self, record: ImportRecord) -> dict[str, Any]:
        """Returns the report of an import that has read rows."""
        report: dict[str, Any] = json.loads(
            self._deployment.services.import_storage.result(record.id, REPORT)
        )
        return report


def _facts(path: Path, record: ImportRecord) -> dict[str, Any]:
    """Returns what --json shows of an import besides its outcome."""
    return {"file": format_path(path), "import": record.shown().model_dump()}


def _rests(record: ImportRecord) -> bool:
    """Returns whether an import has ended, or waits for approval and its results are written."""
    waits = record.status == "awaiting_approval" and record.notified
    return waits or record.shown().finished_at is not None
