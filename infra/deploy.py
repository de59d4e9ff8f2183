"""Deploy a stage as one CloudFormation stack.

    python -m infra.deploy prod [PhoneRegion=GB AlarmEmail=ops@example.com …]
    python -m infra.deploy local    deploys to the emulator of `make local`

Uses the credentials and the region that boto3 finds: environment, profile, role. Deploying an unchanged stage
succeeds and changes nothing.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra import targets
from infra.emulator import REGION, environment
from infra.package import LOCAL, PROJECT, package, source_template

EMULATOR_SECONDS = 600.0  # for each step; the emulator needs ten. On AWS, the AWS CLI gives up after an hour.


class DeployError(Exception):
    """The deployment stopped; the message says where, in one line."""


class _ToolError(Exception):
    """The AWS CLI ended with an error."""


def deploy(
    stage: str, endpoint: str | None = None, parameters: Sequence[str] = (), log: Path | None = None
) -> dict[str, str]:
    """Package a stage, deploy it, and return the outputs of its stack (ApiUrl, TableName, BucketName, …).

    Args:
        stage: a stage of .chalice/config.json; the stack is called rollcall-<stage>.
        endpoint: the emulator's address; AWS by default.
        parameters: template parameters, as "Name=value".
        log: the file that the tools' output is appended to; the terminal by default.

    Raises:
        DeployError: a step failed. CloudFormation has rolled the stack back.

    """
    stack = f"rollcall-{stage}"
    started = datetime.now(UTC)
    try:
        session = boto3.Session("test", "test", region_name=REGION) if endpoint else targets.aws_session()
        account = _client(session, "sts", endpoint).get_caller_identity()["Account"]
        _say(f"deploying {stack} to {endpoint or f'account {account} in {session.region_name}'}", log)
        bucket = _artifact_bucket(session, account, endpoint)
        cloudformation = _client(session, "cloudformation", endpoint)
        _clear_failed_creation(cloudformation, _client(session, "dynamodb", endpoint), stack, log)
        # The AWS CLI does not read AWS_REGION; it must use the session's region.
        env = environment(endpoint) if endpoint else os.environ | {"AWS_DEFAULT_REGION": session.region_name}
        seconds = EMULATOR_SECONDS if endpoint else None
        _package_and_deploy(stage, parameters, bucket, env=env, log=log, seconds=seconds)
        deployed = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except _ToolError as error:
        raise DeployError(_first_failure(cloudformation, stack, started) or str(error)) from error
    except (targets.EndpointOverrideError, BotoCoreError, ClientError) as error:
        raise DeployError(targets.error_text(error)) from error
    outputs = {output["OutputKey"]: output["OutputValue"] for output in deployed["Outputs"]}
    if endpoint:  # the emulator serves all APIs itself, under this path
        outputs["ApiUrl"] = f"{endpoint}/restapis/{outputs['RestAPIId']}/api/_user_request_"
    return outputs


def _package_and_deploy(
    stage: str,
    parameters: Sequence[str],
    bucket: str,
    *,
    env: dict[str, str],
    log: Path | None,
    seconds: float | None,
) -> None:
    """Run the AWS CLI's two steps, each for at most `seconds`. Raises _ToolError."""
    stack = f"rollcall-{stage}"
    upload = ["--s3-bucket", bucket, "--s3-prefix", stack]
    with tempfile.TemporaryDirectory(prefix="rollcall-") as folder:
        template, packaged = package(stage, Path(folder)), Path(folder) / "packaged.json"
        files = ["--template-file", str(template), "--use-json", "--output-template-file", str(packaged)]
        _aws(["cloudformation", "package", *files, *upload], env, log, seconds, quiet=True)
        options = ["--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset", *upload]
        if parameters:
            options += ["--parameter-overrides", *parameters]
        files = ["--stack-name", stack, "--template-file", str(packaged)]
        _aws(["cloudformation", "deploy", *files, *options], env, log, seconds)


def _clear_failed_creation(cloudformation: Any, dynamodb: Any, stack: str, log: Path | None = None) -> None:
    """Delete the rest of a stack whose first deployment failed: CloudFormation cannot update it."""
    try:
        status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    except ClientError:  # the stack does not exist
        return
    if status not in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}:  # only a first deployment ends in these
        return
    _say(f"deleting the rest of the failed first deployment of {stack}; this may take minutes", log)
    resources = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    undeleted = [r for r in resources if r["ResourceStatus"] == "DELETE_FAILED"]
    for table in (r["PhysicalResourceId"] for r in undeleted if r["ResourceType"] == "AWS::DynamoDB::Table"):
        _delete_unused_table(dynamodb, table)
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 5})


