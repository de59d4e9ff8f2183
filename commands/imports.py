"""`./rollcall import FILE…`: imports rosters, and watches each import until it ends."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import click

from chalicelib.errors import Invalid, RegistryError
from chalicelib.fields.validation import validate
from chalicelib.imports.records.drop_key import MODES
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.new_import import NewImport
from chalicelib.imports.running.pipeline import ImportPipeline
from infra.project import LOCAL

from .import_run import ImportRun
from .members import OPERATOR
from .outcomes import FileOutcome
from .progress import make_display
from .results import json_option, print_json
from .stage import find_deployment

OPTIONS = {
    "account_id": "--account",
    "columns": "--columns",
    "encoding": "--encoding",
    "max_rejected": "--max-rejected",
    "region": "--region",
    "rows": "--rows",
    "max_removed": "--max-removed",
    "max_removed_percent": "--max-removed-percent",
    "dry_run": "--dry-run",
}

CHANGES = click.option(
    "--changes",
    is_flag=True,
    help="Write what happened to each row to FILE.changes.csv; a dry run always does.",
)


@click.command("import", short_help="Import rosters: CSV files and workbooks.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default="create",
    show_default=True,
    help="create adds new members. upsert also updates existing members. delete deletes the members that the file "
    "names. sync takes a whole roster of one account, and removes the members that it does not name. validate writes "
    "no members and reports what create would do.",
)
@click.option(
    "--dry-run", is_flag=True, default=None, help="Report what the import would do, and write no members."
)
@click.option(
    "--account",
    "account_id",
    metavar="ID",
    help="The account of all rows. Rows that name another account are rejected.",
)
@click.option("--region", metavar="CODE", help="The region of phone numbers without +, such as GB.")
@click.option(
    "--encoding",
    metavar="NAME",
    help="The encoding of the files, such as windows-1252. Without it, it is detected.",
)
@click.option(
    "--max-rejected",
    metavar="LIMIT",
    help="Stop the import when more rows are rejected: a number such as 100, or a percentage such as 5%.",
)
@click.option(
    "--rows", metavar="NUMBER", help="The number of rows. A file that has another number of rows fails."
)
@click.option(
    "--max-removed",
    metavar="NUMBER",
    help="A sync waits for approval if it would remove more members than this, and more than --max-removed-percent. "
    "It cannot raise the limits of the deployment.",
)
@click.option("--max-removed-percent", metavar="NUMBER", help="See --max-removed.")
@click.option(
    "--columns",
    metavar="FIELD=NAME,...",
    help="Your own names of columns, such as 'Phone=Handy,Member ID=Kundennummer'.",
)
@CHANGES
@click.option("--stage", default=LOCAL, show_default=True, help="local, or a deployed stage such as prod.")
@json_option
@click.pass_context
def import_files(
    context: click.Context,
    /,
    files: tuple[Path, ...],
    stage: str,
    *,
    changes: bool,
    as_json: bool,
    **options: str | bool | None,
) -> None:
    """Import rosters: .csv, .tsv or .txt files, also packed as .gz or .zip, or .xlsx workbooks; - is standard input.

    Rejected rows are written to FILE.rejected.csv, each with its line and the reason. Correct the rows in that
    file, and import it. A dry run writes what would happen to each row to FILE.changes.csv.

    The exit status is 0 when no row was rejected, 1 when rows were rejected or removals wait for approval, 2 when an
    import failed, and 130 after Ctrl-C.
    """
    given = {name: value for name, value in options.items() if value is not None}
    _check_options(given)
    deployment = find_deployment(stage)
    with make_display() as display:
        outcomes = ImportRun(deployment, given, display, changes=changes).run(list(dict.fromkeys(files)))
    if as_json:
        print_json([outcome.model_dump() for outcome in outcomes])
    else:
        click.echo("\n".join(outcome.text for outcome in outcomes))
    context.exit(max(outcome.status for outcome in outcomes))


@click.command("apply", short_help="Import what a dry run has checked.")
@click.argument("import_id", metavar="ID")
@CHANGES
@click.option("--stage", default=LOCAL, show_default=True, help="local, or a deployed stage such as prod.")
@json_option
@click.pass_context
def apply_import(
    context: click.Context, /, import_id: str, stage: str, *, changes: bool, as_json: bool
) -> None:
    """Import the file that a dry run has checked: the same version of the file, with the same options.

    The results are written to files in this directory. The exit status is that of `import`.
    """
    _run_again(
        context,
        stage,
        import_id,
        lambda imports, checked: imports.apply(checked, None),
        changes=changes,
        as_json=as_json,
    )


@click.command("undo", short_help="Take back what an import did.")
@click.argument("import_id", metavar="ID")
@click.option("--dry-run", is_flag=True, help="Report what the undo would do, and write no members.")
@CHANGES
@click.option("--stage", default=LOCAL, show_default=True, help="local, or a deployed stage such as prod.")
@json_option
@click.pass_context
def undo_import(
    context: click.Context, /, import_id: str, stage: str, *, dry_run: bool, changes: bool, as_json: bool
) -> None:
    """Take back what an import did: delete what it created, restore what it changed and deleted.

    Members that others have changed since stay as they are. The results are written to files in this directory. The
    exit status is that of `import`.
    """
    _run_again(
        context,
        stage,
        import_id,
        lambda imports, done: imports.undo(done, None, dry_run=dry_run),
        changes=changes,
        as_json=as_json,
    )


def _run_again(
    context: click.Context,
    stage: str,
    import_id: str,
    start: Callable[[ImportPipeline, ImportRecord], ImportRecord],
    *,
    changes: bool,
    as_json: bool,
) -> None:
    """Starts an import from an earlier one, and watches it until it ends."""
    deployment = find_deployment(stage)
    try:
        earlier = deployment.services.import_queries.get(import_id)
        record = start(deployment.services.imports, earlier)
    except RegistryError as error:
        raise click.ClickException(error.detail) from None
    with make_display() as display:
        outcome = ImportRun(deployment, {}, display, changes=changes).follow(record)
    _end(context, outcome, as_json=as_json)


@click.command("approve", short_help="Let a sync that waits remove what it has shown.")
@click.argument("import_id", metavar="ID")
@click.option("--stage", default=LOCAL, show_default=True, help="local, or a deployed stage such as prod.")
@json_option
@click.pass_context
def approve_import(context: click.Context, /, import_id: str, stage: str, *, as_json: bool) -> None:
    """Let a sync that waits for approval remove the members that it has shown.

    Who was changed since, or is named by a newer file, stays. The exit status is that of `import`.
    """
    _decide(context, stage, import_id, "approve", as_json=as_json)


@click.command("decline", short_help="Let a sync that waits remove nobody.")
@click.argument("import_id", metavar="ID")
@click.option("--stage", default=LOCAL, show_default=True, help="local, or a deployed stage such as prod.")
@json_option
@click.pass_context
def decline_import(context: click.Context, /, import_id: str, stage: str, *, as_json: bool) -> None:
    """Let a sync that waits for approval remove nobody."""
    _decide(context, stage, import_id, "decline", as_json=as_json)


def _decide(
    context: click.Context, stage: str, import_id: str, act: Literal["approve", "decline"], *, as_json: bool
) -> None:
    """Approves or declines removals, and watches the import until it ends."""
    deployment = find_deployment(stage)
    try:
        record = deployment.services.import_queries.get(import_id)
        approvals = deployment.services.imports.approvals
        decide = approvals.approve if act == "approve" else approvals.decline
        record = decide(record.id, OPERATOR)
    except RegistryError as error:
        raise click.ClickException(error.detail) from None
    with make_display() as display:
        outcome = ImportRun(deployment, {}, display, changes=True).follow(record)
    _end(context, outcome, as_json=as_json)


def _end(context: click.Context, outcome: FileOutcome, *, as_json: bool) -> None:
    """Prints an outcome, and ends the command with its status."""
    if as_json:
        print_json(outcome.model_dump())
    else:
        click.echo(outcome.text)
    context.exit(outcome.status)


def _check_options(given: dict[str, str | bool]) -> None:
    """Raises click.UsageError, which names the option, for a value that the API would reject."""
    try:
        validate(NewImport, given)
    except Invalid as error:
        faults = [(e.pointer.removeprefix("#/"), e.detail) for e in error.errors]
        texts = (f"{OPTIONS[field]}: {detail.removeprefix(f'{field}: ')}" for field, detail in faults)
        raise click.UsageError(" ".join(texts)) from None
