"""Backups, read from the packaged template."""

from typing import Any

from chalice.package import YAMLTemplateSerializer

from infra.forms import parameters, resolved
from infra.lint import KEY


def test_no_backup_resource_exists_without_backup_days(prod: dict[str, Any]) -> None:
    off, on = (resolved(prod, parameters(prod, on=on))["Resources"] for on in (False, True))
    names = {
        "BackupVault",
        "BackupPlan",
        "BackupSelection",
        "BackupRole",
        "BackupFailures",
        "AlarmTopicPolicy",
    }
    assert not names & set(off)
    assert names <= set(on)


def test_backups_hold_table_and_bucket_and_are_copied(prod: dict[str, Any]) -> None:
    on = resolved(prod, parameters(prod, on=True))["Resources"]
    selected = on["BackupSelection"]["Properties"]["BackupSelection"]["Resources"]
    assert selected == [{"Fn::GetAtt": ["Table", "Arn"]}, {"Fn::GetAtt": ["Bucket", "Arn"]}]
    (rule,) = on["BackupPlan"]["Properties"]["BackupPlan"]["BackupPlanRule"]
    assert rule["Lifecycle"] == {"DeleteAfterDays": {"Ref": "BackupDays"}}
    (copy,) = rule["CopyActions"]
    assert copy["DestinationBackupVaultArn"] == {"Ref": "BackupCopyVaultArn"}
    assert on["BackupVault"]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_kept_vault_leaves_its_name_to_the_next_stack(prod: dict[str, Any]) -> None:
    text, values = prod["Resources"]["BackupVault"]["Properties"]["BackupVaultName"]["Fn::Sub"]
    assert text == "rollcall-${Stage}-${Id}"
    assert {"Ref": "AWS::StackId"} in values["Id"]["Fn::Select"][1]["Fn::Split"][1]["Fn::Select"][1][
        "Fn::Split"
    ]


def test_bucket_tells_backups_what_has_changed(prod: dict[str, Any]) -> None:
    off, on = (
        resolved(prod, parameters(prod, on=on))["Resources"]["Bucket"]["Properties"][
            "NotificationConfiguration"
        ]
        for on in (False, True)
    )
    assert "EventBridgeConfiguration" not in off
    assert on["EventBridgeConfiguration"] == {"EventBridgeEnabled": True}


def test_failed_backups_and_alarms_may_publish(prod: dict[str, Any]) -> None:
    on = resolved(prod, parameters(prod, on=True))["Resources"]
    pattern = on["BackupFailures"]["Properties"]["EventPattern"]
    assert pattern["detail"]["state"] == ["FAILED", "ABORTED", "EXPIRED", "PARTIAL"]
    (target,) = on["BackupFailures"]["Properties"]["Targets"]
    assert target["Arn"] == {"Ref": "AlarmTopic"}
    statements = on["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    alarms, events = statements
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert events["Principal"] == {"Service": "events.amazonaws.com"}
    assert "Condition" not in events  # EventBridge would meet none


def test_key_lets_alarms_and_events_send_to_encrypted_topics() -> None:
    key = YAMLTemplateSerializer().load_template(KEY.read_text(), str(KEY))
    statements = key["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"]
    conditions = {one["Principal"].get("Service"): one.get("Condition") for one in statements[2:]}
    assert conditions["cloudwatch.amazonaws.com"].keys() == {"StringEquals"}
    assert list(conditions["events.amazonaws.com"]["ArnLike"]) == ["kms:EncryptionContext:aws:sns:topicArn"]
