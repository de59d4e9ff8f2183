"""Rollcall from a terminal: `python rollcall.py --help` lists the commands; each has its room in commands/."""

import click

from commands.access import groups, tokens, users
from commands.imports import import_files


@click.group(help="Rollcall, a member registry.")
def main() -> None:
    """The group of all commands."""


for command in (import_files, users, groups, tokens):
    main.add_command(command)

if __name__ == "__main__":
    main()
