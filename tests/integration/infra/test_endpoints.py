"""Where commands find a stage, and what `make local` checks before it starts."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from infra import endpoints
from infra.emulator import free_port, free_ports
from infra.project import PROJECT

DEPLOY, COMMAND = ["-m", "infra.deploy"], ["rollcall.py", "user", "list", "--stage"]
NO_AWS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def run(arguments: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments, and with `environment` in place of all AWS_ variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=PROJECT, env=kept | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
@pytest.mark.parametrize("command", [DEPLOY, COMMAND])
def test_endpoint_override_is_refused_for_stages_on_aws(command: list[str], name: str) -> None:
    """The command would succeed on the emulator, and nobody would notice."""
    done = run([*command, "prod"], **{name: f"http://127.0.0.1:{free_port()}"})
    assert done.returncode
    assert not done.stdout
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith(f"Calls would not reach AWS: {name} is set. Unset it: unset {name}\n")


@pytest.mark.parametrize(
    ("environment", "region"),
    [
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-north-1"}, "eu-north-1"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-north-1"}, "eu-west-1"),
        ({}, "eu-south-1"),  # the profile's
    ],
)
def test_region_comes_from_environment_then_profile(
    environment: dict[str, str], region: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = tmp_path / "config"
    profile.write_text("[default]\nregion = eu-south-1\n")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {"AWS_CONFIG_FILE": str(profile), **environment}.items():
        monkeypatch.setenv(name, value)
    assert endpoints.aws_session().region_name == region


def test_commands_find_make_local_on_its_port(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "ports.json").write_text(json.dumps({"PORT": 8000, "EMULATOR_PORT": port}))
    for command in (DEPLOY, COMMAND):
        done = run([*command, "local"], LOCAL_STATE=str(tmp_path))
        assert done.returncode
        assert f'Could not connect to the endpoint URL: "http://127.0.0.1:{port}/"' in done.stderr


def test_second_make_local_in_a_folder_is_refused(tmp_path: Path) -> None:
    """It does not report a used port: on another port, it would use the same data."""
    preflight = ["infra/preflight.py", *map(str, free_ports(2))]
    assert run(preflight, LOCAL_STATE=str(tmp_path)).returncode == 0
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run(preflight, LOCAL_STATE=str(tmp_path))
    assert (done.returncode, done.stderr) == (1, "`make local` is already running in this folder.\n")
    assert run(preflight, LOCAL_STATE=str(tmp_path)).returncode == 0


def test_missing_credentials_are_reported_with_what_to_do() -> None:
    for command in (DEPLOY, COMMAND):
        done = run([*command, "prod"], AWS_REGION="eu-west-1", **NO_AWS)
        assert done.returncode
        assert done.stderr.endswith(
            "No AWS credentials found. Set AWS_PROFILE, or run: .venv/bin/aws configure\n"
        )


def test_missing_region_is_reported_with_what_to_do() -> None:
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    for command in (DEPLOY, COMMAND):
        done = run([*command, "prod"], **keys, **NO_AWS)
        assert done.returncode
        assert done.stderr.endswith("No AWS region found. Set it, for example: AWS_REGION=eu-west-1\n")


def test_deployment_of_an_unknown_stage_is_refused() -> None:
    done = run([*DEPLOY, "nonsense"])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("not deployed: Unknown stage 'nonsense'. Use one of .chalice/config.json: ")
