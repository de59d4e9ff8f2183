"""`./rollcall export ACCOUNT`: exports the members of an account, waits for the file, and downloads it."""

import time
from pathlib import Path
from typing import Any, get_args

import click

from chalicelib.errors import Busy, Invalid, RegistryError
from chalicelib.exports.model import ExportRecord, Format, NewExport
from chalicelib.exports.storage import export_key
from chalicelib.fields.validation import validate
from infra.project import LOCAL

from .display import Show, status_line
from .outcomes import DONE, FAILED, INTERRUPTED, FileOutcome, format_path
from .results import json_option, print_json
from .stage import AWS_ERRORS, Deployment, find_deployment
from .waiting import Clock, Waits

POLL_SECONDS = 0.5
NO_RESPONSE_SECONDS = 300.0  # without a response from DynamoDB before the watch ends; the export continues
OPTIONS = {"account_id": "ACCOUNT", "last_name_prefix": "--last-name-prefix"}


@click.command("export")
@click.argument("account_id", metavar="ACCOUNT")
@click.option(
    "--last-name-prefix",
    metavar="TEXT",
    help="Only members whose last names start with this, whatever its case and accents.",
)
@click.option(
    "--format",
    type=click.Choice(get_args(Format)),
    default="csv",
    show_default=True,
    help="csv can be imported again, as csv.gz packed. ndjson has all fields, a member per line.",
)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write. Without it, a new one in this folder, named after the account and the time.",
)
@click.option("--stage", default=LOCAL, show_default=True, help="local, or a deployed stage such as prod.")
@json_option
@click.pass_context
def export_account(
    context: click.Context, /, output: Path | None, stage: str, *, as_json: bool, **options: str | None
) -> None:
    """Export the members of an account to a file.

    The exit status is 0 when the file is complete, 2 when the export failed, and 130 after Ctrl-C. The export then
    goes on, but no file is written here.
    """
    new = _options({name: value for name, value in options.items() if value is not None})
    record = new.record()
    path = output or Path(record.filename)
    deployment = find_deployment(stage)
    with status_line() as show:
        outcome = ExportRun(deployment, show).run(record, path)
    if as_json:
        print_json(outcome.model_dump())
    else:
        click.echo(outcome.text, err=outcome.status != DONE)
    context.exit(outcome.status)


def _options(given: dict[str, str]) -> NewExport:
    """Returns what to export. Raises click.UsageError, which names the option."""
    try:
        return validate(NewExport, given)
    except Invalid as error:
        faults = [(e.pointer.removeprefix("#/"), e.detail) for e in error.errors]
        texts = (f"{OPTIONS[field]}: {detail.removeprefix(f'{field}: ')}" for field, detail in faults)
        raise click.UsageError(" ".join(texts)) from None


class ExportRun:
    """One run of the export command. `show` gets the progress, as often as it is known."""

    def __init__(self, deployment: Deployment, show: Show, clock: Clock = time.monotonic) -> None:
        self._deployment = deployment
        self._show = show
        self._clock = clock

    def run(self, record: ExportRecord, path: Path) -> FileOutcome:
        """Exports, and writes the file to `path`; returns the outcome."""
        part = path.with_name(f"{path.name}.part")
        try:
            with part.open("wb"):  # before the export: the folder may not be writable
                pass
        except OSError as error:
            return FileOutcome(FAILED, f"{format_path(path)} cannot be written: {error.strerror}.")
        try:
            return self._export(record, path, part)
        except KeyboardInterrupt:
            return FileOutcome(INTERRUPTED, self._still_running(record))
        except (OSError, *AWS_ERRORS, RegistryError) as error:
            return FileOutcome(FAILED, f"{error}\n  {self._still_running(record)}")
        finally:
            part.unlink(missing_ok=True)

    def _export(self, record: ExportRecord, path: Path, part: Path) -> FileOutcome:
        services = self._deployment.services
        record = services.exports.start(record)
        click.echo(f"export {record.id} of account {record.account_id}, as of {record.as_of}", err=True)
        record = self._watch(record)
        facts: dict[str, Any] = {"export": record.shown().model_dump()}
        if record.error:
            return FileOutcome(FAILED, f"export {record.id} failed: {record.error.detail}", facts)
        self._show("downloading the file")
        self._deployment.s3.download_file(services.settings.bucket_name, export_key(record), str(part))
        part.replace(path)
        facts["file"] = format_path(path)
        return FileOutcome(DONE, f"{_members(record)} exported to {format_path(path)}", facts)

    def _watch(self, record: ExportRecord) -> ExportRecord:
        """Returns the export when it has ended. Raises Busy when DynamoDB has not responded for minutes."""
        waits, name = Waits(lambda text: click.echo(text, err=True), self._clock), f"export {record.id}"
        responded = self._clock()
        with waits.checking():
            while not record.finished_at:
                time.sleep(POLL_SECONDS)
                try:
                    record = self._deployment.services.export_repository.get(record.id)
                    responded = self._clock()
                except Busy:
                    if self._clock() - responded >= NO_RESPONSE_SECONDS:
                        raise
                status = record.shown().status
                self._show(f"{_members(record)} so far" if record.rows else status)
                text = f"{status}, waiting for the function export. See {self._deployment.logs}"
                waits.update(name, (status, record.rows), text)
        return record

    def _still_running(self, record: ExportRecord) -> str:
        url = f"{self._deployment.api_url}/exports/{record.id}"
        return (
            f"If export {record.id} has started, it goes on. To get a link to its file:\n  curl -u NAME {url}"
        )


def _members(record: ExportRecord) -> str:
    return "1 member" if record.rows == 1 else f"{record.rows:,} members"
