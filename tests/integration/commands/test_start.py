"""How `./rollcall` and `rollcall.py` start, and how a shell completes their words."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.project import PROJECT


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs this Python in the project's folder."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False
    )


def test_commands_start_without_chalice() -> None:
    """Its prompts query the terminal as they load: seconds where it does not answer, and standard input is lost."""
    done = python("-c", "import sys, rollcall; print({'chalice', 'inquirer', 'blessed'} & {*sys.modules})")
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("folder", [PROJECT, Path("/")])
def test_launcher_runs_from_anywhere(folder: Path, tmp_path: Path) -> None:
    """Also by a link to it; help names it as it was typed."""
    (tmp_path / "rollcall").symlink_to(PROJECT / "rollcall")
    for typed in (str(PROJECT / "rollcall"), str(tmp_path / "rollcall")):
        done = subprocess.run([typed, "user"], cwd=folder, capture_output=True, text=True, check=False)
        assert done.stderr.startswith(f"Usage: {typed} user ")


def test_launcher_without_libraries_says_what_to_type(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "rollcall", tmp_path)
    done = subprocess.run([tmp_path / "rollcall"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith(f"Type first: make -C '{tmp_path}' install\n")


def test_python_without_libraries_says_what_to_type() -> None:
    done = python("-S", "-E", "rollcall.py", "user", "list")
    assert done.returncode == 1
    assert done.stderr.endswith("\nType instead: ./rollcall (and before the first time: make install)\n")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("typed", "completed"),
    [("./rollcall imp", "import"), ("./rollcall import --mo", "--mode"), ("./rollcall user dis", "disable")],
)
def test_bash_completes_commands_and_options(typed: str, completed: str) -> None:
    script = (
        "source <(./rollcall completion bash); "
        f"COMP_WORDS=({typed}); COMP_CWORD=$(({len(typed.split())} - 1)); "
        "_rollcall_completion ./rollcall; echo ${COMPREPLY[@]}; complete -p rollcall"
    )
    done = subprocess.run(["bash", "-c", script], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [completed, "complete -o nosort -F _rollcall_completion rollcall"]


@pytest.mark.parametrize(
    ("shell", "line"), [("zsh", "#compdef rollcall"), ("fish", "function _rollcall_completion;")]
)
def test_other_shells_have_a_script(shell: str, line: str) -> None:
    done = python("rollcall.py", "completion", shell)
    assert done.stdout.splitlines()[0] == line
    assert "_ROLLCALL_COMPLETE=" in done.stdout
