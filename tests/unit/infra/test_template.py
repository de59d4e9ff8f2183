"""The stack's table, bucket, functions and queues, read from the packaged template."""

import copy
from typing import Any

import pytest

from infra.package import table_definition
from infra.project import LOCAL
from tests.support.template import FUNCTIONS, Resources, of_type

NO_VALUE = {"Ref": "AWS::NoValue"}
QUEUES = {
    "Split": "SplitQueue",
    "Load": "LoadQueue",
    "Export": "ExportQueue",
    "SettleDeadLetters": "DeadQueue",
}  # of each function


def test_deployment_is_one_stack(resources: Resources) -> None:
    assert not of_type(resources, "AWS::CloudFormation::Stack")
    assert set(of_type(resources, "AWS::Lambda::Function")) == FUNCTIONS


def test_table_and_bucket_are_retained_on_aws(resources: Resources, prod: dict[str, Any]) -> None:
    for name in ("Table", "Bucket", "BucketPolicy"):
        assert resources[name]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resources[name]["UpdateReplacePolicy"] == "Retain"
    assert resources["Table"]["Properties"]["DeletionProtectionEnabled"] == {
        "Fn::If": ["IsLocal", False, True]
    }
    assert prod["Parameters"]["Stage"]["Default"] == "prod"


def test_deleting_the_local_stack_deletes_everything(local: dict[str, Any]) -> None:
    assert local["Parameters"]["Stage"]["Default"] == LOCAL
    retained = {
        name for name, r in local["Resources"].items() if r.get("DeletionPolicy", "Delete") != "Delete"
    }
    assert not retained


def test_layer_is_deleted_with_its_stack(resources: Resources) -> None:
    (layer,) = (r for r in resources.values() if r["Type"] == "AWS::Lambda::LayerVersion")
    assert layer["DeletionPolicy"] == "Delete"


def test_outputs_name_api_table_bucket_and_queues(prod: dict[str, Any]) -> None:
    assert {"ApiUrl", "TableName", "BucketName", "SplitQueueUrl", "LoadQueueUrl", "ExportQueueUrl"} <= set(
        prod["Outputs"]
    )


def test_table_is_on_demand_backed_up_encrypted_and_expires_items(resources: Resources) -> None:
    table = resources["Table"]["Properties"]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    _, with_key, without = table["SSESpecification"]["Fn::If"]
    assert with_key["SSEEnabled"] is without["SSEEnabled"] is True
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_test_tables_match_the_template(resources: Resources) -> None:
    table = copy.deepcopy(resources["Table"]["Properties"])
    for index in table["GlobalSecondaryIndexes"]:
        del index["WarmThroughput"]
    assert table_definition() == {name: table[name] for name in table_definition()}


def test_table_and_index_start_as_warm_as_asked(resources: Resources, prod: dict[str, Any]) -> None:
    """DynamoDB's own value, unless the parameter sets another."""
    warm = {"Fn::If": ["HasWarmWriteUnits", {"WriteUnitsPerSecond": {"Ref": "WarmWriteUnits"}}, NO_VALUE]}
    table = resources["Table"]["Properties"]
    assert (
        [table["WarmThroughput"]] == [i["WarmThroughput"] for i in table["GlobalSecondaryIndexes"]] == [warm]
    )
    unset = {"Fn::Not": [{"Fn::Equals": [{"Ref": "WarmWriteUnits"}, "0"]}]}
    assert prod["Conditions"]["HasWarmWriteUnits"] == unset
    assert prod["Parameters"]["WarmWriteUnits"]["Default"] == 0


def test_bucket_is_private_versioned_and_encrypted(resources: Resources) -> None:
    bucket = resources["Bucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["VersioningConfiguration"]["Status"] == "Enabled"
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]


