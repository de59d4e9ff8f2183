"""Least privilege: what each function's role allows."""

import json
import re
from typing import Any

import pytest

from tests.support.template import FUNCTIONS, Resources, statements

IMPORT_FUNCTIONS = FUNCTIONS - {"APIHandler", "Authorize", "Export"}
KEYS_OF_IMPORTS = {
    "CLIENT#*",
    "PHONE#*",
    "HISTORY#*",
    "SYNC#*",
    "WRITE_BUDGET",
    "IMPORTS",
    "IMPORT#*",
    "EXPORTS",
    "EXPORT#*",
}


def test_each_function_has_its_own_role(resources: Resources) -> None:
    roles = [resources[function]["Properties"]["Role"]["Fn::GetAtt"][0] for function in FUNCTIONS]
    assert len(set(roles)) == len(FUNCTIONS)


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_policies_have_no_wildcards_and_no_foreign_resources(resources: Resources, function: str) -> None:
    for statement in statements(resources, function):
        assert not [action for action in statement["Action"] if "*" in action], statement["Sid"]
        named = statement["Resource"]
        for resource in named if isinstance(named, list) else [named]:
            arn = resource.get("Fn::Sub", "")
            ours = "rollcall-${Stage}-" in arn or "${AWS::StackName}" in arn or "${Table.Arn}" in arn
            assert ours or resource["Fn::GetAtt"][0] in resources, statement["Sid"]


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_each_function_writes_only_its_own_log(resources: Resources, function: str) -> None:
    (logs,) = (s for s in statements(resources, function) if s["Sid"] == "WriteItsOwnLogs")
    assert logs["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert logs["Resource"]["Fn::Sub"].endswith(f":log-group:/aws/lambda/${{AWS::StackName}}-{function}-*:*")


def test_each_function_may_use_only_the_services_it_calls(resources: Resources) -> None:
    def services(function: str) -> set[str]:
        return {action.split(":")[0] for s in statements(resources, function) for action in s["Action"]}

    assert services("APIHandler") == {"dynamodb", "s3", "sqs", "sns", "logs"}
    assert services("Authorize") == {"dynamodb", "logs"}
    assert services("Export") == {"dynamodb", "s3", "sqs", "logs"}
    for function in IMPORT_FUNCTIONS:
        assert services(function) == {"dynamodb", "s3", "sqs", "sns", "logs"}, function
    deletes = {f for f in FUNCTIONS for s in statements(resources, f) if "s3:DeleteObject" in s["Action"]}
    assert not deletes


def test_start_of_an_import_cannot_read_files(resources: Resources) -> None:
    """So it takes milliseconds, whatever the file."""
    assert not [s for s in statements(resources, "StartImport") if "s3:GetObject" in s["Action"]]


def test_import_functions_cannot_access_users_and_tokens(resources: Resources) -> None:
    for function in IMPORT_FUNCTIONS:
        for statement in statements(resources, function):
            if statement["Action"] == ["dynamodb:DescribeTable"]:
                continue  # it returns no items
            if statement["Resource"] == {"Fn::GetAtt": ["Table", "Arn"]}:
                keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
                assert set(keys) <= KEYS_OF_IMPORTS, statement["Sid"]


def test_export_changes_nothing_but_exports(resources: Resources) -> None:
    """It reads members from their index alone."""
    for statement in statements(resources, "Export"):
        if statement["Resource"] == {"Fn::GetAtt": ["Table", "Arn"]}:
            keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
            assert keys == ["EXPORTS", "EXPORT#*"]
        elif statement["Action"][0].startswith("dynamodb:"):
            assert (statement["Action"], statement["Resource"]) == (
                ["dynamodb:Query"],
                {"Fn::Sub": "${Table.Arn}/index/by_account"},
            )
        elif statement["Action"][0].startswith("s3:"):
            places = [one["Fn::Sub"].partition("/")[2] for one in statement["Resource"]]
            assert places == ["exports/*", "chunks/exports/*"]


def keys_by_action(resources: Resources, function: str, action: str) -> set[str]:
    """Returns the partition keys of the table that a function may use with an action."""
    found: set[str] = set()
    for statement in statements(resources, function):
        if action in statement["Action"] and statement["Resource"] == {"Fn::GetAtt": ["Table", "Arn"]}:
            found.update(statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"])
    return found


def test_workers_may_read_what_they_have_settled(resources: Resources) -> None:
    """Load writes and reads history too: each change has an entry, and an undo restores members from it."""
    for action in ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"):
        assert keys_by_action(resources, "Load", action) >= {"HISTORY#*", "IMPORT#*"}
    assert keys_by_action(resources, "SettleDeadLetters", "dynamodb:Query") >= {"HISTORY#*", "IMPORT#*"}
    assert keys_by_action(resources, "SettleDeadLetters", "dynamodb:BatchGetItem") >= {"CLIENT#*", "IMPORT#*"}


def test_functions_that_end_dry_runs_may_describe_the_table(resources: Resources) -> None:
    allowed = {
        function
        for function in FUNCTIONS
        for statement in statements(resources, function)
        if "dynamodb:DescribeTable" in statement["Action"]
    }
    assert allowed == {"Load", "SettleDeadLetters"}


def test_template_contains_no_secret(prod: dict[str, Any], resources: Resources) -> None:
    text = json.dumps(prod)
    assert not re.search(r'AKIA[0-9A-Z]{16}|-----BEGIN|(?i:password|secret)\w*"\s*:', text)
    for function in FUNCTIONS:
        for name in resources[function]["Properties"]["Environment"]["Variables"]:
            assert not re.search(r"KEY|TOKEN|SECRET|PASSWORD", name)
