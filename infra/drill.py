"""A restore drill: brings a stage's table and bucket back under a new stack, checks them, and deletes it all again.

    python -m infra.drill prod            on AWS
    python -m infra.drill local           on the emulator of `make local`
    python -m infra.drill prod --keep     leaves what it has restored, to look at
    python -m infra.drill prod --clear    deletes what a drill has left

The table is restored to the latest second that its point-in-time recovery has; the objects of the bucket are copied.
The stage `drill` gets them. The drill succeeds if that has as many members, claims, faults and objects as the
original, which may be in use.
"""

import itertools
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.services import Services
from infra import choices, endpoints
from infra.adopt import WAIT, adopt, bucket_name
from infra.emulator import REGION
from infra.outputs import settings_of
from infra.project import LOCAL
from infra.target import DeployError, Target

STAGE = "drill"
# The name that the emulator gives the table of this stack: it would replace another one, which AWS does not.
TABLE = f"rollcall-{STAGE}-Table-037DE71964AAA"
NOT_TAKEN = {
    *("Stage", "AlarmEmail", "BackupDays", "BasePath", "CertificateArn", "DomainName"),
    "WarmWriteUnits",  # AWS charges for them
}
CONNECTIONS = 10  # botocore's own limit
OFF = {"Dashboard", "RateRules"}  # they cost money, and nobody calls the API of a drill
PREFIXES = ("drops/", "imports/", "exports/")  # of the bucket; what is under chunks/ is under way


class Counts(NamedTuple):
    """What a stage has."""

    members: int
    claims: int
    faults: int
    objects: int


def drill(source: Target, *, keep: bool = False) -> Counts:
    """Restores a stage, checks what was restored, and deletes it unless it is to be kept; returns its counts.

    Raises DeployError if something is missing or wrong.
    """
    target, outputs = _drill_target(source), _outputs(source)
    _refuse_remains(target)
    before, counted = count(source, outputs), datetime.now(UTC).replace(microsecond=0)
    source.say(f"{source.stack}: {_text(before)}")
    started = time.monotonic()
    try:
        # What was created while it was counted, and is counted, must be restored too.
        wait_until_restorable(source.client("dynamodb"), outputs["TableName"], counted)
        restore_table(source.client("dynamodb"), outputs["TableName"], TABLE)
        source.say(f"the table was restored after {time.monotonic() - started:.0f} s")
        copy_objects(
            source.client("s3"), outputs["BucketName"], bucket_name(target), source.session.region_name
        )
        source.say(f"the objects were copied after {time.monotonic() - started:.0f} s")
        restored = count(target, adopt(target, TABLE, _parameters(source)))
        source.say(f"{target.stack} after {time.monotonic() - started:.0f} s: {_text(restored)}")
    finally:
        if not keep:
            clear(target)
    compare(restored, before, count(source, outputs))
    return restored


def _drill_target(source: Target) -> Target:
    return Target(STAGE, source.session, source.endpoint, source.log)


def _refuse_remains(target: Target) -> None:
    """Raises DeployError if an earlier drill has left something: this one would delete it."""
    stacks = choices.deployed(target.client("cloudformation"), target.stack)
    tables = [
        page["TableNames"] for page in target.client("dynamodb").get_paginator("list_tables").paginate()
    ]
    if stacks.parameters or TABLE in itertools.chain.from_iterable(tables):
        raise DeployError(f"An earlier drill has left {target.stack}: delete it with --clear")


def _parameters(source: Target) -> list[str]:
    """Returns the parameters of a stage, but for what a second stage may not have, or should not."""
    found = choices.deployed(source.client("cloudformation"), source.stack).parameters
    taken = {name: value for name, value in found.items() if name not in NOT_TAKEN and value}
    return [f"{name}={'off' if name in OFF else value}" for name, value in taken.items()]


def wait_until_restorable(dynamodb: Any, table: str, moment: datetime, seconds: float = 20) -> None:
    """Waits until a table can be restored as it was at a moment, about five minutes on AWS; asks every `seconds`."""
    while True:
        found = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        # Where recovery is off there is none, and the restore says so.
        latest = found["PointInTimeRecoveryDescription"].get("LatestRestorableDateTime", moment)
        if latest >= moment:
            return
        time.sleep(seconds)


