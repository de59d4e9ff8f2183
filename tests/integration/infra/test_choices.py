"""What a deployment chooses by the account, and what it shows before it changes a stack."""

import json
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from infra import changes, choices
from infra.choices import Deployed
from infra.target import DeployError, Target
from tests.support.request_faults import error_response

NEW = Deployed({}, {})
ROLE = "arn:aws:iam::123456789012:role/logs"


@pytest.fixture
def session(engine: str) -> boto3.Session:
    """A session of an account that may run ten functions at once."""
    session = boto3.Session(region_name="us-east-1")

    def new_account(parsed: dict[str, Any], **_: Any) -> None:
        parsed.setdefault("AccountLimit", {}).update(
            {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}
        )

    events: Any = session.events
    events.register("after-call.lambda.GetAccountSettings", new_account)
    return session


@pytest.fixture
def target(session: boto3.Session, engine: str) -> Target:
    return Target(uuid.uuid4().hex, session, engine, None)


def give_role(session: boto3.Session, role: str) -> None:
    """Gives the account a role for access logs, or none."""
    events: Any = session.events

    def account(parsed: dict[str, Any], **_: Any) -> None:
        parsed.pop("cloudwatchRoleArn", None)
        parsed.update({"cloudwatchRoleArn": role} if role else {})

    events.register("after-call.api-gateway.GetAccount", account)


def test_account_concurrency_is_read_before_a_deployment(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    found = choices.parameters(target, ["LoadConcurrency=3", "AccessLogs=off"], NEW)
    assert found == ["SplitConcurrency=2", "AccountConcurrency=10"]
    printed = capsys.readouterr().out
    assert "this account may run 10 Lambda functions at once in us-east-1" in printed
    assert printed.endswith("SplitConcurrency=2\n")
    assert "AccountConcurrency=10" not in choices.parameters(target, ["AccountConcurrency=50"], NEW)


@pytest.mark.parametrize(
    ("role", "given", "last", "chosen"),
    [
        (ROLE, [], {}, True),
        ("", [], {}, False),
        (ROLE, ["AccessLogs=off"], {}, False),
        (ROLE, [], {"AccessLogs": "off"}, False),
    ],
)
def test_access_logs_are_on_where_the_role_exists(
    session: boto3.Session, target: Target, role: str, given: list[str], last: dict[str, str], *, chosen: bool
) -> None:
    """Unless they are given, or were deployed before."""
    give_role(session, role)
    assert ("AccessLogs=on" in choices.parameters(target, given, Deployed(last, {}))) is chosen


def test_unreadable_account_stops_no_deployment(
    session: boto3.Session, target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    def denied(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        return error_response("AccessDeniedException", 403)(request)

    events: Any = session.events
    events.register("before-send.lambda.GetAccountSettings", denied)
    events.register("before-send.api-gateway.GetAccount", denied)
    assert choices.parameters(target, [], NEW) == []
    printed = capsys.readouterr().out
    assert "Lambda concurrency could not be read" in printed
    assert "role for access logs could not be read" in printed


def test_tags_of_the_last_deployment_stay(engine: str) -> None:
    last = Deployed({}, {"stage": "prod", "team": "registry", "cost-center": "41"})
    found = choices.tags("prod", ["cost-center=42"], last)
    assert found == ["application=rollcall", "stage=prod", "team=registry", "cost-center=42"]


class Updated:
    """A stack with a change set that changes one of its queues, and adds another."""

    def __init__(self) -> None:
        self.name = f"rollcall-{uuid.uuid4().hex[:8]}"
        self.cloudformation = boto3.client("cloudformation")
        self.cloudformation.create_stack(StackName=self.name, TemplateBody=self.template(30))
        self.cloudformation.get_waiter("stack_create_complete").wait(
            StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )

    def template(self, seconds: int, *more: str) -> str:
        """Returns a template of a queue, and of more of them."""
        queues = {"First": {"VisibilityTimeout": seconds}} | {name: {} for name in more}
        resources = {name: {"Type": "AWS::SQS::Queue", "Properties": p} for name, p in queues.items()}
        return json.dumps({"Resources": resources})

    def propose(self, body: str) -> None:
        """Makes a change set, as the AWS CLI does."""
        self.cloudformation.create_change_set(
            StackName=self.name, ChangeSetName=f"{changes.PREFIX}{uuid.uuid4().hex[:8]}", TemplateBody=body
        )

    def queues(self) -> set[str]:
        """Returns the names of the stack's queues."""
        found = self.cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]
        return {one["LogicalResourceId"] for one in found}


@pytest.fixture
def updated(engine: str) -> Iterator[Updated]:
    updated = Updated()
    yield updated
    updated.cloudformation.delete_stack(StackName=updated.name)


def test_update_is_shown_and_made_once_confirmed(updated: Updated) -> None:
    updated.propose(updated.template(60, "Second"))
    shown: list[str] = []

    def confirm(lines: Sequence[str]) -> bool:
        shown.extend(lines)
        return True

    assert changes.execute(updated.cloudformation, updated.name, confirm)
    assert sorted(shown) == ["Add     Second (AWS::SQS::Queue)", "Modify  First (AWS::SQS::Queue)"]
    assert updated.queues() == {"First", "Second"}
    assert not changes.execute(updated.cloudformation, updated.name, confirm)


def test_declined_update_changes_nothing(updated: Updated) -> None:
    updated.propose(updated.template(60, "Second"))
    with pytest.raises(DeployError, match="nothing was changed"):
        changes.execute(updated.cloudformation, updated.name, lambda _: False)
    assert updated.queues() == {"First"}
    assert updated.cloudformation.list_change_sets(StackName=updated.name)["Summaries"] == []


def test_interrupted_update_is_forgotten(updated: Updated) -> None:
    updated.propose(updated.template(60, "Second"))
    changes.discard(updated.cloudformation, updated.name)
    assert not changes.execute(updated.cloudformation, updated.name, lambda _: True)
    assert updated.queues() == {"First"}


def test_update_without_terminal_names_the_way_without_question() -> None:
    with pytest.raises(DeployError, match="YES=1 deploys without asking"):
        changes.ask(["Modify  Load (AWS::Lambda::Function)"])
