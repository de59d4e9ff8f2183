"""The forms in which the template is linted."""

import json
from typing import Any

from infra.forms import conditions, forms, parameters, resolved


def test_linters_see_both_sides_of_each_condition(prod: dict[str, Any]) -> None:
    held = [conditions(prod, values) for values in forms(prod).values()]
    assert held[0].keys() >= {"HasKey", "HasDomain", "HasTracing", "HasAccessLogs", "HasDashboard"}
    assert {name for name in held[0] if len({one[name] for one in held}) == 1} == {"IsLocal"}


def test_form_has_no_condition_left(prod: dict[str, Any]) -> None:
    for values in forms(prod).values():
        text = json.dumps(resolved(prod, values))
        assert "Fn::If" not in text
        assert "AWS::NoValue" not in text


def test_key_is_used_where_one_is_given(prod: dict[str, Any]) -> None:
    off, on = (resolved(prod, parameters(prod, on=on))["Resources"] for on in (False, True))
    key = {"Ref": "KeyArn"}
    assert on["Table"]["Properties"]["SSESpecification"]["KMSMasterKeyId"] == key
    (rule,) = on["Bucket"]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == key
    for name, resource in on.items():
        if resource["Type"] in ("AWS::SQS::Queue", "AWS::SNS::Topic"):
            assert resource["Properties"]["KmsMasterKeyId"] == key, name
            assert "SqsManagedSseEnabled" not in resource["Properties"], name
        if resource["Type"] == "AWS::Logs::LogGroup":
            assert resource["Properties"]["KmsKeyId"] == key, name
    used = ("KMSMasterKeyId", "KmsMasterKeyId", "KmsKeyId", "KMSMasterKeyID")
    assert not [
        name
        for name, resource in off.items()
        if any(one in resource.get("Properties", {}) for one in used) and name != "NoticeTopic"
    ]


def test_each_role_may_use_the_key_through_services(prod: dict[str, Any]) -> None:
    roles = {
        name
        for name, resource in prod["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role" and name != "BackupRole"
    }
    policy = prod["Resources"]["KeyAccess"]["Properties"]
    assert {one["Ref"] for one in policy["Roles"]} == roles
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert statement["Resource"] == {"Ref": "KeyArn"}
    services = [
        one["Fn::Sub"].split(".")[0] for one in statement["Condition"]["StringEquals"]["kms:ViaService"]
    ]
    assert services == ["dynamodb", "s3", "sns", "sqs"]


def test_own_domain_replaces_the_address_of_the_gateway(prod: dict[str, Any]) -> None:
    off, on = (resolved(prod, parameters(prod, on=on)) for on in (False, True))
    assert off["Outputs"]["ApiUrl"]["Value"]["Fn::Sub"].endswith("${AWS::URLSuffix}/api")
    assert on["Outputs"]["ApiUrl"]["Value"] == {"Fn::Sub": "https://${DomainName}/${BasePath}"}
    assert "DomainTarget" not in off["Outputs"]
    mapping = on["Resources"]["DomainPath"]["Properties"]
    assert (mapping["BasePath"], mapping["Stage"]) == ({"Ref": "BasePath"}, "api")
    for form, is_off in ((off, False), (on, True)):
        api = form["Resources"]["RestAPI"]["Properties"]
        assert api["SecurityPolicy"] == {"Ref": "TlsPolicy"}
        endpoint = api["Body"]["x-amazon-apigateway-endpoint-configuration"]
        assert endpoint["disableExecuteApiEndpoint"] is is_off
        stage = form["Resources"]["RestAPIapiStage"]["Properties"]
        assert stage["Variables"] == {  # whose change puts both into effect
            "tls_policy": {"Ref": "TlsPolicy"},
            "default_endpoint": "off" if is_off else "on",
        }
    policies = prod["Parameters"]["TlsPolicy"]["AllowedValues"]
    assert {policy.split("_1_")[1][0] for policy in policies} == {"2", "3"}  # TLS 1.2 or 1.3 at least
