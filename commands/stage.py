"""The deployment a command works on, found through its stack.

The stage `local` is the emulator of `make local`, or where AWS_ENDPOINT_URL says; every other stage is on AWS, with
the caller's own credentials and region.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import click
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.config import CONNECTIONS, Settings
from chalicelib.imports.pipeline import ImportPipeline
from chalicelib.services import Services
from infra import where
from infra.emulator import HOST, REGION
from infra.package import LOCAL

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AWS_ERRORS = (BotoCoreError, ClientError, Boto3Error)  # that AWS refuses, or does not answer


class NotDeployed(click.ClickException):
    """There is no such deployment, or no way to it; the message is one line for the user."""

    exit_code = 2


@dataclass(frozen=True)
class Deployment:
    """One deployed stage: where its API and its functions' logs are, and what works on its table and bucket."""

    api_url: str
    logs: str
    settings: Settings
    s3: "S3Client"
    imports: ImportPipeline
    services: Services


def find(stage: str) -> Deployment:
    """The deployment of a stage. Raises NotDeployed."""
    stack = f"rollcall-{stage}"
    try:
        client = _clients(stage)
        # Somebody waits at a terminal: report within half a minute that nothing answers.
        soon = Config(
            connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2}
        )
        [found] = client("cloudformation", soon).describe_stacks(StackName=stack)["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", ())}
        settings = Settings(
            table_name=outputs["TableName"],
            bucket_name=outputs["BucketName"],
            load_queue_url=outputs["LoadQueueUrl"],
            notice_topic_arn=outputs.get("NoticeTopicArn"),
        )
        services = Services(settings, lambda name: client(name, soon if name == "dynamodb" else None))
        return Deployment(
            _api_url(stage, outputs), _logs(stage), settings, client("s3"), services.imports, services
        )
    except ClientError as error:
        hint = (
            f" (`make deploy STAGE={stage}` makes it)"
            if error.response["Error"]["Code"] == "ValidationError"
            else ""
        )
        raise NotDeployed(f"{stack} was not found: {error.response['Error']['Message']}{hint}") from None
    except (BotoCoreError, ValueError) as error:  # no credentials, nobody there, no such address
        hint = " (is `make local` running?)" if stage == LOCAL else ""
        raise NotDeployed(f"{stack} was not found: {error}{hint}") from None
    except where.ElsewhereError as error:
        raise NotDeployed(f"{stack} is on AWS. {error}") from None
    except KeyError:
        raise NotDeployed(f"{stack} is not deployed to its end: its stack has no outputs.") from None


def _api_url(stage: str, outputs: dict[str, str]) -> str:
    if stage == LOCAL:  # where `make local` serves it
        return f"http://{HOST}:{where.local_port('PORT')}"
    return outputs["ApiUrl"]


def _logs(stage: str) -> str:
    if stage == LOCAL:
        return str(where.STATE / "emulator.log")
    return f"the log groups /aws/lambda/rollcall-{stage}-… in CloudWatch"


def _clients(stage: str) -> Callable[..., Any]:
    """What makes clients for a stage, of a service's name and a Config that differs from the usual."""
    usual = Config(
        connect_timeout=10,
        read_timeout=60,
        retries={"mode": "standard", "total_max_attempts": 6},
        max_pool_connections=CONNECTIONS,
    )
    endpoint = None
    if stage != LOCAL:
        session = where.aws()
    else:
        session = boto3.Session("test", "test", region_name=REGION)
        usual = usual.merge(Config(proxies={}))  # a proxy knows no loopback
        if not os.environ.get("AWS_ENDPOINT_URL"):  # which the SDK reads, and AWS_ENDPOINT_URL_DYNAMODB
            endpoint = where.emulator()

    def client(service: Any, changes: Config | None = None) -> Any:
        config = usual.merge(changes) if changes else usual
        return session.client(service, endpoint_url=endpoint, config=config)

    return client
