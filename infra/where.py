"""Where a stage is: `local` on the emulator of `make local`, every other on AWS, as the caller."""

import json
import os
from pathlib import Path

import boto3

from infra.emulator import HOST
from infra.package import PROJECT

STATE = Path(os.environ.get("LOCAL_STATE", PROJECT / ".local"))  # what `make local` keeps
PORTS = STATE / "ports.json"  # where it runs, or ran last
USUAL_PORTS = {"PORT": 8000, "EMULATOR_PORT": 4566}


class ElsewhereError(Exception):
    """The environment leads away from AWS; the message is one line for the user."""


def aws() -> boto3.Session:
    """The caller's own AWS. The region is AWS_REGION, as in every SDK but this one, or else what the SDK finds.

    Raises:
        ElsewhereError: a variable leads to the emulator, where a deployment would seem to go well.

    """
    if names := sorted(name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")):
        these = " ".join(names)
        raise ElsewhereError(f"{these} in the environment leads away from AWS. Take it out: unset {these}")
    return boto3.Session(region_name=os.environ.get("AWS_REGION") or None)


def emulator() -> str:
    """The address of the emulator that `make local` runs."""
    return f"http://{HOST}:{local_port('EMULATOR_PORT')}"


def local_port(name: str) -> int:
    """PORT or EMULATOR_PORT of the stage local: the environment's, or else the one `make local` has."""
    if name in os.environ:
        return int(os.environ[name])
    known: dict[str, int] = json.loads(PORTS.read_text()) if PORTS.exists() else USUAL_PORTS
    return known[name]
