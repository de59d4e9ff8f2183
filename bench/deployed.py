"""The CPU time of a start of the API with what is deployed: the zip files for Lambda, with and without bytecode.

Needs Linux on x86_64, the Python that infra/template.yaml pins, and PyPI at the first run.
"""

import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from bench.cold import SERVICES, TRIES, cpu_of
from bench.stub import round_count
from infra.bytecode import find_python
from infra.package import package, runtime


def main() -> None:
    """Measure and print."""
    python = find_python(runtime())
    if not python:
        sys.exit(f"deployed: {runtime()} is not installed")
    with tempfile.TemporaryDirectory() as folder:
        compiled, plain = Path(folder) / "compiled", Path(folder) / "plain"
        built = package("prod", Path(folder) / "built")
        for name in ("layer.zip", "code.zip"):
            with zipfile.ZipFile(built.with_name(name)) as file:
                file.extractall(compiled)
        shutil.copytree(compiled, plain, ignore=shutil.ignore_patterns("__pycache__"))
        tries: dict[Path, list[float]] = {compiled: [], plain: []}
        for _ in range(round_count(TRIES)):
            for opened, found in tries.items():
                found.append(cpu_of(SERVICES, python, _environment(opened)))
    ours, others = (min(found) for found in tries.values())
    print(
        f"deployed: {ours * 1000:.0f} ms of CPU with bytecode, {others * 1000:.0f} ms without: {others / ours:.2f}x"
    )


def _environment(opened: Path) -> dict[str, str]:
    """Return the environment of a process that has only what is deployed, and leaves no bytecode behind."""
    (libraries,) = (opened / "python" / "lib").glob("*/site-packages")
    path = os.pathsep.join([str(opened), str(libraries)])
    return {"PYTHONPATH": path, "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"}


if __name__ == "__main__":
    main()
