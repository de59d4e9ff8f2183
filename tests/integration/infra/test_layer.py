"""The libraries that are deployed."""

import os
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.package import package, runtime
from infra.project import PROJECT


def pinned_python() -> str:
    """Returns the path of the Python that the template pins, "" if this machine has none."""
    env = os.environ | {"PYENV_VERSION": runtime().removeprefix("python")}  # pyenv runs only what this names
    command = [runtime(), "-c", "import sys; print(sys.executable)"]
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="the layer holds wheels for Lambda's Linux",
)
def test_app_runs_with_only_its_layer(tmp_path: Path) -> None:
    """A library that only the development environment has would fail on AWS."""
    built = package("prod", tmp_path / "layer")
    opened = tmp_path / "opened"
    for name in ("layer.zip", "code.zip"):
        with zipfile.ZipFile(built.with_name(name)) as file:
            file.extractall(opened)
    (libraries,) = (opened / "python" / "lib").glob("*/site-packages")
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    pinned = {tuple(line.split("==")) for line in lines if line and not line.startswith("#")}
    held = {path.name.removesuffix(".dist-info").lower() for path in libraries.glob("*.dist-info")}
    assert held == {f"{name.replace('-', '_')}-{version}".lower() for name, version in pinned}
    size = sum(file.stat().st_size for file in opened.rglob("*"))
    assert size < 200_000_000  # Lambda unpacks up to 250 MB
    python = pinned_python()
    if not python:
        pytest.skip(f"{runtime()} is not installed")
    program = (
        f"import sys; sys.path[:0] = {[str(opened), str(libraries)]!r}; import app; print(app.app.app_name); "
        "import chalicelib.access.single_sign_on"
    )
    ran = subprocess.run(
        [python, "-I", "-S", "-c", program], env={}, capture_output=True, text=True, check=False
    )
    assert (ran.stdout, ran.stderr) == ("rollcall\n", "")
