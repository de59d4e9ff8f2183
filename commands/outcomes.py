"""Outcomes of the files of an import command: the exit status and the text of each."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import click

from chalicelib.imports.records.model import ImportJob

from .progress import format_counts, format_duration

DONE, REJECTED, FAILED, INTERRUPTED = 0, 1, 2, 130  # exit statuses; the highest of several files counts

CENT = Decimal("0.01")  # dollars
MAX_LINES = 5  # of the file, shown with a warning

AsTyped = Callable[[str], str]  # returns a command such as "apply ID" as people type it


@dataclass(frozen=True)
class FileOutcome:
    """The outcome of one file: its exit status, the text to print, and what --json shows besides."""

    status: int
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def model_dump(self) -> dict[str, Any]:
        """Returns it as --json shows it."""
        return {"exit_status": self.status, "text": self.text, **self.facts}


def failure(path: Path, reason: str) -> FileOutcome:
    """Returns the outcome of a file that was not imported."""
    return FileOutcome(FAILED, f"{format_path(path)}: {reason}", {"file": format_path(path)})


def format_path(path: Path) -> str:
    """Returns a path for people; invalid characters are replaced."""
    return click.format_filename(path)


def summary(shown: ImportJob) -> str:
    """Returns a line about an ended import: "completed, 1,000 rows in 2 s: 994 created, 6 rejected"."""
    checked = shown.dry_run and shown.status == "completed"
    status = "checked" if checked else shown.status.replace("_", " ")
    start = f"{status}: {shown.error.detail}" if shown.error else status
    if not shown.counts.rows or not shown.started_at:
        return start
    rows = "1 row" if shown.counts.rows == 1 else f"{shown.counts.rows:,} rows"
    comma = "" if shown.error else ","
    time = ""
    if shown.finished_at:
        took = datetime.fromisoformat(shown.finished_at) - datetime.fromisoformat(shown.started_at)
        time = f" in {format_duration(math.ceil(took.total_seconds()))}"
    return f"{start}{comma} {rows}{time}: {format_counts(shown)}"


def removal_lines(shown: ImportJob, command: AsTyped) -> str:
    """Returns lines about the members that a sync has not removed, "" where there are none."""
    removal = shown.removal
    if removal is None:
        return ""
    are = "is" if removal.found == 1 else "are"
    members = f"{removal.found:,} of {removal.members:,} members {are} not in the file"
    if removal.state == "not_done":
        return f"\n  Nobody was removed: {removal.detail} {members}."
    if removal.state != "awaiting_approval":
        return ""
    if shown.dry_run:
        return f"\n  {members}: their removal would wait for approval."
    return "".join(
        (
            f"\n  {members}. Their removal needs approval until {removal.expires_at}:",
            f"\n    {command(f'approve {shown.id}')}",
            f"\n    {command(f'decline {shown.id}')}",
        )
    )


def guessed_encoding(shown: ImportJob) -> str:
    """Returns a line about a guess of the encoding with names as they were read, "" where none was necessary."""
    if not shown.encoding_guessed:
        return ""
    names = f", with names such as {', '.join(shown.encoding_examples)}" if shown.encoding_examples else ""
    return f"\n  Encoding: guessed to be {shown.encoding}{names}. If they are wrong, import with --encoding NAME."


def changed_since(numbers: Mapping[str, int]) -> str:
    """Returns a line about the rows that kept newer changes, by who made these; "" without any."""
    if not numbers:
        return ""
    return f"\n  Kept newer changes by {', '.join(f'{by} ({number:,})' for by, number in numbers.items())}."


def estimate_line(shown: ImportJob) -> str:
    """Returns a line about what the import would take that a dry run foretells, "" after other imports."""
    estimate, name = shown.estimate, "undo" if shown.of else "import"
    if estimate is None:
        return ""
    if not estimate.write_units:
        return f"\n  The {name} would write nothing."
    dollars = Decimal(str(estimate.dollars)).quantize(CENT, ROUND_HALF_UP)
    price = f"${dollars:,}" if dollars >= CENT else "less than a cent"
    units = "1 write unit" if estimate.write_units == 1 else f"{estimate.write_units:,} write units"
    text = f"\n  The {name} would take {units} ({price})"
    if estimate.minutes is None:
        return f"{text}."
    time = f"{estimate.minutes:,} minutes" if estimate.minutes > 1 else "less than a minute"
    return f"{text}, and {time} at the table's present throughput."


def next_command(shown: ImportJob, command: AsTyped) -> str:
    """Returns a line with the command that does what a dry run has checked, "" after other imports."""
    writes_nothing = shown.estimate is not None and not shown.estimate.write_units
    if not shown.dry_run or shown.status != "completed" or writes_nothing:
        return ""
    if shown.of:
        return f"\n  To take the import back: {command(f'undo {shown.of}')}"
    return f"\n  To import what was checked: {command(f'apply {shown.id}')}"


def warning_lines(warnings: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yields a sentence for each kind of warning of a report, with the first lines that it is about."""
    for warning in warnings:
        lines = list(dict.fromkeys(cell["line"] for cell in warning["cells"]))[:MAX_LINES]
        more = warning["count"] - len(lines)
        where = f" (line{'s' * (len(lines) > 1)} {', '.join(map(str, lines))}" if lines else ""
        where += (f" and {more:,} more)" if more > 0 else ")") if lines else ""
        yield f"Warning: {warning['text']}{where}"