def _delete_unused_table(dynamodb: Any, name: str) -> None:
    """Delete an empty table that a rollback could not delete because of its deletion protection."""
    if dynamodb.scan(TableName=name, Limit=1)["Items"]:
        raise DeployError(
            f"The table {name} of a failed deployment is not empty. Save or delete its items, then deploy again."
        )
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    dynamodb.delete_table(TableName=name)
    dynamodb.get_waiter("table_not_exists").wait(
        TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
    )


def _first_failure(cloudformation: Any, stack: str, since: datetime) -> str | None:
    """Return why a deployment was rolled back: the first fault of its validation, else the first failure."""
    try:
        events = cloudformation.describe_events(StackName=stack)["OperationEvents"]
        events += reversed(cloudformation.describe_stack_events(StackName=stack)["StackEvents"])
    except ClientError:
        return None
    recent = [event for event in events if event["Timestamp"] >= since]
    invalid = [event for event in recent if event.get("ValidationStatus") == "FAILED"]
    failed = [event for event in recent if event.get("ResourceStatus", "").endswith("_FAILED")]
    for event in invalid + failed:
        reason = event.get("ValidationStatusReason") or event.get("ResourceStatusReason")
        return f"{event['LogicalResourceId']}: {reason}"
    return None


def _artifact_bucket(session: boto3.Session, account: str, endpoint: str | None) -> str:
    """Return the bucket that Lambda fetches code from; the first deployment to a region creates it.

    Its objects do not expire: a rollback fetches the code of the previous deployment, however old.
    """
    name = f"rollcall-artifacts-{account}-{session.region_name}"
    s3 = _client(session, "s3", endpoint)
    try:
        s3.head_bucket(Bucket=name, ExpectedBucketOwner=account)  # another account may have taken the name
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == HTTPStatus.FORBIDDEN:
            raise DeployError(
                f"The bucket {name} belongs to another account, or your credentials may not use it."
            ) from None
        if status != HTTPStatus.NOT_FOUND:
            raise
        _create_private_bucket(s3, name, session.region_name)
    return name


def _create_private_bucket(s3: Any, name: str, region: str) -> None:
    # S3 does not accept us-east-1 as a location constraint.
    location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **location)
    blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))


def _say(line: str, log: Path | None) -> None:
    if log:
        with log.open("a") as file:
            print(line, file=file)
    else:
        print(line, flush=True)


def _client(session: boto3.Session, service: Any, endpoint: str | None) -> Any:
    proxies: dict[str, str] | None = {} if endpoint else None
    return session.client(service, endpoint_url=endpoint, config=Config(proxies=proxies))


def _aws(
    arguments: list[str],
    env: dict[str, str],
    log: Path | None,
    seconds: float | None = None,
    *,
    quiet: bool = False,
) -> None:
    """Run this Python's AWS CLI for at most `seconds`.

    Its output goes to `log`, or to the terminal (if quiet, only when it fails). Raises _ToolError.
    """
    command = f"aws {' '.join(arguments[:2])}"
    try:
        done = subprocess.run(
            [sys.executable, "-m", "awscli", *arguments],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if log or quiet else None,
            stderr=subprocess.STDOUT if log or quiet else None,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise _ToolError(f"{command} did not end within {seconds:.0f} seconds") from None
    if log:
        with log.open("a") as file:
            file.write(done.stdout)
    elif done.returncode and quiet:
        sys.stderr.write(done.stdout)
    if done.returncode:
        output = (done.stdout or "").strip()
        raise _ToolError(f"{command} failed" + (f": {output.splitlines()[-1]}" if output else ""))


def main(arguments: Sequence[str]) -> int:
    """Deploy the stage that the command line names; return the exit status."""
    if not arguments:
        print("usage: python -m infra.deploy STAGE [Parameter=value …]", file=sys.stderr)
        return 2
    stage, *parameters = arguments
    endpoint = (os.environ.get("AWS_ENDPOINT_URL") or targets.emulator_endpoint()) if stage == LOCAL else None
    try:
        _check_stage(stage)
        outputs = deploy(stage, endpoint, parameters)
    except (DeployError, RuntimeError) as error:
        hint = " Is `make local` running?" if stage == LOCAL and "Could not connect" in str(error) else ""
        print(f"not deployed: {error}{hint}", file=sys.stderr)
        return 1
    for name in source_template()["Outputs"]:
        print(f"{name:<16}{outputs[name]}")
    return 0


def _check_stage(stage: str) -> None:
    """Raise DeployError for a stage without settings: Chalice would deploy it with defaults of its own."""
    stages = json.loads((PROJECT / ".chalice" / "config.json").read_text())["stages"]
    if stage not in stages:
        raise DeployError(f"Unknown stage {stage!r}. Use one of .chalice/config.json: {', '.join(stages)}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
