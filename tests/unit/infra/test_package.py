"""The code that is deployed."""

import os
import platform
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.package import package, runtime
from infra.project import PROJECT
from tests.support.template import Resources, of_type


def pinned_python() -> str:
    """Returns the path of the Python that the template pins, "" if this machine has none."""
    env = os.environ | {
        "PYENV_VERSION": runtime().removeprefix("python")
    }  # pyenv's command runs only what it names
    command = [runtime(), "-c", "import sys; print(sys.executable)"]
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def test_runtime_is_the_one_of_the_template(resources: Resources, local: dict[str, Any]) -> None:
    """Whatever Python deploys: a deployment from another machine changes nothing."""
    functions = of_type(resources, "AWS::Lambda::Function").values()
    assert {one["Runtime"] for one in functions} == {runtime()} == {"python3.13"}
    (layer,) = of_type(resources, "AWS::Lambda::LayerVersion").values()
    assert layer["CompatibleRuntimes"] == [runtime()]
    functions = of_type(local["Resources"], "AWS::Serverless::Function").values()
    assert {one["Runtime"] for one in functions} == {runtime()}


def test_equal_code_makes_an_equal_package(sam: Path, folder: Path) -> None:
    again = package("prod", folder / "again", layer=False)
    assert again.read_text() == sam.read_text()
    assert again.with_name("code.zip").read_bytes() == sam.with_name("code.zip").read_bytes()


def test_package_contains_only_source(sam: Path) -> None:
    with zipfile.ZipFile(sam.with_name("code.zip")) as code:
        names = code.namelist()
    assert {"app.py", "chalicelib/api/members.py", "chalicelib/console/app.js", "chalice/app.py"} <= set(
        names
    )
    assert not [name for name in names if "__pycache__" in name]


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="the layer holds wheels for Lambda's Linux",
)
def test_app_runs_with_only_its_layer(folder: Path) -> None:
    """A library that only the development environment has would fail on AWS."""
    built = package("prod", folder / "layer")
    opened = folder / "opened"
    for name in ("layer.zip", "code.zip"):
        with zipfile.ZipFile(built.with_name(name)) as file:
            file.extractall(opened)
    (libraries,) = (opened / "python" / "lib").glob("*/site-packages")
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    pinned = {tuple(line.split("==")) for line in lines if line and not line.startswith("#")}
    held = {path.name.removesuffix(".dist-info") for path in libraries.glob("*.dist-info")}
    assert held == {f"{name.replace('-', '_')}-{version}" for name, version in pinned}
    size = sum(file.stat().st_size for file in opened.rglob("*"))
    assert size < 200_000_000  # Lambda unpacks up to 250 MB
    python = pinned_python()
    if not python:
        pytest.skip(f"{runtime()} is not installed")
    program = (
        f"import sys; sys.path[:0] = {[str(opened), str(libraries)]!r}; import app; print(app.app.app_name)"
    )
    ran = subprocess.run(
        [python, "-I", "-S", "-c", program], env={}, capture_output=True, text=True, check=False
    )
    assert (ran.stdout, ran.stderr) == ("rollcall\n", "")
