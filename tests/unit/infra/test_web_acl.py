"""The web ACL of the API, by the parameters of the stack."""

from typing import Any

import pytest

from tests.support.template import Resources, of_type


def holds(condition: Any, conditions: dict[str, Any], values: dict[str, Any]) -> bool:
    """Returns whether a condition of the template holds with these parameters."""
    [(function, arguments)] = condition.items()
    if function == "Condition":
        return holds(conditions[arguments], conditions, values)
    if function == "Fn::Equals":
        one, other = (values[side["Ref"]] if isinstance(side, dict) else side for side in arguments)
        return bool(one == other)
    found = [holds(one, conditions, values) for one in arguments]
    return {"Fn::Not": not found[0], "Fn::And": all(found), "Fn::Or": any(found)}[function]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"HasRateRules", "HasWebAcl"}),
        ({"RateRules": "off"}, set()),
        ({"WebAclArn": "arn:aws:wafv2:…"}, {"HasWebAcl"}),
        ({"WebAclArn": "arn:aws:wafv2:…", "RateRules": "off"}, {"HasWebAcl"}),
        ({"ProxyDigest": "0" * 64}, set()),  # a rule by address would block the proxy
        ({"Stage": "local"}, set()),
    ],
)
def test_web_acl_follows_the_parameters(
    prod: dict[str, Any], given: dict[str, str], expected: set[str]
) -> None:
    values = {name: parameter["Default"] for name, parameter in prod["Parameters"].items()} | given
    conditions = prod["Conditions"]
    names = ("HasRateRules", "HasWebAcl")
    assert {name for name in names if holds({"Condition": name}, conditions, values)} == expected


def test_rate_rules_count_requests_and_passwords_by_address(resources: Resources) -> None:
    (acl,) = of_type(resources, "AWS::WAFv2::WebACL").values()
    assert acl["DefaultAction"] == {"Allow": {}}
    limits = {}
    for rule in acl["Rules"]:
        assert rule["Action"] == {"Block": {}}
        statement = rule["Statement"]["RateBasedStatement"]
        assert (statement["AggregateKeyType"], statement["EvaluationWindowSec"]) == ("IP", 300)
        limits[rule["Name"]] = (statement["Limit"], statement.get("ScopeDownStatement", {}).keys())
    assert limits == {
        "requests": ({"Ref": "RequestRate"}, set()),
        "passwords": ({"Ref": "LoginRate"}, {"ByteMatchStatement"}),
    }


def test_web_acl_is_of_the_api_stage(resources: Resources) -> None:
    (link,) = (r for r in resources.values() if r["Type"] == "AWS::WAFv2::WebACLAssociation")
    assert resources[link["DependsOn"]]["Type"] == "AWS::ApiGateway::Stage"
    assert link["Properties"]["ResourceArn"]["Fn::Sub"].endswith("::/restapis/${RestAPI}/stages/api")
    own, theirs = link["Properties"]["WebACLArn"]["Fn::If"][1:]
    assert (own, theirs) == ({"Ref": "WebAclArn"}, {"Fn::GetAtt": ["RateAcl", "Arn"]})
