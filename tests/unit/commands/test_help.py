"""The list of commands."""

from click.testing import CliRunner

from rollcall import COMMANDS, main


def test_list_of_commands_is_not_cut() -> None:
    shown = CliRunner().invoke(main, ["--help"], terminal_width=80).output
    lines = shown.partition("Commands:\n")[2].splitlines()
    assert len(lines) == len(COMMANDS)
    assert [line for line in lines if line.endswith("...")] == []
