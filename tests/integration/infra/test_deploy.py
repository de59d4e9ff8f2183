"""Where a stage is, and what a deployment does before CloudFormation takes over."""

import fcntl
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from infra import where
from infra.deploy import DeployError, _artifact_bucket, _aws, _clear_failed_creation, _ToolError
from infra.emulator import free_port, free_ports
from infra.package import PROJECT, source_template
from tests.support.request_faults import error_response


class Failed:
    """A stack of nothing but the table, as a first deployment leaves it whose rollback could not delete that."""

    def __init__(self) -> None:
        self.name = f"rollcall-{uuid.uuid4().hex[:8]}"
        self.cloudformation, self.dynamodb = boto3.client("cloudformation"), boto3.client("dynamodb")
        table = source_template()["Resources"]["Table"]
        table["Properties"]["DeletionProtectionEnabled"] = True
        self.cloudformation.create_stack(
            StackName=self.name, TemplateBody=json.dumps({"Resources": {"Table": table}})
        )
        self.cloudformation.get_waiter("stack_create_complete").wait(
            StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        [found] = self.cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]
        self.table = found["PhysicalResourceId"]
        # The emulator's CloudFormation deletes a protected table: it never ends like this.
        events: Any = self.cloudformation.meta.events
        events.register("after-call.cloudformation", self._say_that_it_failed)

    def _say_that_it_failed(self, parsed: dict[str, Any], **_: Any) -> None:
        for stack in parsed.get("Stacks", []):
            stack["StackStatus"] = stack["StackStatus"].replace("CREATE_COMPLETE", "ROLLBACK_FAILED")
        for resource in parsed.get("StackResources", []):
            resource["ResourceStatus"] = "DELETE_FAILED"

    def clear(self) -> None:
        """What a deployment begins with."""
        _clear_failed_creation(self.cloudformation, self.dynamodb, self.name)

    def is_there(self) -> bool:
        """Whether the stack is."""
        stacks = self.cloudformation.list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]
        return self.name in [stack["StackName"] for stack in stacks]


@pytest.fixture
def failed(engine: str) -> Iterator[Failed]:
    failed = Failed()
    yield failed
    if failed.table in failed.dynamodb.list_tables()["TableNames"]:
        failed.dynamodb.update_table(TableName=failed.table, DeletionProtectionEnabled=False)
        failed.dynamodb.delete_table(TableName=failed.table)


def test_a_first_deployment_that_failed_makes_way_for_the_next(failed: Failed) -> None:
    failed.clear()
    assert failed.table not in failed.dynamodb.list_tables()["TableNames"]
    assert not failed.is_there()


def test_a_table_that_holds_anything_is_not_deleted_whatever_its_stack_says(failed: Failed) -> None:
    failed.dynamodb.put_item(TableName=failed.table, Item={"pk": {"S": "x"}, "sk": {"S": "y"}})
    with pytest.raises(DeployError, match=f"the table {failed.table} is left .* not empty"):
        failed.clear()
    assert failed.dynamodb.describe_table(TableName=failed.table)["Table"]["DeletionProtectionEnabled"]
    assert failed.is_there()


def test_a_stack_that_is_in_use_is_left_alone(failed: Failed) -> None:
    events: Any = failed.cloudformation.meta.events
    events.unregister("after-call.cloudformation", failed._say_that_it_failed)  # noqa: SLF001
    failed.clear()
    assert failed.is_there()


def test_code_is_not_sent_to_a_bucket_of_somebody_else(engine: str) -> None:
    """Its name is known beforehand: anybody may have made one."""
    session = boto3.Session()
    events: Any = session.events
    owners, sent = [], []

    def foreign(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        owners.append(request.headers["x-amz-expected-bucket-owner"])
        return error_response("", 403)(request)

    events.register("before-send.s3.HeadBucket", foreign)
    events.register("before-call.s3", lambda model, **_: sent.append(model.name))
    with pytest.raises(DeployError, match="rollcall-artifacts-123456789012-us-east-1 is another account's"):
        _artifact_bucket(session, "123456789012", None)
    assert (owners, sent) == ([b"123456789012"], ["HeadBucket"])


def test_the_first_deployment_to_a_region_makes_the_bucket_for_code_and_keeps_it_private(engine: str) -> None:
    account = str(uuid.uuid4().int)[:12]
    for _ in range(2):
        name = _artifact_bucket(boto3.Session(region_name="eu-west-1"), account, None)
        blocked = boto3.client("s3").get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        assert (name, set(blocked.values())) == (f"rollcall-artifacts-{account}-eu-west-1", {True})


def test_deployment_step_ends_at_its_time_limit() -> None:
    with pytest.raises(_ToolError, match="aws cloudformation deploy did not end within 0 seconds"):
        _aws(["cloudformation", "deploy"], dict(os.environ), None, seconds=0.0)


# ---- Where a stage is ------------------------------------------------------------------------------------------

DEPLOY, COMMAND = ["-m", "infra.deploy"], ["rollcall.py", "user", "list", "--stage"]


def ran(arguments: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """A command of ours, with what this environment holds of AWS replaced by this."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=PROJECT, env=kept | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
@pytest.mark.parametrize("command", [DEPLOY, COMMAND])
def test_nothing_meant_for_aws_goes_to_the_emulator(command: list[str], name: str) -> None:
    """All would go well there, and nobody would see where it went."""
    done = ran([*command, "prod"], **{name: f"http://127.0.0.1:{free_port()}"})
    assert done.returncode
    assert not done.stdout
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith(f"{name} in the environment leads away from AWS. Take it out: unset {name}\n")


@pytest.mark.parametrize(
    ("environment", "region"),
    [
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-north-1"}, "eu-north-1"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-north-1"}, "eu-west-1"),
        ({}, "eu-south-1"),  # the profile's
    ],
)
def test_one_rule_says_in_which_region_a_stage_is(
    environment: dict[str, str], region: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = tmp_path / "config"
    profile.write_text("[default]\nregion = eu-south-1\n")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {"AWS_CONFIG_FILE": str(profile), **environment}.items():
        monkeypatch.setenv(name, value)
    assert where.aws().region_name == region


def test_commands_find_make_local_on_whatever_port_it_has(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "ports.json").write_text(json.dumps({"PORT": 8000, "EMULATOR_PORT": port}))
    for command in (DEPLOY, COMMAND):
        done = ran([*command, "local"], LOCAL_STATE=str(tmp_path))
        assert done.returncode
        assert f'Could not connect to the endpoint URL: "http://127.0.0.1:{port}/"' in done.stderr


def test_a_second_make_local_in_a_folder_is_told_of_the_first(tmp_path: Path) -> None:
    """And not that a port is taken: on another it would meet the same data."""
    preflight = ["infra/preflight.py", *map(str, free_ports(2))]
    assert ran(preflight, LOCAL_STATE=str(tmp_path)).returncode == 0
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = ran(preflight, LOCAL_STATE=str(tmp_path))
    assert (done.returncode, done.stderr) == (1, "`make local` runs in this folder already.\n")
    assert ran(preflight, LOCAL_STATE=str(tmp_path)).returncode == 0