def restore_table(dynamodb: Any, source: str, target: str) -> None:
    """Restores a table as it was at the latest second that can be restored; takes minutes to hours on AWS."""
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=source, TargetTableName=target, UseLatestRestorableTime=True
    )
    dynamodb.get_waiter("table_exists").wait(
        TableName=target, WaiterConfig={"Delay": 20, "MaxAttempts": 1080}
    )


def copy_objects(s3: Any, source: str, target: str, region: str) -> None:
    """Makes a private bucket, and copies the current version of each object to it, within S3."""
    location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=target, **location)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for _ in pool.map(
            lambda key: s3.copy({"Bucket": source, "Key": key}, target, key), _keys(s3, source)
        ):
            pass  # raises what a copy raised


def count(target: Target, outputs: dict[str, str]) -> Counts:
    """Returns how much a stage has, and what is wrong with it."""
    settings = settings_of(outputs)
    pages = list(Services(settings, target.client).member_check.pages())
    objects = sum(1 for _ in _keys(target.client("s3"), outputs["BucketName"]))
    members, claims = sum(page.members for page in pages), sum(page.claims for page in pages)
    return Counts(members, claims, sum(len(page.findings) for page in pages), objects)


def clear(target: Target) -> None:
    """Deletes what a drill has made: the stack, and the table, the bucket and the logs, which a stack keeps."""
    cloudformation, dynamodb, s3 = (target.client(name) for name in ("cloudformation", "dynamodb", "s3"))
    try:
        cloudformation.update_termination_protection(
            StackName=target.stack, EnableTerminationProtection=False
        )
        cloudformation.delete_stack(StackName=target.stack)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=target.stack, WaiterConfig=WAIT)
    except ClientError as error:  # there is no stack yet
        target.say(str(error))
    _delete_table(dynamodb, TABLE)
    _delete_bucket(s3, bucket_name(target))
    _delete_logs(target.client("logs"), target.stack)


def _delete_table(dynamodb: Any, table: str) -> None:
    try:
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
        dynamodb.get_waiter("table_exists").wait(TableName=table, WaiterConfig=WAIT)
        dynamodb.delete_table(TableName=table)
    except dynamodb.exceptions.ResourceNotFoundException:
        return
    dynamodb.get_waiter("table_not_exists").wait(TableName=table, WaiterConfig=WAIT)


def _delete_bucket(s3: Any, bucket: str) -> None:
    """Deletes a bucket and all versions of its objects."""
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            found = (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            if objects := [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        s3.delete_bucket(Bucket=bucket)
    except s3.exceptions.NoSuchBucket:
        return


def _delete_logs(logs: Any, stack: str) -> None:
    """Deletes the logs of a stack's functions and of its API."""
    for prefix in (f"/aws/lambda/{stack}-", f"{stack}-"):
        pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
        for name in [group["logGroupName"] for page in pages for group in page["logGroups"]]:
            logs.delete_log_group(logGroupName=name)


def _keys(s3: Any, bucket: str) -> Any:
    for prefix in PREFIXES:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            yield from (one["Key"] for one in page.get("Contents", ()))


def compare(restored: Counts, before: Counts, after: Counts) -> None:
    """Raises DeployError if the restored stage has other counts than the original had meanwhile."""
    wrong = [
        f"{restored[i]:,} {name} in place of {before[i]:,}"
        for i, name in enumerate(Counts._fields)
        if not min(before[i], after[i]) <= restored[i] <= max(before[i], after[i])
    ]
    if wrong:
        raise DeployError("The restored stage differs: " + ", ".join(wrong))


def _outputs(target: Target) -> dict[str, str]:
    [found] = target.client("cloudformation").describe_stacks(StackName=target.stack)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}


def _text(counts: Counts) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts._asdict().items())


def main(arguments: Sequence[str]) -> int:
    """Runs the drill of the stage that the command line names; returns the exit status."""
    stage = arguments[0] if arguments else LOCAL
    try:
        if stage == LOCAL:
            endpoint = os.environ.get("AWS_ENDPOINT_URL") or endpoints.emulator_endpoint()
            source = Target(stage, boto3.Session("test", "test", region_name=REGION), endpoint, None)
        else:
            source = Target(stage, endpoints.aws_session(), None, None)
        if "--clear" in arguments:
            clear(_drill_target(source))
            return 0
        drill(source, keep="--keep" in arguments)
    except (DeployError, endpoints.EndpointOverrideError, BotoCoreError, ClientError) as error:
        print(f"the drill failed: {endpoints.error_text(error)}", file=sys.stderr)
        return 1
    print("The drill succeeded.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
