"""What a deployment does before CloudFormation takes over, on a real engine."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from infra.deploy import DeployError, _clear_failed_creation
from infra.package import source_template


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
