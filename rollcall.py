"""The command line of Rollcall: `python rollcall.py --help` lists the commands, which are in commands/."""

import click

from commands.access import groups, tokens, users
from commands.exports import export_account
from commands.imports import import_files


@click.group()
def main() -> None:
    """Import rosters, export accounts and manage access. Rollcall is a member registry."""


for command in (import_files, export_account, users, groups, tokens):
    main.add_command(command)

if __name__ == "__main__":
    main()
