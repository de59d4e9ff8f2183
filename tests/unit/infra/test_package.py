"""The code that is deployed."""

import zipfile
from pathlib import Path
from typing import Any

from infra.package import package, runtime
from tests.support.template import Resources, of_type


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
