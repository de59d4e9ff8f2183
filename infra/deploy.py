"""Deploys a stage as one CloudFormation stack.

    python -m infra.deploy prod [PhoneRegion=GB AlarmEmail=ops@example.com …]
    python -m infra.deploy local    deploys to the emulator of `make local`

An update on AWS shows what it changes and asks; YES=1 in the environment does not. TAGS="team=registry …" tags the
stack and its resources. A stack on AWS is protected against deletion.

Uses the credentials and the region that boto3 finds: environment, profile, role. Deploying an unchanged stage
succeeds and changes nothing.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from infra import aws_cli, changes, choices, endpoints
from infra.bytecode import find_python
from infra.changes import Confirm
from infra.emulator import REGION
from infra.package import package, runtime, source_template
from infra.project import LOCAL, PROJECT
from infra.target import DeployError, Target

EMULATOR_STARTS = 8  # calls of start_import at once on the emulator; each takes a process of 70 MB
EMULATOR_RETRIES = 100  # of a call that is throttled: for an hour or so


def deploy(
    stage: str,
    endpoint: str | None = None,
    parameters: Sequence[str] = (),
    log: Path | None = None,
    *,
    tags: Sequence[str] = (),
    confirm: Confirm | None = None,
) -> dict[str, str]:
    """Packages a stage, deploys it, and returns the outputs of its stack (ApiUrl, TableName, BucketName, …).

    Args:
        stage: a stage of .chalice/config.json; the stack is called rollcall-<stage>.
        endpoint: the emulator's address; AWS by default.
        parameters: template parameters, as "Name=value".
        log: the file that the tools' output is appended to; the terminal by default.
        tags: tags of the stack on AWS, as "name=value".
        confirm: is shown what an update on AWS would change, and decides; without it nobody is asked.

    Raises:
        DeployError: a step failed. CloudFormation has rolled the stack back.

    """
    try:
        session = boto3.Session("test", "test", region_name=REGION) if endpoint else endpoints.aws_session()
        target = Target(stage, session, endpoint, log)
        account = target.client("sts").get_caller_identity()["Account"]
        target.say(f"deploying {target.stack} to {endpoint or f'account {account} in {session.region_name}'}")
        bucket = _artifact_bucket(target.client("s3"), account, session.region_name)
        cloudformation = target.client("cloudformation")
        _clear_failed_creation(cloudformation, target.client("dynamodb"), target.stack, target.say)
        last = choices.deployed(cloudformation, target.stack)
        options = [] if endpoint else ["--tags", *choices.tags(stage, tags, last)]
        if not endpoint:
            parameters = [*parameters, *choices.parameters(target, parameters, last)]
        if parameters:
            options += ["--parameter-overrides", *parameters]
        _package_and_deploy(target, options, bucket, confirm if last.parameters else None)
        if not endpoint:
            _protect(target)
        outputs = _outputs(cloudformation, target.stack)
    except (endpoints.EndpointOverrideError, BotoCoreError, ClientError) as error:
        raise DeployError(endpoints.error_text(error)) from error
    if endpoint:
        # The emulator serves all APIs itself, under this path.
        outputs["ApiUrl"] = f"{endpoint}/restapis/{outputs['RestAPIId']}/api/_user_request_"
        _limit_starts(target)
    return outputs


def _outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    [found] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


def _limit_starts(target: Target) -> None:
    """Limits the calls of start_import on the emulator, which would run a process for each file dropped at once.

    On AWS they need no limit. The emulator counts tries that it throttles among the two that Lambda repeats after an
    error; Lambda repeats them for six hours (infra/template.yaml).
    """
    found = target.client("cloudformation").describe_stack_resource(
        StackName=target.stack, LogicalResourceId="StartImport"
    )
    name = found["StackResourceDetail"]["PhysicalResourceId"]
    functions = target.client("lambda")
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=EMULATOR_STARTS)
    config = functions.get_function_event_invoke_config(FunctionName=name, Qualifier="$LATEST")
    functions.put_function_event_invoke_config(
        FunctionName=name,
        Qualifier="$LATEST",
        MaximumRetryAttempts=EMULATOR_RETRIES,
        DestinationConfig=config["DestinationConfig"],
    )


def _protect(target: Target) -> None:
    """Protects the stack against deletion."""
    try:
        target.client("cloudformation").update_termination_protection(
            StackName=target.stack, EnableTerminationProtection=True
        )
    except ClientError as error:  # who deploys may lack this right
        target.say(f"{target.stack} is not protected against deletion: {error}")


def _package_and_deploy(target: Target, options: Sequence[str], bucket: str, confirm: Confirm | None) -> None:
    """Packages the stage and deploys it with the AWS CLI. Raises DeployError with CloudFormation's reason."""
    started = datetime.now(UTC)
    if not target.endpoint and not find_python(runtime()):
        target.say(
            f"no {runtime()} on this machine: each new function compiles its modules, and starts in twice the time"
        )
    upload = ["--s3-bucket", bucket, "--s3-prefix", target.stack]
    with tempfile.TemporaryDirectory(prefix="rollcall-") as folder:
        template, packaged = (
            package(target.stage, Path(folder), emulator=bool(target.endpoint)),
            Path(folder) / "packaged.json",
        )
        files = ["--template-file", str(template), "--use-json", "--output-template-file", str(packaged)]
        options = ["--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset", *upload, *options]
        stack = ["--stack-name", target.stack, "--template-file", str(packaged)]
        try:
            target.aws("cloudformation", "package", *files, *upload, quiet=True)
            if confirm is None:
                target.aws("cloudformation", "deploy", *stack, *options)
                return
            cloudformation = target.client("cloudformation")
            changes.discard(cloudformation, target.stack)
            target.aws("cloudformation", "deploy", *stack, *options, "--no-execute-changeset", quiet=True)
            if not changes.execute(cloudformation, target.stack, confirm):
                target.say("no changes to deploy")
        except (aws_cli.ToolError, WaiterError) as error:
            reason = _first_failure(target.client("cloudformation"), target.stack, started)
            raise DeployError(reason or str(error)) from error


