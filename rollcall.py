"""The command line of Rollcall: `python rollcall.py --help` lists the commands, which are in commands/."""

import click

from commands.access import groups, tokens, users
from commands.imports import apply_import, approve_import, decline_import, import_files
from commands.members import restore_member, show_history


@click.group()
def main() -> None:
    """Import rosters, look up and restore members, and manage access. Rollcall is a member registry."""


for command in (
    import_files,
    apply_import,
    approve_import,
    decline_import,
    show_history,
    restore_member,
    users,
    groups,
    tokens,
):
    main.add_command(command)

if __name__ == "__main__":
    main()
