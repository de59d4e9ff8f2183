"""The zip files of the code and of the libraries that Lambda runs, with their bytecode (bytecode.py)."""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from chalice.deploy.packager import (
    AppOnlyDeploymentPackager,
    EmptyPackageError,
    LayerDeploymentPackager,
)
from chalice.utils import OSUtils

from infra.bytecode import compile_modules
from infra.project import PROJECT

REQUIREMENTS = "requirements-lambda.txt"  # the pins of requirements.txt, with hashes: `make lock` writes it
# Amazon Linux 2023 has glibc 2.34 ("Lambda runtimes"); manylinux2014 is what older wheels name.
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux2014_x86_64")


class SortedFiles(OSUtils):
    """Files in the same order on every machine, without the folders `left_out`.

    Chalice zips without dates, so the same code gives the same zip file, and deploying it changes nothing.
    """

    left_out: tuple[str, ...] = ()

    def walk(
        self,
        path: str,
        followlinks: bool = False,  # noqa: FBT001, FBT002 - chalice's signature
    ) -> Iterator[tuple[str, list[str], list[str]]]:
        """Yields each folder with its folders and files."""
        for root, folders, names in super().walk(path, followlinks):
            folders[:] = sorted(folder for folder in folders if folder not in self.left_out)
            yield root, folders, sorted(names)


class SourceFiles(SortedFiles):
    """The project's files, without its own bytecode."""

    left_out = ("__pycache__",)


class AppCode(AppOnlyDeploymentPackager):
    """The zip file of app.py, chalicelib and Chalice's runtime, built on each call.

    Chalice's cache ignores the files' names: it would return an old zip file after a file is renamed.
    `python` compiles it, if there is one.
    """

    zip_file: Path
    python: str | None = None

    def create_deployment_package(self, project_dir: str, python_version: str) -> str:
        """Writes the zip file; returns its path."""
        self.zip_file.unlink(missing_ok=True)
        path = super().create_deployment_package(project_dir, python_version)
        if self.python:
            self._add_bytecode(path, self.python)
        return path

    def _add_bytecode(self, path: str, python: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            with zipfile.ZipFile(path) as code:
                code.extractall(folder)
            compile_modules(python, Path(folder))
            with self._osutils.open_zip(path, "a") as code:
                for file in sorted(Path(folder).rglob("__pycache__/*.pyc")):
                    code.write(file, file.relative_to(folder))

    def deployment_package_filename(self, project_dir: str, python_version: str) -> str:  # noqa: ARG002 - chalice's interface
        """Returns the path of the zip file."""
        return str(self.zip_file)


class Layer(LayerDeploymentPackager):
    """The layer of the libraries in requirements-lambda.txt, as wheels for Lambda whose hashes are checked.

    `runtime` is Lambda's Python, whatever this one is; `python` is one of this machine that compiles for it.
    """

    wanted = True
    built = True
    runtime = ""
    python: str | None = None

    def create_deployment_package(self, project_dir: str, python_version: str) -> str:  # noqa: ARG002 - chalice's interface
        """Writes the zip file unless the same exists; returns its path."""
        if not self.wanted:
            raise EmptyPackageError("chalice omits an empty layer")
        if not self.built:
            return "not built"
        return super().create_deployment_package(project_dir, self.runtime)

    def deployment_package_filename(self, project_dir: str, python_version: str) -> str:
        """Returns the path of the zip file, another one with bytecode."""
        path = Path(super().deployment_package_filename(project_dir, python_version))
        return str(path.with_stem(f"{path.stem}-compiled") if self.python else path)

    def _get_requirements_filename(self, project_dir: str) -> str:  # noqa: ARG002 - chalice's interface
        return str(PROJECT / REQUIREMENTS)

    def _build_python_dependencies(
        self, python_version: str, requirements_filepath: str, site_packages_dir: str
    ) -> None:
        install_wheels(python_version, Path(requirements_filepath), Path(site_packages_dir))
        if self.python:
            compile_modules(self.python, Path(site_packages_dir))


def install_wheels(runtime: str, requirements: Path, folder: Path) -> None:
    """Installs wheels for Lambda's Linux and its Python, such as python3.13, after a check of their hashes.

    Raises RuntimeError, with one line for the user.
    """
    platforms = [argument for platform in PLATFORMS for argument in ("--platform", platform)]
    options = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile", "--quiet"]
    version = ["--python-version", runtime.removeprefix("python"), "--implementation", "cp"]
    target = ["--target", str(folder), "--requirement", str(requirements)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, *platforms, *version, *target],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = errors[-1] if errors else done.stderr.strip()[-200:]
        raise RuntimeError(
            f"pip could not install the libraries of the layer: {reason}. "
            f"Check the connection to PyPI, and {REQUIREMENTS}"
        )
    # Scripts name the Python that installed them, and RECORD has their hashes: the layer would differ by machine.
    shutil.rmtree(folder / "bin", ignore_errors=True)
    for record in folder.glob("*.dist-info/RECORD"):
        record.unlink()
