"""The libraries that are deployed."""

import platform
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.bytecode import find_python
from infra.package import package, runtime
from infra.project import PROJECT


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
    python = find_python(runtime())
    if not python:
        pytest.skip(f"{runtime()} is not installed")
    program = (
        f"import sys; sys.path[:0] = {[str(opened), str(libraries)]!r}; import app; print(app.app.app_name); "
        "import chalicelib.access.single_sign_on"
    )
    command = [python, "-I", "-S", "-c", program]
    ran = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("rollcall\n", "")
    for source in opened.rglob("*.py"):
        source.write_text("")
    ran = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert ran.stdout == "rollcall\n", "bytecode is missing: a start would compile it"
    again = package("prod", tmp_path / "again")
    assert again.with_name("code.zip").read_bytes() == built.with_name("code.zip").read_bytes()
