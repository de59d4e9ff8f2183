"""What a deployment to AWS chooses by itself: parameters by the account's limits and roles, and tags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra import concurrency
from infra.target import Target


@dataclass(frozen=True)
class Deployed:
    """The parameters and tags of the last deployment, both empty before the first."""

    parameters: Mapping[str, str]
    tags: Mapping[str, str]


def deployed(cloudformation: Any, stack: str) -> Deployed:
    """Returns what was deployed last."""
    try:
        [found] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError:  # the stack does not exist
        return Deployed({}, {})
    return Deployed(
        {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", ())},
        {one["Key"]: one["Value"] for one in found.get("Tags", ())},
    )


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """Returns a dict of texts such as "Name=value"."""
    return dict(text.partition("=")[::2] for text in texts)


def parameters(target: Target, given: Sequence[str], last: Deployed) -> list[str]:
    """Returns the parameters that are neither given nor deployed; shows them, and warnings."""
    chosen = pairs(given)
    return [*_concurrency(target, chosen, last), *_access_logs(target, chosen, last)]


def tags(stage: str, given: Sequence[str], last: Deployed) -> list[str]:
    """Returns the tags of the stack, which CloudFormation gives to its resources: those deployed stay."""
    found = {"application": "rollcall", "stage": stage, **last.tags, **pairs(given)}
    return [f"{name}={value}" for name, value in found.items()]


def _concurrency(target: Target, given: Mapping[str, str], last: Deployed) -> list[str]:
    try:
        limits = target.client("lambda").get_account_settings()["AccountLimit"]
    except ClientError as error:  # who deploys may lack this right
        target.say(f"The account's Lambda concurrency could not be read: {error}")
        return []
    choice = concurrency.choose(
        limits["UnreservedConcurrentExecutions"], given, last.parameters, target.session.region_name
    )
    for line in (choice.warning, *choice.parameters):
        if line:
            target.say(line)
    limit = f"AccountConcurrency={limits['ConcurrentExecutions']}"  # read each time: AWS may have raised it
    return choice.parameters if "AccountConcurrency" in given else [*choice.parameters, limit]


def _access_logs(target: Target, given: Mapping[str, str], last: Deployed) -> list[str]:
    """Switches access logs on where the account has the role that API Gateway needs for them."""
    if "AccessLogs" in given or "AccessLogs" in last.parameters:
        return []
    try:
        role = target.client("apigateway").get_account().get("cloudwatchRoleArn")
    except ClientError as error:
        target.say(f"The account's role for access logs could not be read: {error}")
        return []
    if not role:
        target.say("AccessLogs stays off: API Gateway has no CloudWatch role here (docs/operating.md)")
        return []
    target.say("AccessLogs=on")
    return ["AccessLogs=on"]
