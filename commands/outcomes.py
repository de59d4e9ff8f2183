"""Outcomes of the files of an import command: the exit status and the text of each."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class FileOutcome:
    """The outcome of one file: its exit status and the text to print."""

    status: int
    text: str


def failure(path: Path, reason: str) -> FileOutcome:
    """Returns the outcome of a file that was not imported."""
    return FileOutcome(FAILED, f"{format_path(path)}: {reason}")


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


def removal_lines(shown: ImportJob) -> str:
    """Returns lines about the members that a sync has not removed, "" where there are none."""
    removal = shown.removal
    if removal is None:
        return ""
    members = f"{removal.found:,} of {removal.members:,} members are not in the file"
    if removal.state == "not_done":
        return f"\n  Nobody was removed: {removal.detail} {members}."
    if removal.state != "awaiting_approval":
        return ""
    if shown.dry_run:
        return f"\n  {members}: their removal would wait for approval."
    return "".join(
        (
            f"\n  {members}. Removing them needs approval until {removal.expires_at}:",
            f"\n    python rollcall.py approve {shown.id}",
            f"\n    python rollcall.py decline {shown.id}",
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
    text = f"\n  The {name} would take {estimate.write_units:,} write units ({price})"
    if estimate.minutes is None:
        return f"{text}."
    time = f"{estimate.minutes:,} minutes" if estimate.minutes > 1 else "less than a minute"
    return f"{text}, and {time} at the table's present throughput."


def next_command(shown: ImportJob) -> str:
    """Returns a line with the command that does what a dry run has checked, "" after other imports."""
    if not shown.dry_run or shown.status != "completed":
        return ""
    if shown.of:
        return f"\n  To take the import back: python rollcall.py undo {shown.of}"
    return f"\n  To import what was checked: python rollcall.py apply {shown.id}"


def warning_lines(warnings: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yields a sentence for each kind of warning of a report, with the first lines that it is about."""
    for warning in warnings:
        lines = list(dict.fromkeys(cell["line"] for cell in warning["cells"]))[:MAX_LINES]
        more = warning["count"] - len(lines)
        where = f" (line{'s' * (len(lines) > 1)} {', '.join(map(str, lines))}" if lines else ""
        where += (f" and {more:,} more)" if more > 0 else ")") if lines else ""
        yield f"Warning: {warning['text']}{where}"
