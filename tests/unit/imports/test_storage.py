"""Presigned links, as they are made for AWS: nothing is sent, so no engine is asked."""

import os
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib import config
from chalicelib.imports.storage import ImportStorage

SETTINGS = config.Settings(table_name="t", bucket_name="roster-box", load_queue_url="q")


@pytest.fixture(params=["us-east-1", "eu-central-1"])
def region(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A region of AWS, for credentials that nobody has."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", request.param)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return str(request.param)


def fresh_store() -> ImportStorage:
    """With clients of this test's own: those of the process are made for where all other tests run."""
    return ImportStorage(SETTINGS, *(config.client.__wrapped__(name) for name in ("s3", "sqs", "sns")))


def test_a_link_names_the_host_of_its_region_which_is_the_one_it_is_signed_for(region: str) -> None:
    """The host of all regions redirects to a bucket elsewhere, and no browser may follow with the signature."""
    store = fresh_store()
    host = "s3.amazonaws.com" if region == "us-east-1" else f"s3.{region}.amazonaws.com"
    for link in (store.upload_url("drops/http/1/a.csv"), store.result_url("1", "rejected.csv")):
        parts = urlsplit(link)
        query = parse_qs(parts.query)
        assert parts.netloc == f"roster-box.{host}"
        assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
        assert f"/{region}/s3/" in query["X-Amz-Credential"][0]


def test_a_link_to_the_emulator_names_the_bucket_in_its_path(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name server knows a bucket's host there."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert fresh_store().upload_url("drops/a.csv").startswith("http://127.0.0.1:4566/roster-box/drops/a.csv?")
