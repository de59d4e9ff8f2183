"""What Lambda runs: its libraries with hashes, their licences, and a bill of materials (SBOM).

    python -m tools.supply lock    requirements-lambda.txt: the pins of requirements.txt, with the hashes of PyPI
    python -m tools.supply sbom    build/sbom.json (CycloneDX), and docs/licences.md

Both use the tools in requirements-supply.txt, which `make` installs into an environment of their own.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import chalice

from infra.layer import REQUIREMENTS
from infra.project import PROJECT

TOOLS = PROJECT / "build" / "supply"
LIBRARIES = PROJECT / "build" / "sbom"  # an environment with what Lambda runs, and nothing else
SBOM = PROJECT / "build" / "sbom.json"
LICENCES = PROJECT / "docs" / "licences.md"
HEADER = f"""# Licences of what Lambda runs

`make sbom` writes this page, and the bill of materials `build/sbom.json`. Chalice's runtime is packed with the code;
the others are the layer, pinned with hashes in [{REQUIREMENTS}](../{REQUIREMENTS}).

| library | version | licence |
| --- | --- | --- |
"""


def lock() -> None:
    """Writes the pins of requirements.txt with the hashes of their files."""
    options = ["--generate-hashes", "--no-annotate", "--no-header", "--strip-extras", "--quiet"]
    no_places = ["--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links"]
    output = ["--output-file", REQUIREMENTS, "requirements.txt"]
    _run(TOOLS / "bin" / "pip-compile", *options, *no_places, *output)


def sbom() -> None:
    """Writes the bill of materials, and the page of licences."""
    _install_libraries()
    python = str(LIBRARIES / "bin" / "python")
    options = ["--pyproject", "pyproject.toml", "--output-reproducible", "--of", "JSON"]
    _run(TOOLS / "bin" / "cyclonedx-py", "environment", python, *options, "-o", str(SBOM))
    listed = _run(TOOLS / "bin" / "pip-licenses", "--python", python, "--format", "json", "--from", "mixed")
    rows = [f"| {one['Name']} | {one['Version']} | {one['License']} |" for one in json.loads(listed)]
    LICENCES.write_text(HEADER + "\n".join(sorted(rows, key=str.casefold)) + "\n", encoding="utf-8")


def _install_libraries() -> None:
    """Makes an environment with the layer's libraries and Chalice, without pip."""
    _run(Path(sys.executable), "-m", "venv", "--clear", "--without-pip", str(LIBRARIES))
    install = ["-m", "pip", "--python", str(LIBRARIES / "bin" / "python"), "install", "--quiet", "--no-deps"]
    _run(Path(sys.executable), *install, "--require-hashes", "-r", REQUIREMENTS)
    _run(Path(sys.executable), *install, f"chalice=={chalice.__version__}")


def _run(program: Path, *arguments: str) -> str:
    done = subprocess.run(
        [str(program), *arguments], cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def main(arguments: Sequence[str]) -> int:
    """Runs the command that the arguments name; returns the exit status."""
    commands = {"lock": lock, "sbom": sbom}
    if len(arguments) != 1 or arguments[0] not in commands:
        print(f"usage: python -m tools.supply {'|'.join(commands)}", file=sys.stderr)
        return 2
    commands[arguments[0]]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
