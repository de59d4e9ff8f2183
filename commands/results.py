"""What a command prints: a text or a table for people, or JSON for programs, as the API returns it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console
from rich.table import Table

UNLIMITED = 1_000_000  # columns of output that no terminal shows
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API returns it.")


@dataclass(frozen=True)
class Result:
    """What a command has done or found. `text` is for people, `value` for JSON, `note` goes to standard error."""

    text: str | Table
    value: Any
    note: str = ""

    def print(self, *, as_json: bool) -> None:
        """Prints it."""
        if as_json:
            print_json(self.value)
            return
        if self.note:
            click.echo(self.note, err=True)
        if isinstance(self.text, Table):
            _print_table(self.text)
        elif self.text:
            click.echo(self.text)


def print_json(value: Any) -> None:
    """Prints a value as one JSON document."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def listed(entries: Iterable[Any], *columns: str) -> Result:
    """Returns a list of models as a table of these fields; its JSON has all fields."""
    found = list(entries)
    return Result(_table(found, columns), [entry.model_dump() for entry in found])


def _table(entries: Iterable[Any], columns: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for entry in entries:
        table.add_row(*(_text(getattr(entry, column)) for column in columns))
    return table


def _print_table(table: Table) -> None:
    """Prints a table: on a terminal as wide as that, with long values folded, else each row on one line."""
    console = Console()
    if not console.file.isatty():
        console.width = UNLIMITED
    console.print(table, markup=False)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return {True: "yes", False: "no", None: ""}.get(value, str(value))
