"""`./rollcall completion SHELL`: prints the script that completes commands and options in a shell."""

from typing import Literal

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

from .program import COMPLETE

SHELLS = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


@click.command("completion")
@click.argument("shell", type=click.Choice(list(SHELLS)))
@click.pass_context
def print_completion(context: click.Context, /, shell: Literal["bash", "zsh", "fish"]) -> None:
    """Print the script that completes commands and options.

    For this terminal, in bash: source <(./rollcall completion bash). zsh and fish need `rollcall` in the PATH.
    """
    program = context.find_root().command
    click.echo(SHELLS[shell](program, {}, "rollcall", COMPLETE).source())
