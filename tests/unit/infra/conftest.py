"""The packaged template: as SAM, as the CloudFormation that AWS makes of it, and of the stage local."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.package import package
from infra.project import LOCAL
from tests.support.template import Resources


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for packages."""
    return tmp_path_factory.mktemp("package")


@pytest.fixture(scope="session")
def sam(folder: Path) -> Path:
    """Return the path of the SAM template of the stage prod."""
    return package("prod", folder / "prod", layer=False)


@pytest.fixture(scope="session")
def prod(sam: Path) -> dict[str, Any]:
    """Return the CloudFormation template of the stage prod."""
    from infra.lint import transformed  # SAM's translator takes half a second, in each test process

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        return transformed(sam)


@pytest.fixture(scope="session")
def resources(prod: dict[str, Any]) -> Resources:
    """Return the resources of the stage prod by name."""
    found: Resources = prod["Resources"]
    return found


@pytest.fixture(scope="session")
def local(folder: Path) -> dict[str, Any]:
    """Return the SAM template of the stage local."""
    template: dict[str, Any] = json.loads(package(LOCAL, folder / "local").read_text())
    return template