def _clear_failed_creation(
    cloudformation: Any, dynamodb: Any, stack: str, say: Callable[[str], object] = print
) -> None:
    """Deletes the rest of a stack whose first deployment failed: CloudFormation cannot update it."""
    try:
        status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    except ClientError:  # the stack does not exist
        return
    if status not in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}:  # only a first deployment ends in these
        return
    say(f"deleting the rest of the failed first deployment of {stack}; this may take minutes")
    resources = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    undeleted = [r for r in resources if r["ResourceStatus"] == "DELETE_FAILED"]
    for table in (r["PhysicalResourceId"] for r in undeleted if r["ResourceType"] == "AWS::DynamoDB::Table"):
        _delete_unused_table(dynamodb, table)
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 5})


def _delete_unused_table(dynamodb: Any, name: str) -> None:
    """Deletes an empty table that a rollback could not delete because of its deletion protection."""
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
    """Returns why a deployment was rolled back: the first fault of its validation, else the first failure."""
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


def _artifact_bucket(s3: Any, account: str, region: str) -> str:
    """Returns the bucket that Lambda fetches code from; the first deployment to a region creates it.

    Its objects do not expire: a rollback fetches the code of the previous deployment, however old.
    """
    name = f"rollcall-artifacts-{account}-{region}"
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
        _create_private_bucket(s3, name, region)
    return name


def _create_private_bucket(s3: Any, name: str, region: str) -> None:
    # S3 does not accept us-east-1 as a location constraint.
    location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **location)
    blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))


def main(arguments: Sequence[str]) -> int:
    """Deploys the stage that the command line names; returns the exit status."""
    if not arguments:
        print("usage: python -m infra.deploy STAGE [Parameter=value …]", file=sys.stderr)
        return 2
    stage, *parameters = arguments
    endpoint = (
        (os.environ.get("AWS_ENDPOINT_URL") or endpoints.emulator_endpoint()) if stage == LOCAL else None
    )
    try:
        _check_stage(stage)
        confirm = None if stage == LOCAL or os.environ.get("YES") == "1" else changes.ask
        tags = os.environ.get("TAGS", "").split()
        outputs = deploy(stage, endpoint, parameters, tags=tags, confirm=confirm)
    except (DeployError, RuntimeError) as error:
        hint = " Is `make local` running?" if stage == LOCAL and "Could not connect" in str(error) else ""
        print(f"not deployed: {error}{hint}", file=sys.stderr)
        return 1
    for name in source_template()["Outputs"]:
        if name in outputs:  # some depend on parameters
            print(f"{name:<16}{outputs[name]}")
    return 0


def _check_stage(stage: str) -> None:
    """Raises DeployError for a stage without settings: Chalice would deploy it with defaults of its own."""
    stages = json.loads((PROJECT / ".chalice" / "config.json").read_text())["stages"]
    if stage not in stages:
        raise DeployError(f"Unknown stage {stage!r}. Use one of .chalice/config.json: {', '.join(stages)}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
