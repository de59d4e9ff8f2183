"""Settings from the environment, and AWS clients, each built on first use."""

import os
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from botocore.session import Session
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

CONNECTIONS = 16  # concurrent requests to one AWS service from one process


class Settings(BaseModel):
    """One field per environment variable, of the same name in capitals."""

    model_config = ConfigDict(frozen=True)

    table_name: str
    bucket_name: str
    split_queue_url: str
    load_queue_url: str
    export_queue_url: str
    notice_topic_arn: str | None = None
    phone_region: str = Field(default="US", pattern="^[A-Z]{2}$")
    phone_check: Literal["possible", "valid"] = "possible"
    chunk_size: int = Field(default=512 * 1024, ge=1024)  # characters of CSV per chunk
    writes_in_flight: int = Field(default=8, ge=1, le=CONNECTIONS)  # concurrent transactions of one worker
    load_write_units: int = Field(default=0, ge=0)  # a second, of all workers together; 0 for no bound
    write_price: float = Field(default=0.625, ge=0)  # of a million write units, in dollars
    history_days: int = Field(default=400, ge=1, le=36500)  # for which the history of members is kept
    result_days: int = Field(default=400, ge=1, le=36500)  # that exports are kept
    # A sync that would remove more members than both, a number and a percentage of the account, waits for approval.
    max_removed: int = Field(default=25, ge=0)
    max_removed_percent: int = Field(default=5, ge=0, le=100)
    approver_must_differ: bool = False  # from the user or token that started the import
    logins_per_second: int = Field(default=5, ge=1)  # that all callers together may have checked
    proxy_digest: str = Field(default="", pattern="^([0-9a-f]{64})?$")  # see access/networks.py
    oidc_issuer: str = ""  # the `iss` of tokens of single sign-on; see access/single_sign_on.py
    oidc_discovery_url: str = ""
    oidc_audience: str = ""
    oidc_client_id: str = ""  # of the page
    oidc_scope: str = "openid"  # that the page asks for
    oidc_name_claim: str = "sub"
    oidc_groups_claim: str = "groups"
    import_concurrency: int = Field(default=4, ge=1, le=1000)  # steps of one import that wait or run at once


class SettingsError(Exception):
    """Environment variables are missing or invalid. The message names each."""


@cache
def settings() -> Settings:
    """Returns the settings, read once per process. Raises SettingsError."""
    given = {name: os.environ[name.upper()] for name in Settings.model_fields if name.upper() in os.environ}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        problems = (f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError("Set these environment variables. " + "; ".join(problems)) from None


@cache
def client(service: Literal["dynamodb", "s3", "sns", "sqs"]) -> Any:
    """Returns this process's one client of a service.

    It is built on first use: importing botocore and building a client takes most of a cold start.
    """
    from botocore.config import Config

    # Our timeouts and retries: a request has 29 s, and botocore's defaults change between releases.
    options = Config(
        user_agent="rollcall",
        connect_timeout=2,
        read_timeout=6,
        # Table repeats requests to DynamoDB by itself: it knows for how long, and throttled transactions too.
        retries={"mode": "standard", "total_max_attempts": 1 if service == "dynamodb" else 4},
        max_pool_connections=CONNECTIONS,
    )
    if service == "s3":
        # Presigned links need the regional host: the global host redirects, which invalidates the signature. Some
        # regions still default to an older signature version.
        options = options.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
        import boto3  # it adds upload_fileobj, and takes a tenth of a cold start

        return boto3.Session(botocore_session=_session()).client("s3", config=options)
    return _session().create_client(service, config=options)


def _session() -> "Session":
    """Returns a source of clients that finds botocore's descriptions of services in less time."""
    from botocore.session import Session

    from .service_models import service_models

    session = Session()
    session.register_component("data_loader", service_models())
    return session


dynamodb: Callable[[], "DynamoDBClient"] = partial(client, "dynamodb")
s3: Callable[[], "S3Client"] = partial(client, "s3")
sns: Callable[[], "SNSClient"] = partial(client, "sns")
sqs: Callable[[], "SQSClient"] = partial(client, "sqs")
