"""Brings a table and a bucket that exist under the stack of a stage, and deploys the rest around them.

    python -m infra.adopt prod TABLE [PhoneRegion=GB …]

after a restore, or after the stack was deleted. The bucket has the name that the stack gives it.

CloudFormation imports the two into a new stack ("Creating a stack from existing resources"). The table has no name in
the template: a deployment would replace a table that has one.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra import endpoints
from infra.deploy import deploy
from infra.package import table_definition
from infra.target import DeployError, Target

WAIT = {"Delay": 2, "MaxAttempts": 900}  # half an hour


def adopt(target: Target, table: str, parameters: Sequence[str] = ()) -> dict[str, str]:
    """Imports a table and the stage's bucket into a new stack, and deploys; returns the stack's outputs.

    Raises DeployError: the stack exists, or the bucket does not.
    """
    cloudformation = target.client("cloudformation")
    bucket = bucket_name(target)
    _protect_table(target.client("dynamodb"), table)
    change_set = {"StackName": target.stack, "ChangeSetName": "adopt"}
    identifiers = {
        "Table": ("AWS::DynamoDB::Table", {"TableName": table}),
        "Bucket": ("AWS::S3::Bucket", {"BucketName": bucket}),
    }
    cloudformation.create_change_set(
        **change_set,
        ChangeSetType="IMPORT",
        TemplateBody=json.dumps(template(bucket)),
        ResourcesToImport=[
            {"ResourceType": kind, "LogicalResourceId": name, "ResourceIdentifier": identifier}
            for name, (kind, identifier) in identifiers.items()
        ],
    )
    cloudformation.get_waiter("change_set_create_complete").wait(**change_set, WaiterConfig=WAIT)
    cloudformation.execute_change_set(**change_set)
    cloudformation.get_waiter("stack_import_complete").wait(StackName=target.stack, WaiterConfig=WAIT)
    target.client("s3").delete_bucket_policy(Bucket=bucket)  # the stack makes it
    return deploy(target.stage, target.endpoint, parameters, target.log)


def bucket_name(target: Target) -> str:
    """Returns the name that the stack of a stage gives its bucket."""
    account = target.client("sts").get_caller_identity()["Account"]
    return f"rollcall-{target.stage}-{account}-{target.session.region_name}"


def template(bucket: str) -> dict[str, Any]:
    """Returns a template of the two resources alone; the deployment that follows sets their other properties."""
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    table = {**table_definition(), "DeletionProtectionEnabled": True}
    return {
        "Resources": {
            "Table": {"Type": "AWS::DynamoDB::Table", **kept, "Properties": table},
            "Bucket": {"Type": "AWS::S3::Bucket", **kept, "Properties": {"BucketName": bucket}},
        }
    }


def _protect_table(dynamodb: Any, table: str) -> None:
    """Protects a table against deletion, as the template says: a restored one is not."""
    if not dynamodb.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled"):
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True)
        dynamodb.get_waiter("table_exists").wait(TableName=table, WaiterConfig=WAIT)


def main(arguments: Sequence[str]) -> int:
    """Adopts the table that the command line names; returns the exit status."""
    if len(arguments) < 2:
        print("usage: python -m infra.adopt STAGE TABLE [Parameter=value …]", file=sys.stderr)
        return 2
    stage, table, *parameters = arguments
    try:
        outputs = adopt(Target(stage, endpoints.aws_session(), None, None), table, parameters)
    except (DeployError, endpoints.EndpointOverrideError, BotoCoreError, ClientError) as error:
        print(f"not adopted: {endpoints.error_text(error)}", file=sys.stderr)
        return 1
    for name, value in outputs.items():
        print(f"{name:<16}{value}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
