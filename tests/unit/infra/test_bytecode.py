"""The bytecode of what is deployed."""

import os
import subprocess
import sys
from pathlib import Path

from infra.bytecode import compile_modules, find_python

OWN = f"python{sys.version_info[0]}.{sys.version_info[1]}"
SOURCE = "print('known')\n"


def test_python_of_the_runtime_is_found() -> None:
    python = find_python(OWN)
    assert python
    version = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout
    assert version.startswith(OWN.replace("python", "Python ") + ".")


def test_no_other_python_compiles() -> None:
    assert find_python("python3.99") is None


def test_function_runs_bytecode_and_reads_no_source(tmp_path: Path) -> None:
    (tmp_path / "names.py").write_text(SOURCE)
    (tmp_path / "template.py").write_text("{{ no Python }}")  # as some libraries have
    compile_modules(sys.executable, tmp_path)
    (tmp_path / "names.py").write_text("")
    command = [sys.executable, "-c", "import names"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout == "known\n"


def test_equal_modules_have_equal_bytecode(tmp_path: Path) -> None:
    found = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "names.py").write_text(SOURCE)
        os.utime(folder / "names.py", (number, number))
        compile_modules(sys.executable, folder)
        (file,) = folder.rglob("*.pyc")
        found.append(file.read_bytes())
    assert found[0] == found[1]
