"""Backups, read from the packaged template."""

from typing import Any

from infra.forms import parameters, resolved


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


def test_failed_backups_and_alarms_may_publish(prod: dict[str, Any]) -> None:
    on = resolved(prod, parameters(prod, on=True))["Resources"]
    pattern = on["BackupFailures"]["Properties"]["EventPattern"]
    assert pattern["detail"]["state"] == ["FAILED", "ABORTED", "EXPIRED"]
    (target,) = on["BackupFailures"]["Properties"]["Targets"]
    assert target["Arn"] == {"Ref": "AlarmTopic"}
    statements = on["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    principals = [one["Principal"]["Service"] for one in statements]
    assert principals == ["cloudwatch.amazonaws.com", "events.amazonaws.com"]
    assert all(one["Condition"] for one in statements)
