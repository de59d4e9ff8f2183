"""Finds where a stage runs: `local` on the emulator of `make local`, every other stage on the caller's AWS."""

import json
import os
from pathlib import Path

import boto3
from botocore.exceptions import NoCredentialsError, NoRegionError

from infra.emulator import HOST
from infra.project import PROJECT

STATE = Path(os.environ.get("LOCAL_STATE", PROJECT / ".local"))  # the data and logs of `make local`
PORTS = STATE / "ports.json"  # the ports `make local` uses, or used last
DEFAULT_PORTS = {"PORT": 8000, "EMULATOR_PORT": 4566}


class EndpointOverrideError(Exception):
    """The environment sends AWS calls to another endpoint; the message is one line for the user."""


def aws_session() -> boto3.Session:
    """Returns a session of the caller's AWS, in AWS_REGION or else the region that boto3 finds.

    Raises:
        EndpointOverrideError: a variable points to the emulator, where a deployment would seem to succeed.
        NoRegionError: no region was found.

    """
    if names := sorted(name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")):
        listed = " ".join(names)
        raise EndpointOverrideError(f"Calls would not reach AWS: {listed} is set. Unset it: unset {listed}")
    # boto3 does not read AWS_REGION.
    session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
    if not session.region_name:  # STS would respond without one, and the deployment fail later
        raise NoRegionError
    return session


def error_text(error: Exception) -> str:
    """Returns an AWS error's message, or what to do where the AWS SDK does not say it."""
    if isinstance(error, NoCredentialsError):
        return "No AWS credentials found. Set AWS_PROFILE, or run: .venv/bin/aws configure"
    if isinstance(error, NoRegionError):
        return "No AWS region found. Set it, for example: AWS_REGION=eu-west-1"
    return str(error)


def emulator_endpoint() -> str:
    """Returns the address of the emulator that `make local` runs."""
    return f"http://{HOST}:{local_port('EMULATOR_PORT')}"


def local_port(name: str) -> int:
    """Returns PORT or EMULATOR_PORT: from the environment, else from the last `make local`."""
    if name in os.environ:
        return int(os.environ[name])
    ports: dict[str, int] = json.loads(PORTS.read_text()) if PORTS.exists() else DEFAULT_PORTS
    return ports[name]
