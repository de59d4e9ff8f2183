"""Installs the generators of clients, each in a folder of build/clients/, once for each change of its versions."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from infra.maven import fetch
from tests.support import PROJECT

HERE = Path(__file__).parent
HOME = PROJECT / "build" / "clients"


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Returns the output of a command. Raises AssertionError with it if the command fails."""
    # Programs call the service on this machine, which a proxy cannot reach.
    inherited = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=(inherited if environment else os.environ) | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _installed(home: Path, versions: Path, install: Callable[[], None]) -> Path:
    """Returns a folder in which `install` has put the tools of these versions."""
    stamp = home / f".{versions.name}"
    if not stamp.is_file() or stamp.read_bytes() != versions.read_bytes():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        install()
        shutil.copyfile(versions, stamp)
    return home


def python_programs() -> Path:
    """Returns the folder of the programs of an environment with openapi-python-client."""
    home, versions = HOME / "python", HERE / "python" / "requirements.txt"

    def install() -> None:
        run(sys.executable, "-m", "venv", home, cwd=HERE)
        options = ("--quiet", "--disable-pip-version-check", "-r", versions)
        run(home / "bin" / "python", "-m", "pip", "install", *options, cwd=HERE)

    return _installed(home, versions, install) / "bin"


def node_modules() -> Path:
    """Returns the folder that has openapi-typescript, openapi-fetch and a compiler in its node_modules."""
    home, source = HOME / "typescript", HERE / "typescript"

    def install() -> None:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(source / name, home)
        run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", cwd=home)

    return _installed(home, source / "package-lock.json", install)


def jars() -> Path:
    """Returns the folder of openapi-generator and of the libraries that its Java clients use."""
    return fetch(HERE / "java" / "pom.xml", HOME / "java", "openapi-generator")
