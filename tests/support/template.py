"""Reading the packaged template in tests."""

from typing import Any

Resources = dict[str, dict[str, Any]]

FUNCTIONS = {"APIHandler", "Authorize", "StartImport", "Split", "Load", "Export", "SettleDeadLetters"}


def of_type(resources: Resources, kind: str) -> Resources:
    """Return the properties of the resources of a type, by name."""
    return {name: r["Properties"] for name, r in resources.items() if r["Type"] == kind}


def statements(resources: Resources, function: str) -> list[dict[str, Any]]:
    """Return the policy statements of a function's role."""
    role = resources[function]["Properties"]["Role"]["Fn::GetAtt"][0]
    (policy,) = resources[role]["Properties"]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found