def test_bucket_denies_requests_without_tls(resources: Resources) -> None:
    (statement,) = resources["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Principal"]) == ("Deny", "s3:*", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2  # the bucket and its objects


def test_rosters_expire_by_their_tag(resources: Resources, prod: dict[str, Any]) -> None:
    """Profiles of senders are beside them, and stay."""
    rules = resources["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert [rule["Prefix"] for rule in rules if "TagFilters" in rule] == ["drops/"]
    assert prod["Parameters"]["RosterDays"]["Default"] == 90
    assert prod["Parameters"]["ResultDays"]["Default"] == 400


def test_every_object_in_the_bucket_expires(resources: Resources) -> None:
    rules = resources["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    days = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}
    assert days == {
        "chunks/": 30,
        "drops/": {"Ref": "RosterDays"},
        "imports/": {"Ref": "ResultDays"},
        "exports/": {"Ref": "ResultDays"},
    }
    assert any("NoncurrentVersionExpiration" in rule for rule in rules)
    assert any("AbortIncompleteMultipartUpload" in rule for rule in rules)


def test_only_objects_under_drops_start_imports(resources: Resources) -> None:
    bucket = resources["Bucket"]
    (notification,) = bucket["Properties"]["NotificationConfiguration"]["LambdaConfigurations"]
    assert notification["Event"] == "s3:ObjectCreated:*"
    assert notification["Function"] == {"Fn::GetAtt": ["StartImport", "Arn"]}
    assert notification["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "drops/"}]
    permission = resources[bucket["DependsOn"]]["Properties"]
    assert permission["FunctionName"] == {"Ref": "StartImport"}
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert permission["SourceArn"]["Fn::Sub"].endswith(bucket["Properties"]["BucketName"]["Fn::Sub"])


@pytest.mark.parametrize(("function", "queue"), QUEUES.items())
def test_visibility_timeout_is_six_times_the_function_timeout(
    resources: Resources, function: str, queue: str
) -> None:
    seconds = resources[queue]["Properties"]["VisibilityTimeout"]
    assert seconds >= 6 * resources[function]["Properties"]["Timeout"]


@pytest.mark.parametrize(("function", "queue"), QUEUES.items())
def test_each_call_gets_one_message(resources: Resources, function: str, queue: str) -> None:
    """The functions split and load report failed messages; settle_dead_letters fails, and an alarm counts that."""
    (source,) = (
        properties
        for properties in of_type(resources, "AWS::Lambda::EventSourceMapping").values()
        if properties["FunctionName"] == {"Ref": function}
    )
    assert source["EventSourceArn"] == {"Fn::Sub": f"${{{queue}.Arn}}"}
    assert source["BatchSize"] == 1
    reports = None if function == "SettleDeadLetters" else ["ReportBatchItemFailures"]
    assert source.get("FunctionResponseTypes") == reports


@pytest.mark.parametrize(("function", "default"), [("Split", 5), ("Load", 10), ("Export", 2)])
def test_splits_loads_and_exports_have_a_limit_each(
    resources: Resources, prod: dict[str, Any], function: str, default: int
) -> None:
    sources = of_type(resources, "AWS::Lambda::EventSourceMapping").values()
    (found,) = (source for source in sources if source["FunctionName"] == {"Ref": function})
    assert found["ScalingConfig"]["MaximumConcurrency"] == {"Ref": f"{function}Concurrency"}
    assert prod["Parameters"][f"{function}Concurrency"]["Default"] == default


def test_dead_letters_take_little_of_the_concurrency(resources: Resources) -> None:
    sources = of_type(resources, "AWS::Lambda::EventSourceMapping").values()
    (found,) = (source for source in sources if source["FunctionName"] == {"Ref": "SettleDeadLetters"})
    assert found["ScalingConfig"] == {"MaximumConcurrency": 2}


@pytest.mark.parametrize(("function", "default"), [("Split", 5), ("Load", 10), ("Export", 2)])
def test_local_stage_has_the_default_limits(local: dict[str, Any], function: str, default: int) -> None:
    """MiniStack takes numbers only."""
    (source,) = local["Resources"][function]["Properties"]["Events"].values()
    assert source["Properties"]["ScalingConfig"] == {"MaximumConcurrency": default}


@pytest.mark.parametrize("function", ["Load", "Export", "SettleDeadLetters"])
def test_recursive_loop_detection_is_off(resources: Resources, function: str) -> None:
    """Each step sends the next one to the same queue; Lambda would stop that chain after about 16 calls."""
    assert resources[function]["Properties"]["RecursiveLoop"] == "Allow"


def test_failed_steps_and_events_reach_the_dead_letter_queue(resources: Resources) -> None:
    dead = {"Fn::GetAtt": ["DeadQueue", "Arn"]}
    for queue in ("SplitQueue", "LoadQueue", "ExportQueue"):
        redrive = resources[queue]["Properties"]["RedrivePolicy"]
        assert redrive == {"deadLetterTargetArn": dead, "maxReceiveCount": 10}
    assert resources["DeadQueue"]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600
    (config,) = of_type(resources, "AWS::Lambda::EventInvokeConfig").values()
    assert config["FunctionName"] == {"Ref": "StartImport"}
    assert config["MaximumRetryAttempts"] == 2
    assert config["DestinationConfig"]["OnFailure"]["Destination"] == dead


def test_queues_are_encrypted(resources: Resources) -> None:
    for queue in of_type(resources, "AWS::SQS::Queue").values():
        assert queue["SqsManagedSseEnabled"] == {"Fn::If": ["HasKey", NO_VALUE, True]}
        assert queue["KmsMasterKeyId"] == {"Fn::If": ["HasKey", {"Ref": "KeyArn"}, NO_VALUE]}


def test_each_function_log_expires(resources: Resources) -> None:
    logs = of_type(resources, "AWS::Logs::LogGroup").values()
    names = {log["LogGroupName"]["Fn::Sub"] for log in logs if "LogGroupName" in log}
    assert names == {f"/aws/lambda/${{{function}}}" for function in FUNCTIONS}
    assert all(log["RetentionInDays"] == {"Ref": "LogDays"} for log in logs)
    groups = [resource for resource in resources.values() if resource["Type"] == "AWS::Logs::LogGroup"]
    assert {group["DeletionPolicy"] for group in groups} == {"RetainExceptOnCreate"}
