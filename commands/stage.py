"""Finds the deployment of a stage through its CloudFormation stack.

The stage `local` is on the emulator of `make local`, or at AWS_ENDPOINT_URL; other stages are on AWS, with the
caller's credentials and region.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import boto3
import click
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.config import CONNECTIONS
from chalicelib.errors import RegistryError
from chalicelib.services import Services
from infra import endpoints
from infra.emulator import HOST, REGION
from infra.outputs import settings_of
from infra.project import LOCAL

from .program import PROGRAM
from .results import Result, json_option

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Command = Callable[..., Result]  # takes the services of a stage, and its arguments
_STAGE = click.option(
    "--stage", default=LOCAL, show_default=True, help="local, or a stage on AWS such as prod."
)
AWS_ERRORS = (BotoCoreError, ClientError, Boto3Error)  # AWS refuses a request, or does not respond


class NotDeployed(click.ClickException):
    """The deployment does not exist or cannot be reached; the message is one line for the user."""

    exit_code = 2


@dataclass(frozen=True)
class Deployment:
    """One deployed stage: the address of its API, the place of its functions' logs, and its services."""

    stage: str
    api_url: str
    logs: str
    services: Services
    s3: "S3Client"

    def command(self, words: str) -> str:
        """Returns a command on this stage, as people type it."""
        return f"{PROGRAM} {words}" + (f" --stage {self.stage}" if self.stage != LOCAL else "")


def find_deployment(stage: str) -> Deployment:
    """Returns the deployment of a stage. Raises NotDeployed."""
    stack = f"rollcall-{stage}"
    try:
        client = _clients(stage)
        # Somebody waits at a terminal: report within half a minute that nothing responds.
        short = Config(
            connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2}
        )
        [found] = client("cloudformation", short).describe_stacks(StackName=stack)["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", ())}
        settings = settings_of(outputs)
        services = Services(settings, lambda name: client(name, short if name == "dynamodb" else None))
        return Deployment(stage, _api_url(stage, outputs), _logs(stage), services, client("s3"))
    except ClientError as error:
        missing = error.response["Error"]["Code"] == "ValidationError"
        hint = f" (to create it: make deploy STAGE={stage})" if missing else ""
        raise NotDeployed(f"{stack} was not found: {error.response['Error']['Message']}{hint}") from None
    except (BotoCoreError, ValueError) as error:  # no credentials, no response, an invalid address
        hint = " (is `make local` running?)" if stage == LOCAL else ""
        raise NotDeployed(f"{stack} was not found: {endpoints.error_text(error)}{hint}") from None
    except endpoints.EndpointOverrideError as error:
        raise NotDeployed(f"{stack} is on AWS. {error}") from None
    except KeyError:
        raise NotDeployed(f"The deployment of {stack} is incomplete: its stack has no outputs.") from None


def with_services(command: Command) -> Callable[..., None]:
    """Returns a command with the options --stage and --json, which gets the services of that stage.

    It prints the command's result; errors become one line.
    """

    @wraps(command)
    def run(stage: str, *, as_json: bool, **arguments: Any) -> None:
        try:
            result = command(find_deployment(stage).services, **arguments)
        except RegistryError as error:
            raise click.ClickException(error.detail) from None
        except AWS_ERRORS as error:
            raise click.ClickException(str(error)) from None
        result.print(as_json=as_json)

    return _STAGE(json_option(run))


def _api_url(stage: str, outputs: dict[str, str]) -> str:
    if stage == LOCAL:
        return f"http://{HOST}:{endpoints.local_port('PORT')}"
    return outputs["ApiUrl"]


def _logs(stage: str) -> str:
    if stage == LOCAL:
        return str(endpoints.STATE / "emulator.log")
    return f"the log groups /aws/lambda/rollcall-{stage}-… in CloudWatch"


def _clients(stage: str) -> Callable[..., Any]:
    """Returns a function that builds a stage's client of a service, with a Config merged over the default one."""
    default = Config(
        connect_timeout=10,
        read_timeout=60,
        retries={"mode": "standard", "total_max_attempts": 6},
        max_pool_connections=CONNECTIONS,
    )
    endpoint = None
    if stage != LOCAL:
        session = endpoints.aws_session()
    else:
        session = boto3.Session("test", "test", region_name=REGION)
        default = default.merge(Config(proxies={}))  # no proxy for loopback
        if not os.environ.get("AWS_ENDPOINT_URL"):  # boto3 reads it, and AWS_ENDPOINT_URL_DYNAMODB
            endpoint = endpoints.emulator_endpoint()

    def client(service: Any, changes: Config | None = None) -> Any:
        config = default.merge(changes) if changes else default
        return session.client(service, endpoint_url=endpoint, config=config)

    return client
