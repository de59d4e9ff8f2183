"""A deployed stage on the emulator: the restore drill, the stack that it makes of a restored table, an update."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from chalicelib.config import Settings
from chalicelib.services import Services
from infra import drill
from infra.deploy import deploy
from infra.drill import Counts
from infra.emulator import REGION, Emulator, started
from infra.target import DeployError, Target
from tests.support.people import person
from tests.support.stack import SETTINGS


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with started() as emulator:
        yield emulator


@pytest.fixture(scope="module")
def source(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Target:
    """A deployed stage with three members, two objects, and an object that is under way."""
    log = tmp_path_factory.mktemp("drill") / "log"
    outputs = deploy("local", emulator.endpoint, ["HistoryDays=30"], log)
    names = {name: outputs[key] for name, key in SETTINGS.items()}
    services = Services(Settings.model_validate(names), emulator.client)
    for number in range(3):
        services.members.create(person("drill", number))
    for key in ("exports/1", "imports/1/report.json", "chunks/1/0"):
        emulator.client("s3").put_object(Bucket=outputs["BucketName"], Key=key, Body=b"text")
    session = boto3.Session("test", "test", region_name=REGION)
    return Target("local", session, emulator.endpoint, log)


def left(target: Target) -> list[Any]:
    """Returns the tables, buckets, stacks and logs of a drill."""
    stacks = target.client("cloudformation").describe_stacks()["Stacks"]
    names = [one["StackName"] for one in stacks]
    names += target.client("dynamodb").list_tables()["TableNames"]
    names += [one["Name"] for one in target.client("s3").list_buckets()["Buckets"]]
    names += [one["logGroupName"] for one in target.client("logs").describe_log_groups()["logGroups"]]
    return [name for name in names if "drill" in name]


def test_drill_makes_a_stack_of_the_restored_table(source: Target) -> None:
    target = Target(drill.STAGE, source.session, source.endpoint, source.log)
    assert drill.drill(source, keep=True) == Counts(members=3, claims=3, faults=0, objects=2)
    [stack] = target.client("cloudformation").describe_stacks(StackName=target.stack)["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    assert outputs["TableName"] == drill.TABLE
    assert {"ParameterKey": "HistoryDays", "ParameterValue": "30"} in stack["Parameters"]
    table = target.client("dynamodb").describe_table(TableName=drill.TABLE)["Table"]
    assert table["DeletionProtectionEnabled"]
    assert table["TableStatus"] == "ACTIVE"
    with pytest.raises(DeployError, match="delete it with --clear"):
        drill.drill(source)
    target.client("logs").create_log_group(
        logGroupName=f"{target.stack}-AccessLog-1"
    )  # which stacks on AWS keep
    drill.clear(target)
    assert left(source) == []


class Recovery:
    """A table that can be restored a second later each time it is asked."""

    def __init__(self, latest: datetime) -> None:
        self.latest = latest

    def describe_continuous_backups(self, **_: Any) -> dict[str, Any]:
        """Returns the latest time to which the table can be restored."""
        self.latest += timedelta(seconds=1)
        found = {"LatestRestorableDateTime": self.latest}
        return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": found}}


def test_restore_waits_for_what_was_counted() -> None:
    """Else a table in use would seem to have lost the members of the last five minutes."""
    moment = datetime(2026, 11, 26, 12, tzinfo=UTC)
    table = Recovery(moment - timedelta(seconds=3))
    drill.wait_until_restorable(table, "table", moment, seconds=0)
    assert table.latest == moment


def test_update_of_a_stage_is_shown_and_declined(source: Target) -> None:
    """By the AWS CLI and the change set that it makes."""
    shown: list[str] = []

    def decline(lines: Sequence[str]) -> bool:
        shown.extend(lines)
        return False

    with pytest.raises(DeployError, match="nothing was changed"):
        deploy("local", source.endpoint, ["HistoryDays=31"], source.log, confirm=decline)
    assert "Modify  APIHandler (AWS::Lambda::Function)" in shown
    [stack] = source.client("cloudformation").describe_stacks(StackName=source.stack)["Stacks"]
    assert {"ParameterKey": "HistoryDays", "ParameterValue": "30"} in stack["Parameters"]


@pytest.mark.parametrize(
    ("restored", "difference"),
    [
        (Counts(2, 3, 0, 2), "2 members in place of 3"),
        (Counts(3, 3, 1, 2), "1 faults in place of 0"),
        (Counts(3, 3, 0, 1), "1 objects in place of 2"),
    ],
)
def test_other_counts_than_the_original_fail(restored: Counts, difference: str) -> None:
    before, after = Counts(3, 3, 0, 2), Counts(5, 5, 0, 2)
    with pytest.raises(DeployError, match=re.escape(difference)):
        drill.compare(restored, before, after)
    drill.compare(Counts(4, 4, 0, 2), before, after)  # created meanwhile
