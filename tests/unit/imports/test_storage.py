"""Presigned links, as they are made for AWS: no request is sent, so no engine is needed."""

import os
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib import config
from chalicelib.imports.records.storage import ImportStorage


@pytest.fixture(params=["us-east-1", "eu-central-1"])
def region(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A region of AWS, with credentials of nobody."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", request.param)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)  # it keeps the credentials it was created with
    return str(request.param)


def fresh_storage() -> ImportStorage:
    """Returns a storage with a client of its own: the client of the process is made for the suite's emulator."""
    return ImportStorage(config.client.__wrapped__("s3"), "roster-box", 1024)


def test_link_is_signed_for_the_host_of_its_region(region: str) -> None:
    """The global host redirects to a bucket in another region, where the signature is not valid."""
    storage = fresh_storage()
    host = "s3.amazonaws.com" if region == "us-east-1" else f"s3.{region}.amazonaws.com"
    for link in (storage.upload_link("drops/http/1/a.csv"), storage.result_link("1", "rejected.csv")):
        parts = urlsplit(link.url)
        query = parse_qs(parts.query)
        assert parts.netloc == f"roster-box.{host}"
        assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
        assert f"/{region}/s3/" in query["X-Amz-Credential"][0]


def test_link_to_the_emulator_names_the_bucket_in_its_path(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name server resolves the host of a bucket there."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert (
        fresh_storage()
        .upload_link("drops/a.csv")
        .url.startswith("http://127.0.0.1:4566/roster-box/drops/a.csv?")
    )
