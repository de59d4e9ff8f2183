"""A new function loads what it uses, and the same descriptions of AWS services as botocore itself."""

import os
import subprocess
import sys

import pytest
from botocore.loaders import Loader

from bench.stub import ENVIRONMENT
from chalicelib.service_models import SERVICES, ServiceModels

START = "import sys, app; from chalicelib.services import services; services(); print(*sys.modules)"


def test_cold_start_leaves_out_what_few_requests_need() -> None:
    command = [sys.executable, "-c", START]
    started = subprocess.run(
        command, env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, check=True
    )
    loaded = set(started.stdout.split())
    assert "botocore.client" in loaded
    assert loaded.isdisjoint({"boto3", "openpyxl", "s3transfer", "phonenumbers"})
    assert "chalicelib.replies" not in loaded
    imports = ("repository", "encoding_guess", "batch_request", "member_batch", "settlement")
    assert loaded.isdisjoint({f"chalicelib.imports.{name}" for name in imports})


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1", "paginators-1"])
def test_services_are_described_as_by_botocore(service: str, kind: str) -> None:
    assert ServiceModels().load_service_model(service, kind) == Loader().load_service_model(service, kind)


@pytest.mark.parametrize("name", ["endpoints", "partitions", "sdk-default-configuration", "_retry"])
def test_defaults_are_those_of_botocore(name: str) -> None:
    assert ServiceModels().load_data(name) == Loader().load_data(name)
