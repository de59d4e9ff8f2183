"""Rollcall from a terminal: `python rollcall.py --help` lists the commands; each has its room in commands/."""

import click

from commands.imports import import_files


@click.group(help="Rollcall, a member registry.")
def main() -> None:
    """The group of all commands."""


main.add_command(import_files)

if __name__ == "__main__":
    main()
