"""Progress of the import command: live bars on a terminal, occasional lines elsewhere."""

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Self

import click
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn
from rich.table import Column
from rich.text import Text

from chalicelib.imports.records.model import ImportJob
from chalicelib.imports.rows.outcomes import OUTCOMES
from chalicelib.imports.rows.removal import REMOVED

from .waiting import Clock

LINE_SECONDS = 10.0  # between two lines about one file

PHASES = {"awaiting_upload": "uploaded", "splitting": "reading the file"}  # states without counts

OnBytesSent = Callable[[int], None]  # takes the number of bytes sent since the last call


class Lines(AbstractContextManager["Lines"]):
    """Prints a line to standard error when an upload or import begins, and its progress every LINE_SECONDS."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[str, tuple[float, str]] = {}  # the time and text of the last line about a file
        self._time_left = _TimeLeft()

    def __exit__(self, *_: object) -> None:
        pass

    def upload(self, name: str, size: int) -> OnBytesSent:
        """Shows that a file's upload begins; `size` in bytes."""
        self.print_line(f"{name}: uploading {decimal(size)}")
        total, printed = 0, self._clock()

        def on_bytes_sent(count: int) -> None:
            nonlocal total, printed
            total += count
            if self._clock() - printed >= LINE_SECONDS:
                printed = self._clock()
                self.print_line(f"{name}: {decimal(total)} uploaded")

        return on_bytes_sent

    def load(self, name: str, shown: ImportJob) -> None:
        """Shows the progress of a file's import."""
        if name not in self._last:
            text = f"{name}: uploaded, import {shown.id}"
        else:
            printed, last_text = self._last[name]
            left = self._time_left(name, shown)
            text = f"{name}: {shown.percent}%, {format_counts(shown)}{left and f', {left}'}"
            if not shown.counts.rows or text == last_text or self._clock() - printed < LINE_SECONDS:
                return
        self.print_line(text)
        self._last[name] = (self._clock(), text)

    def print_line(self, text: str) -> None:
        """Prints a line."""
        click.echo(text, err=True)


class Bars(AbstractContextManager["Bars"]):
    """Shows one live bar for each file: its upload, then its import."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            _Field("name", Column(max_width=24, no_wrap=True, overflow="ellipsis")),
            BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=8)),
            TaskProgressColumn("{task.percentage:>3.0f}%", table_column=Column(no_wrap=True)),
            _Field("state", Column(no_wrap=True, overflow="ellipsis")),
            _Field("left", Column(no_wrap=True, justify="right")),
            console=console,
            expand=True,
        )
        self._tasks: dict[str, Any] = {}
        self._time_left = _TimeLeft()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def upload(self, name: str, size: int) -> OnBytesSent:
        """Shows that a file's upload begins; `size` in bytes."""
        state = f"uploading {decimal(size)}"
        task = self._progress.add_task("", total=size or None, name=name, state=state, left=None)
        self._tasks[name] = task
        return lambda count: self._progress.advance(task, count)

    def load(self, name: str, shown: ImportJob) -> None:
        """Shows the progress of a file's import."""
        state = format_counts(shown) or PHASES.get(shown.status, shown.status)
        left = self._time_left(name, shown)
        self._progress.update(self._tasks[name], total=100, completed=shown.percent, state=state, left=left)

    def print_line(self, text: str) -> None:
        """Prints a line above the bars."""
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)


class _Field(ProgressColumn):
    """Shows a field of the task as plain text, as file names may look like markup; for None, rich's time left."""

    def __init__(self, field: str, column: Column) -> None:
        super().__init__(column)
        self._field = field

    def render(self, task: Task) -> Text:
        text = task.fields[self._field]
        if text is None:
            text = "" if task.time_remaining is None else f"{format_duration(int(task.time_remaining))} left"
        return Text(text)


class _TimeLeft:
    """Estimates the time left of each import: computed when its percentage changes, then counted down."""

    def __init__(self) -> None:
        self._ends: dict[tuple[str, int], float] = {}  # by name and percent

    def __call__(self, name: str, shown: ImportJob) -> str:
        if shown.seconds_left is None:
            return ""
        end = self._ends.setdefault((name, shown.percent), time.monotonic() + shown.seconds_left)
        seconds = math.ceil(end - time.monotonic())
        return f"{format_duration(seconds)} left" if seconds > 0 else ""


def make_display() -> Bars | Lines:
    """Returns bars when standard error is a terminal, else lines."""
    console = Console(stderr=True)
    return Bars(console) if console.is_terminal and not console.is_dumb_terminal else Lines()


def format_counts(shown: ImportJob) -> str:
    """Returns the rows by outcome: "994 created, 6 rejected"."""
    would = "would be " if shown.dry_run else ""
    words = {name: f"{would}{name}" for name in ("created", "updated", "deleted", REMOVED)}
    counts = shown.counts.model_dump()
    names = (*OUTCOMES, REMOVED)
    return ", ".join(f"{counts[name]:,} {words.get(name, name)}" for name in names if counts[name])


def format_duration(seconds: int) -> str:
    """Returns a time for people: "8 s", "3 min 20 s", "2 h 05 min"."""
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"
