"""Shows how far a command has come while it works."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console

from .progress import LINE_SECONDS

Show = Callable[[str], None]


@contextmanager
def status_line() -> Iterator[Show]:
    """Yields a function that shows a text: in a live line on a terminal, else now and then in a line of its own."""
    console = Console(stderr=True)
    if console.is_terminal and not console.is_dumb_terminal:
        with console.status("starting") as status:
            yield status.update
        return
    shown = time.monotonic()

    def show(text: str) -> None:
        nonlocal shown
        if time.monotonic() - shown >= LINE_SECONDS:
            shown = time.monotonic()
            click.echo(text, err=True)

    yield show
