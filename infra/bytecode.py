"""Compiles what is deployed. A function's files are read-only: without bytecode each start would compile them anew.

AWS advises against __pycache__ in a package ("Working with .zip file archives for Python Lambda functions"), since it
may be of another Python. This is of the runtime's own, or there is none.
"""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

NEVER_IMPORTED = "/phonenumbers/(geo|carrier|tz)data/"  # half of all bytecode


@cache
def find_python(runtime: str) -> str | None:
    """Returns the path of a Python of a runtime, such as python3.13, on this machine; None if there is none."""
    version = runtime.removeprefix("python")
    for command in (sys.executable, runtime):
        program = "import sys; print('{}.{}'.format(*sys.version_info)); print(sys.executable)"
        env = os.environ | {"PYENV_VERSION": version}  # pyenv runs only what this names
        try:
            done = subprocess.run(
                [command, "-c", program], env=env, capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        found, path = done.stdout.splitlines()
        if found == version:
            return path
    return None


def compile_modules(python: str, folder: Path) -> None:
    """Compiles the modules in a folder; the same modules give the same files.

    A function does not compare them with their source ("unchecked-hash"): what is deployed does not change. Errors
    of modules that no Python can read, such as templates, are ignored.
    """
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-x", NEVER_IMPORTED]
    subprocess.run(
        [python, "-m", "compileall", *options, str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
