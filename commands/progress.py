"""How far files have come: a live bar for each on a terminal, and calm lines where nobody watches."""

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

from chalicelib.imports.model import Import
from chalicelib.imports.outcomes import OUTCOMES

from .waiting import Clock

CALM_SECONDS = 10.0  # between two lines about one file

PHASES = {"awaiting_upload": "uploaded", "splitting": "reading the file"}  # before there are counts

Sent = Callable[[int], None]  # takes the number of bytes that were sent since the last call


class Lines(AbstractContextManager["Lines"]):
    """A line when something begins, and now and then how far it is. They go to standard error."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._said: dict[str, tuple[float, str]] = {}  # when the last line about a file was, and its text
        self._left = _TimeLeft()

    def __exit__(self, *_: object) -> None:
        pass

    def upload(self, name: str, size: int) -> Sent:
        """A file's upload begins; `size` in bytes."""
        self.say(f"{name}: uploading {decimal(size)}")
        done, said = 0, self._clock()

        def sent(count: int) -> None:
            nonlocal done, said
            done += count
            if self._clock() - said >= CALM_SECONDS:
                said = self._clock()
                self.say(f"{name}: {decimal(done)} uploaded")

        return sent

    def load(self, name: str, shown: Import) -> None:
        """How far a file's import is."""
        if name not in self._said:
            text = f"{name}: uploaded, import {shown.id}"
        else:
            moment, last = self._said[name]
            left = self._left(name, shown)
            text = f"{name}: {shown.percent}%, {counted(shown)}{left and f', {left}'}"
            if not shown.counts.rows or text == last or self._clock() - moment < CALM_SECONDS:
                return
        self.say(text)
        self._said[name] = (self._clock(), text)

    def say(self, text: str) -> None:
        """Print a line."""
        click.echo(text, err=True)


class Bars(AbstractContextManager["Bars"]):
    """One live bar a file: its upload, then its import."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            _Field("name", Column(max_width=24, no_wrap=True, overflow="ellipsis")),
            BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=8)),
            TaskProgressColumn("{task.percentage:>3.0f}%", table_column=Column(no_wrap=True)),
            _Field("said", Column(no_wrap=True, overflow="ellipsis")),
            _Field("left", Column(no_wrap=True, justify="right")),
            console=console,
            expand=True,
        )
        self._tasks: dict[str, Any] = {}
        self._left = _TimeLeft()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def upload(self, name: str, size: int) -> Sent:
        """A file's upload begins; `size` in bytes."""
        said = f"uploading {decimal(size)}"
        task = self._progress.add_task("", total=size or None, name=name, said=said, left=None)
        self._tasks[name] = task
        return lambda sent: self._progress.advance(task, sent)

    def load(self, name: str, shown: Import) -> None:
        """How far a file's import is."""
        said = counted(shown) or PHASES.get(shown.status, shown.status)
        left = self._left(name, shown)
        self._progress.update(self._tasks[name], total=100, completed=shown.percent, said=said, left=left)

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)


class _Field(ProgressColumn):
    """A field of the task, as it is: a file's name may look like markup. For None, the task's own time left."""

    def __init__(self, field: str, column: Column) -> None:
        super().__init__(column)
        self._field = field

    def render(self, task: Task) -> Text:
        text = task.fields[self._field]
        if text is None:
            text = "" if task.time_remaining is None else f"{duration(int(task.time_remaining))} left"
        return Text(text)


class _TimeLeft:
    """The time that imports will still take. The estimate is good when a chunk is done; from there it counts down."""

    def __init__(self) -> None:
        self._ends: dict[tuple[str, int], float] = {}  # by name and percent

    def __call__(self, name: str, shown: Import) -> str:
        if shown.seconds_left is None:
            return ""
        end = self._ends.setdefault((name, shown.percent), time.monotonic() + shown.seconds_left)
        seconds = math.ceil(end - time.monotonic())
        return f"{duration(seconds)} left" if seconds > 0 else ""


def display() -> Bars | Lines:
    """What fits the place where standard error goes."""
    console = Console(stderr=True)
    return Bars(console) if console.is_terminal and not console.is_dumb_terminal else Lines()


def counted(shown: Import) -> str:
    """The outcomes that there were: "994 created, 6 rejected"."""
    would = "would be " if shown.mode == "validate" else ""
    words = {"created": f"{would}created", "updated": f"{would}updated"}
    found = shown.counts.model_dump()
    return ", ".join(f"{found[name]:,} {words.get(name, name)}" for name in OUTCOMES if found[name])


def duration(seconds: int) -> str:
    """A time for people: "8 s", "3 min 20 s", "2 h 05 min"."""
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"
