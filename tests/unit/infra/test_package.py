"""The code that is deployed."""

import zipfile
from pathlib import Path

from infra.package import package


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
