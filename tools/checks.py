"""Runs the commands of `make check` side by side, as many at once as there are cores.

    python -m tools.checks    exits with status 1 if one fails

Prints each command, and its output, when it has ended.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed

from infra.project import PROJECT

# The longest first: a long one at the end would run alone.
COMMANDS = (
    ".venv/bin/python -m infra.lint",
    ".venv/bin/mypy .",
    ".venv/bin/python -m infra.lint_openapi",
    "node_modules/.bin/tsc",
    ".venv/bin/lint-imports --no-cache",
    ".venv/bin/ruff check .",
    ".venv/bin/ruff format --check .",
    "node_modules/.bin/biome check --error-on-warnings",
)


def run(command: str) -> tuple[int, str]:
    """Runs a command in the project's folder; returns its exit status, and its output."""
    done = subprocess.run(
        command.split(), cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, done.stdout


def main() -> int:
    """Runs all commands; returns the exit status."""
    failed = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        started = {pool.submit(run, command): command for command in COMMANDS}
        for future in as_completed(started):
            status, output = future.result()
            print(started[future], output.strip(), sep="\n", flush=True)
            failed += [started[future]] if status else []
    for command in failed:
        print(f"failed: {command}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
