"""A new function loads what it uses, and the same descriptions of AWS services as botocore itself."""

import os
import subprocess
import sys

import pytest
from botocore.loaders import Loader

from bench.stub import ENVIRONMENT
from chalicelib.service_models import SERVICES, ServiceModels

START = """
import sys, app
from chalicelib.services import services
from pydantic import BaseModel
services()
ours = (model for model in BaseModel.__subclasses__() if model.__module__.startswith("chalicelib"))
print(*sys.modules, "|", *(model.__name__ for model in ours if model.__pydantic_complete__))
"""


@pytest.fixture(scope="module")
def started() -> tuple[set[str], list[str]]:
    """Returns the modules that a new function loads until its first request, and the models that it has built."""
    command = [sys.executable, "-c", START]
    done = subprocess.run(
        command, env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, check=True
    )
    modules, _, built = done.stdout.partition("|")
    return set(modules.split()), built.split()


def test_cold_start_leaves_out_what_few_requests_need(started: tuple[set[str], list[str]]) -> None:
    loaded, _ = started
    assert "botocore.client" in loaded
    assert loaded.isdisjoint({"boto3", "openpyxl", "s3transfer", "phonenumbers", "jwt", "cryptography"})
    assert loaded.isdisjoint(
        {"chalicelib.replies", "chalicelib.access.authenticator", "chalicelib.exports.model"}
    )
    packages = {name for name in loaded if name.startswith("chalicelib.imports.") and name.count(".") > 2}
    assert packages <= {
        *(f"chalicelib.imports.records.{name}" for name in ("import_filter", "import_ids")),
        *(f"chalicelib.imports.text.{name}" for name in ("alphabets", "encodings")),
        "chalicelib.imports.reports.polling",
    }


def test_models_are_built_when_a_request_needs_them(started: tuple[set[str], list[str]]) -> None:
    """Each takes milliseconds; `defer_build=True` puts it off."""
    assert started[1] == ["Settings"]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1", "paginators-1"])
def test_services_are_described_as_by_botocore(service: str, kind: str) -> None:
    assert ServiceModels().load_service_model(service, kind) == Loader().load_service_model(service, kind)


@pytest.mark.parametrize("name", ["endpoints", "partitions", "sdk-default-configuration", "_retry"])
def test_defaults_are_those_of_botocore(name: str) -> None:
    assert ServiceModels().load_data(name) == Loader().load_data(name)
