"""The command line of Rollcall: `./rollcall --help` lists the commands, which are in commands/."""

import sys

try:
    import click

    from commands.access import groups, tokens, users
    from commands.completion import print_completion
    from commands.exports import export_account
    from commands.imports import apply_import, approve_import, decline_import, import_files, undo_import
    from commands.members import restore_member, show_history, trace_member
    from commands.program import COMPLETE, PROGRAM
    from commands.reindex import reindex
except ModuleNotFoundError as error:
    raise SystemExit(
        f"{sys.executable} does not have the libraries of Rollcall ({error}).\n"
        "Type instead: ./rollcall (and before the first time: make install)"
    ) from None

COMMANDS = (
    import_files,
    apply_import,
    undo_import,
    approve_import,
    decline_import,
    export_account,
    show_history,
    restore_member,
    trace_member,
    users,
    groups,
    tokens,
    reindex,
    print_completion,
)


@click.group()
def main() -> None:
    """Import rosters, export accounts, restore members, and manage access. Rollcall is a member registry."""


for command in COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name=PROGRAM, complete_var=COMPLETE)
