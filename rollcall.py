"""The command line of Rollcall: `python rollcall.py --help` lists the commands, which are in commands/."""

import click

from commands.access import groups, tokens, users
from commands.exports import export_account
from commands.imports import apply_import, approve_import, decline_import, import_files, undo_import
from commands.members import restore_member, show_history

COMMANDS = (
    import_files,
    apply_import,
    undo_import,
    approve_import,
    decline_import,
    export_account,
    show_history,
    restore_member,
    users,
    groups,
    tokens,
)


@click.group()
def main() -> None:
    """Import rosters, export accounts, restore members, and manage access. Rollcall is a member registry."""


for command in COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main()
