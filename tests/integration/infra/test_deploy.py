"""What a deployment does before it calls CloudFormation, and its time limit."""

import json
import os
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from infra import aws_cli
from infra.deploy import _artifact_bucket, _clear_failed_creation
from infra.package import source_template
from infra.target import DeployError
from tests.support.request_faults import error_response


class FailedStack:
    """The stack of a failed first deployment: its rollback could not delete the table."""

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
        # The emulator's CloudFormation deletes protected tables, so it never has this state.
        events: Any = self.cloudformation.meta.events
        events.register("after-call.cloudformation", self._report_failure)

    def _report_failure(self, parsed: dict[str, Any], **_: Any) -> None:
        for stack in parsed.get("Stacks", []):
            stack["StackStatus"] = stack["StackStatus"].replace("CREATE_COMPLETE", "ROLLBACK_FAILED")
        for resource in parsed.get("StackResources", []):
            resource["ResourceStatus"] = "DELETE_FAILED"

    def clear(self) -> None:
        """Run the first step of a deployment."""
        _clear_failed_creation(self.cloudformation, self.dynamodb, self.name)

    def exists(self) -> bool:
        """Return whether the stack exists."""
        stacks = self.cloudformation.list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]
        return self.name in [stack["StackName"] for stack in stacks]


@pytest.fixture
def failed(engine: str) -> Iterator[FailedStack]:
    failed = FailedStack()
    yield failed
    if failed.table in failed.dynamodb.list_tables()["TableNames"]:
        failed.dynamodb.update_table(TableName=failed.table, DeletionProtectionEnabled=False)
        failed.dynamodb.delete_table(TableName=failed.table)


def test_failed_first_deployment_is_deleted_before_the_next(failed: FailedStack) -> None:
    failed.clear()
    assert failed.table not in failed.dynamodb.list_tables()["TableNames"]
    assert not failed.exists()


def test_table_with_items_is_not_deleted(failed: FailedStack) -> None:
    failed.dynamodb.put_item(TableName=failed.table, Item={"pk": {"S": "x"}, "sk": {"S": "y"}})
    with pytest.raises(DeployError, match=f"The table {failed.table} of a failed deployment is not empty"):
        failed.clear()
    assert failed.dynamodb.describe_table(TableName=failed.table)["Table"]["DeletionProtectionEnabled"]
    assert failed.exists()


def test_working_stack_is_not_deleted(failed: FailedStack) -> None:
    events: Any = failed.cloudformation.meta.events
    events.unregister("after-call.cloudformation", failed._report_failure)  # noqa: SLF001
    failed.clear()
    assert failed.exists()


def test_code_is_not_uploaded_to_a_bucket_of_another_account(engine: str) -> None:
    """The bucket's name is predictable: anybody may have created it."""
    session = boto3.Session()
    events: Any = session.events
    owners, sent = [], []

    def foreign(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        owners.append(request.headers["x-amz-expected-bucket-owner"])
        return error_response("", 403)(request)

    events.register("before-send.s3.HeadBucket", foreign)
    events.register("before-call.s3", lambda model, **_: sent.append(model.name))
    with pytest.raises(
        DeployError, match="rollcall-artifacts-123456789012-us-east-1 belongs to another account"
    ):
        _artifact_bucket(session.client("s3"), "123456789012", "us-east-1")
    assert (owners, sent) == ([b"123456789012"], ["HeadBucket"])


def test_first_deployment_to_a_region_creates_a_private_bucket(engine: str) -> None:
    account = str(uuid.uuid4().int)[:12]
    for _ in range(2):
        name = _artifact_bucket(boto3.client("s3", region_name="eu-west-1"), account, "eu-west-1")
        blocked = boto3.client("s3").get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        assert (name, set(blocked.values())) == (f"rollcall-artifacts-{account}-eu-west-1", {True})


def test_deployment_step_ends_at_its_time_limit() -> None:
    with pytest.raises(aws_cli.ToolError, match="aws cloudformation deploy did not end within 0 seconds"):
        aws_cli.run(["cloudformation", "deploy"], dict(os.environ), None, seconds=0.0)
