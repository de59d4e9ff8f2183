"""Shows what an update of a stack would change, and makes it once somebody has agreed."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from infra.target import DeployError

Confirm = Callable[[Sequence[str]], bool]  # gets the changes, a line each
PREFIX = "awscli-cloudformation-package-deploy"  # of the change sets of `aws cloudformation deploy`


def ask(lines: Sequence[str]) -> bool:
    """Shows changes on the terminal, and asks. Raises DeployError without a terminal."""
    print("This changes:", *lines, sep="\n  ")
    if not sys.stdin.isatty():
        raise DeployError("Nobody can be asked without a terminal. YES=1 deploys without asking.")
    return input("Deploy? [y/N] ").strip().lower() in ("y", "yes")


def discard(cloudformation: Any, stack: str) -> None:
    """Deletes the change sets that earlier deployments have left, such as one that was interrupted while it asked."""
    while name := _pending(cloudformation, stack):
        cloudformation.delete_change_set(StackName=stack, ChangeSetName=name)


def execute(cloudformation: Any, stack: str, confirm: Confirm) -> bool:
    """Executes the last change set of a stack if `confirm` agrees; returns False if nothing changes.

    Raises DeployError if it does not: then the change set is deleted.
    """
    name = _pending(cloudformation, stack)
    if not name:
        return False
    change_set = {"StackName": stack, "ChangeSetName": name}
    if not confirm(describe(cloudformation, stack, name)):
        cloudformation.delete_change_set(**change_set)
        raise DeployError("nothing was changed, as you wished")
    cloudformation.execute_change_set(**change_set)
    cloudformation.get_waiter("stack_update_complete").wait(
        StackName=stack, WaiterConfig={"Delay": 5, "MaxAttempts": 720}
    )
    return True


def describe(cloudformation: Any, stack: str, name: str) -> list[str]:
    """Returns a line for each resource that a change set changes; replacements are marked, and come first."""
    pages = cloudformation.get_paginator("describe_change_set").paginate(StackName=stack, ChangeSetName=name)
    changes = [
        change["ResourceChange"] for page in pages for change in page["Changes"] if "ResourceChange" in change
    ]
    changes.sort(
        key=lambda one: (one.get("Replacement", "False") == "False", one["Action"], one["LogicalResourceId"])
    )
    return [_line(change) for change in changes]


def _line(change: dict[str, Any]) -> str:
    text = f"{change['Action']:<8}{change['LogicalResourceId']} ({change['ResourceType']})"
    replacement = {"True": ", REPLACED", "Conditional": ", perhaps REPLACED"}.get(
        change.get("Replacement", ""), ""
    )
    return text + replacement


def _pending(cloudformation: Any, stack: str) -> str | None:
    """Returns the name of the newest change set that can be executed."""
    found = [
        one
        for page in cloudformation.get_paginator("list_change_sets").paginate(StackName=stack)
        for one in page["Summaries"]
        if one["ChangeSetName"].startswith(PREFIX) and one["ExecutionStatus"] == "AVAILABLE"
    ]
    newest = max(found, key=lambda one: one["CreationTime"], default=None)
    return newest and str(newest["ChangeSetName"])
