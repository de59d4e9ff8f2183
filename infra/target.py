"""Where a stage is deployed."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra import aws_cli
from infra.emulator import environment

EMULATOR_SECONDS = 600.0  # for each step; the emulator needs ten. On AWS, the AWS CLI gives up after an hour.


class DeployError(Exception):
    """The deployment stopped; the message says where, in one line."""


@dataclass(frozen=True)
class Target:
    """An account and region of AWS, or the emulator at `endpoint`.

    The tools' output is appended to `log`, or shown on the terminal.
    """

    stage: str
    session: boto3.Session
    endpoint: str | None
    log: Path | None

    @property
    def stack(self) -> str:
        """The name of the stage's stack."""
        return f"rollcall-{self.stage}"

    def client(self, service: Any) -> Any:
        """Returns a client of an AWS service."""
        proxies: dict[str, str] | None = {} if self.endpoint else None
        return self.session.client(service, endpoint_url=self.endpoint, config=Config(proxies=proxies))

    def say(self, line: str) -> None:
        """Prints a line, or appends it to the log."""
        if self.log:
            with self.log.open("a") as file:
                print(line, file=file)
        else:
            print(line, flush=True)

    def aws(self, *arguments: str, quiet: bool = False) -> None:
        """Runs the AWS CLI. Raises ToolError."""
        # It does not read AWS_REGION; it must use the session's region.
        region = {"AWS_DEFAULT_REGION": self.session.region_name}
        env = environment(self.endpoint) if self.endpoint else os.environ | region
        seconds = EMULATOR_SECONDS if self.endpoint else None
        aws_cli.run(list(arguments), env, self.log, seconds, quiet=quiet)
