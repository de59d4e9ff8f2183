"""What the packaged template promises, read from it as SAM and as the CloudFormation AWS makes of it."""

import json
import platform
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from chalicelib.config import Settings
from infra.lint import transformed
from infra.package import LOCAL, PROJECT, package, table_definition

Resources = dict[str, dict[str, Any]]

FUNCTIONS = {"APIHandler", "Authorize", "Split", "Load", "SettleDeadLetters"}
RETRY_AFTER = {429, 503}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("package")


@pytest.fixture(scope="module")
def sam(folder: Path) -> Path:
    return package("prod", folder / "prod", layer=False)


@pytest.fixture(scope="module")
def prod(sam: Path) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        return transformed(sam)


@pytest.fixture(scope="module")
def resources(prod: dict[str, Any]) -> Resources:
    found: Resources = prod["Resources"]
    return found


@pytest.fixture(scope="module")
def local(folder: Path) -> dict[str, Any]:
    template: dict[str, Any] = json.loads(package(LOCAL, folder / "local").read_text())
    return template


def of_type(resources: Resources, kind: str) -> Resources:
    return {name: r["Properties"] for name, r in resources.items() if r["Type"] == kind}


def statements(resources: Resources, function: str) -> list[dict[str, Any]]:
    role = resources[function]["Properties"]["Role"]["Fn::GetAtt"][0]
    (policy,) = resources[role]["Properties"]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


# ---- One stack -------------------------------------------------------------------------------------------------


def test_it_is_one_stack(resources: Resources) -> None:
    assert not of_type(resources, "AWS::CloudFormation::Stack")
    assert set(of_type(resources, "AWS::Lambda::Function")) == FUNCTIONS


def test_members_and_rosters_outlive_a_stack_on_aws(resources: Resources, prod: dict[str, Any]) -> None:
    for name in ("Table", "Bucket", "BucketPolicy"):
        assert resources[name]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resources[name]["UpdateReplacePolicy"] == "Retain"
    assert resources["Table"]["Properties"]["DeletionProtectionEnabled"] == {
        "Fn::If": ["IsLocal", False, True]
    }
    assert prod["Parameters"]["Stage"]["Default"] == "prod"


def test_the_local_stack_deletes_clean(local: dict[str, Any]) -> None:
    assert local["Parameters"]["Stage"]["Default"] == LOCAL
    kept = {name for name, r in local["Resources"].items() if r.get("DeletionPolicy", "Delete") != "Delete"}
    assert not kept


def test_a_layer_goes_when_its_stack_goes(resources: Resources) -> None:
    (layer,) = (r for r in resources.values() if r["Type"] == "AWS::Lambda::LayerVersion")
    assert layer["DeletionPolicy"] == "Delete"


def test_it_names_what_a_user_looks_for(prod: dict[str, Any]) -> None:
    assert {"ApiUrl", "TableName", "BucketName", "LoadQueueUrl"} <= set(prod["Outputs"])


# ---- The table and the bucket ----------------------------------------------------------------------------------


def test_the_table_is_on_demand_backed_up_encrypted_and_forgets_what_expires(resources: Resources) -> None:
    table = resources["Table"]["Properties"]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table["SSESpecification"]["SSEEnabled"] is True
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_the_tests_use_the_table_of_the_template(resources: Resources) -> None:
    table = resources["Table"]["Properties"]
    assert table_definition() == {name: table[name] for name in table_definition()}


def test_the_bucket_is_private_versioned_and_encrypted(resources: Resources) -> None:
    bucket = resources["Bucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["VersioningConfiguration"]["Status"] == "Enabled"
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]


def test_the_bucket_speaks_tls_only(resources: Resources) -> None:
    (statement,) = resources["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Principal"]) == ("Deny", "s3:*", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2  # the bucket and what is in it


def test_everything_in_the_bucket_ends_some_day(resources: Resources) -> None:
    rules = resources["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    days = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}
    assert days == {"chunks/": 7, "drops/": 400, "imports/": 400}
    assert any("NoncurrentVersionExpiration" in rule for rule in rules)
    assert any("AbortIncompleteMultipartUpload" in rule for rule in rules)


def test_a_drop_starts_split_and_nothing_else_in_the_bucket_does(resources: Resources) -> None:
    bucket = resources["Bucket"]
    (notification,) = bucket["Properties"]["NotificationConfiguration"]["LambdaConfigurations"]
    assert notification["Event"] == "s3:ObjectCreated:*"
    assert notification["Function"] == {"Fn::GetAtt": ["Split", "Arn"]}
    assert notification["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "drops/"}]
    permission = resources[bucket["DependsOn"]]["Properties"]
    assert permission["FunctionName"] == {"Ref": "Split"}
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert permission["SourceArn"]["Fn::Sub"].endswith(bucket["Properties"]["BucketName"]["Fn::Sub"])


# ---- The functions and their queues ----------------------------------------------------------------------------


@pytest.mark.parametrize(("function", "queue"), [("Load", "LoadQueue"), ("SettleDeadLetters", "DeadQueue")])
def test_a_queue_hides_a_message_for_six_times_what_its_function_may_take(
    resources: Resources, function: str, queue: str
) -> None:
    visible_again = resources[queue]["Properties"]["VisibilityTimeout"]
    assert visible_again >= 6 * resources[function]["Properties"]["Timeout"]


@pytest.mark.parametrize(("function", "queue"), [("Load", "LoadQueue"), ("SettleDeadLetters", "DeadQueue")])
def test_messages_come_one_by_one(resources: Resources, function: str, queue: str) -> None:
    """Load reports its failures, and Lambda keeps its pace. Failures of settle_dead_letters are counted as errors."""
    (source,) = (
        properties
        for properties in of_type(resources, "AWS::Lambda::EventSourceMapping").values()
        if properties["FunctionName"] == {"Ref": function}
    )
    assert source["EventSourceArn"] == {"Fn::Sub": f"${{{queue}.Arn}}"}
    assert source["BatchSize"] == 1
    reports = ["ReportBatchItemFailures"] if function == "Load" else None
    assert source.get("FunctionResponseTypes") == reports


def test_a_load_leaves_room_for_the_api(resources: Resources, prod: dict[str, Any]) -> None:
    sources = of_type(resources, "AWS::Lambda::EventSourceMapping").values()
    (load,) = (source for source in sources if source["FunctionName"] == {"Ref": "Load"})
    assert load["ScalingConfig"]["MaximumConcurrency"] == {"Ref": "LoadConcurrency"}
    assert prod["Parameters"]["LoadConcurrency"]["Default"] == 10


@pytest.mark.parametrize("function", ["Load", "SettleDeadLetters"])
def test_an_import_of_many_steps_is_no_runaway_loop(resources: Resources, function: str) -> None:
    """A step sends the next to the queue that starts it; Lambda would stop the chain after about 16 of them."""
    assert resources[function]["Properties"]["RecursiveLoop"] == "Allow"


def test_whatever_is_given_up_on_reaches_the_dead_queue(resources: Resources) -> None:
    dead = {"Fn::GetAtt": ["DeadQueue", "Arn"]}
    redrive = resources["LoadQueue"]["Properties"]["RedrivePolicy"]
    assert redrive == {"deadLetterTargetArn": dead, "maxReceiveCount": 10}
    assert resources["DeadQueue"]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600
    (config,) = of_type(resources, "AWS::Lambda::EventInvokeConfig").values()
    assert config["FunctionName"] == {"Ref": "Split"}
    assert config["MaximumRetryAttempts"] == 2
    assert config["DestinationConfig"]["OnFailure"]["Destination"] == dead


def test_queues_are_encrypted(resources: Resources) -> None:
    for queue in of_type(resources, "AWS::SQS::Queue").values():
        assert queue["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_has_every_setting_there_is(resources: Resources, function: str) -> None:
    given = resources[function]["Properties"]["Environment"]["Variables"]
    assert {name.upper() for name in Settings.model_fields} <= set(given)


def test_every_parameter_is_documented_with_its_default(prod: dict[str, Any]) -> None:
    text = (PROJECT / "docs" / "operating.md").read_text()
    for name, parameter in prod["Parameters"].items():
        default = f"`{parameter['Default']}`" if parameter["Default"] != "" else ""
        assert name == "Stage" or f"| `{name}` | {default}".rstrip() in text, name


def test_a_parameter_that_is_a_setting_has_the_same_default_and_bounds(prod: dict[str, Any]) -> None:
    for name, field in Settings.model_fields.items():
        parameter = prod["Parameters"].get(name.title().replace("_", ""))
        if field.is_required() or not parameter:
            continue
        assert parameter["Default"] == field.default, name
        bounds = {type(bound).__name__: bound for bound in field.metadata}
        for word, bound in (("MinValue", "Ge"), ("MaxValue", "Le")):
            assert parameter.get(word) == getattr(bounds.get(bound), bound.lower(), None), name


def test_every_function_keeps_its_log_for_a_while_and_not_for_ever(resources: Resources) -> None:
    logs = of_type(resources, "AWS::Logs::LogGroup").values()
    names = {log["LogGroupName"]["Fn::Sub"] for log in logs if "LogGroupName" in log}
    assert names == {f"/aws/lambda/${{{function}}}" for function in FUNCTIONS}
    assert all(log["RetentionInDays"] for log in logs)


# ---- Least privilege -------------------------------------------------------------------------------------------


def test_every_function_has_a_role_of_its_own(resources: Resources) -> None:
    roles = [resources[function]["Properties"]["Role"]["Fn::GetAtt"][0] for function in FUNCTIONS]
    assert len(set(roles)) == len(FUNCTIONS)


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_no_action_is_a_wildcard_and_no_resource_lies_outside_the_stack(
    resources: Resources, function: str
) -> None:
    for statement in statements(resources, function):
        assert not [action for action in statement["Action"] if "*" in action], statement["Sid"]
        named = statement["Resource"]
        for resource in named if isinstance(named, list) else [named]:
            arn = resource.get("Fn::Sub", "")
            ours = "rollcall-${Stage}-" in arn or "${AWS::StackName}" in arn or "${Table.Arn}" in arn
            assert ours or resource["Fn::GetAtt"][0] in resources, statement["Sid"]


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_writes_to_its_own_log_only(resources: Resources, function: str) -> None:
    (logs,) = (s for s in statements(resources, function) if s["Sid"] == "WriteItsOwnLogs")
    assert logs["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert logs["Resource"]["Fn::Sub"].endswith(f":log-group:/aws/lambda/${{AWS::StackName}}-{function}-*:*")


def test_only_those_who_call_a_service_may(resources: Resources) -> None:
    def services(function: str) -> set[str]:
        return {action.split(":")[0] for s in statements(resources, function) for action in s["Action"]}

    assert services("APIHandler") == {"dynamodb", "s3", "sns", "logs"}
    assert services("Authorize") == {"dynamodb", "logs"}
    assert (
        services("Split")
        == services("Load")
        == services("SettleDeadLetters")
        == {"dynamodb", "s3", "sqs", "sns", "logs"}
    )
    deletes = {f for f in FUNCTIONS for s in statements(resources, f) if "s3:DeleteObject" in s["Action"]}
    assert not deletes


def test_what_reads_files_of_others_touches_no_user_and_no_token(resources: Resources) -> None:
    for function in ("Split", "Load", "SettleDeadLetters"):
        for statement in statements(resources, function):
            if statement["Resource"] == {"Fn::GetAtt": ["Table", "Arn"]}:
                keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
                assert set(keys) <= {"CLIENT#*", "PHONE#*", "DRY_RUN#*", "IMPORTS", "IMPORT#*"}, statement[
                    "Sid"
                ]


def test_there_is_no_secret_in_the_template(prod: dict[str, Any], resources: Resources) -> None:
    text = json.dumps(prod)
    assert not re.search(r'AKIA[0-9A-Z]{16}|-----BEGIN|(?i:password|secret)\w*"\s*:', text)
    for function in FUNCTIONS:
        for name in resources[function]["Properties"]["Environment"]["Variables"]:
            assert not re.search(r"KEY|TOKEN|SECRET|PASSWORD", name)


# ---- The API ---------------------------------------------------------------------------------------------------


def gateway_responses(resources: Resources) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = resources["RestAPI"]["Properties"]["Body"][
        "x-amazon-apigateway-gateway-responses"
    ]
    return found


def test_the_api_is_regional(resources: Resources) -> None:
    endpoint = resources["RestAPI"]["Properties"]["EndpointConfiguration"]
    assert endpoint == {"Types": ["REGIONAL"]}


def test_an_answer_of_the_authorizer_is_kept_by_credentials_and_address(
    resources: Resources,
) -> None:
    (scheme,) = resources["RestAPI"]["Properties"]["Body"]["securityDefinitions"].values()
    authorizer = scheme["x-amazon-apigateway-authorizer"]
    # By the address too: who guesses elsewhere must not be answered with what is remembered of the right password.
    assert authorizer["identitySource"] == "method.request.header.Authorization, context.identity.sourceIp"
    assert authorizer["type"] == "request"
    assert authorizer["authorizerResultTtlInSeconds"] == 60


def test_the_api_has_one_stage_and_it_is_throttled(resources: Resources) -> None:
    (stage,) = of_type(resources, "AWS::ApiGateway::Stage").values()
    (setting,) = stage["MethodSettings"]
    assert (setting["HttpMethod"], setting["ResourcePath"]) == ("*", "/*")
    assert 0 < setting["ThrottlingBurstLimit"] <= setting["ThrottlingRateLimit"] < 10_000


def test_every_answer_the_gateway_can_make_is_ours(resources: Resources) -> None:
    model = botocore.session.get_session().get_service_model("apigateway")
    known = set(model.shape_for("GatewayResponseType").metadata["enum"])
    assert set(gateway_responses(resources)) == known


def test_every_answer_of_the_gateway_is_a_problem(resources: Resources) -> None:
    for kind, response in gateway_responses(resources).items():
        headers = response["responseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'", kind
        problem = json.loads(response["responseTemplates"]["application/json"])
        assert set(problem) == {"type", "title", "status", "detail", "code", "request_id"}, kind
        assert problem["type"] == "about:blank"
        assert problem["status"] == int(response["statusCode"]), kind
        assert problem["request_id"] == "$context.requestId"
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", problem["code"])
        assert ("gatewayresponse.header.Retry-After" in headers) == (problem["status"] in RETRY_AFTER), kind
        assert ("gatewayresponse.header.WWW-Authenticate" in headers) == (problem["status"] == 401), kind


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("MISSING_AUTHENTICATION_TOKEN", 404, "not_found"),  # what it says of a route it does not know
        ("INVALID_SIGNATURE", 404, "not_found"),  # and to callers who send an Authorization header there
        ("EXPIRED_TOKEN", 404, "not_found"),
        ("DEFAULT_4XX", 404, "not_found"),
        ("UNAUTHORIZED", 401, "unauthorized"),
        ("ACCESS_DENIED", 401, "unauthorized"),  # by the authorizer, which denies whom it does not know
        ("WAF_FILTERED", 403, "forbidden"),
        ("AUTHORIZER_CONFIGURATION_ERROR", 503, "service_unavailable"),  # the authorizer failed
        ("REQUEST_TOO_LARGE", 413, "payload_too_large"),
        ("UNSUPPORTED_MEDIA_TYPE", 415, "unsupported_media_type"),
        ("THROTTLED", 429, "too_many_requests"),
        ("INTEGRATION_TIMEOUT", 504, "gateway_timeout"),
        ("DEFAULT_5XX", 500, "internal_error"),
    ],
)
def test_the_gateway_says_what_happened(resources: Resources, kind: str, status: int, code: str) -> None:
    response = gateway_responses(resources)[kind]
    assert int(response["statusCode"]) == status
    assert json.loads(response["responseTemplates"]["application/json"])["code"] == code


def test_the_api_has_head_wherever_it_has_get(resources: Resources) -> None:
    """For the same callers, and where both are answered 405 too: the gateway itself would answer 404."""
    for path, methods in resources["RestAPI"]["Properties"]["Body"]["paths"].items():
        assert set(methods) == {"get", "head", "post", "put", "patch", "delete"}, path
        assert methods["head"] == methods["get"], path


def test_no_route_of_the_api_takes_aws_signatures(resources: Resources) -> None:
    """So the gateway's complaint about one always means an unknown path."""
    assert set(resources["RestAPI"]["Properties"]["Body"]["securityDefinitions"]) == {"authorize"}


def test_the_access_log_holds_no_path_query_or_address(resources: Resources) -> None:
    (stage,) = of_type(resources, "AWS::ApiGateway::Stage").values()
    condition, setting, _ = stage["AccessLogSetting"]["Fn::If"]
    assert condition == "HasAccessLogs"
    variables = set(re.findall(r"\$context\.([A-Za-z.]+)", setting["Format"]))
    assert variables == {
        *("requestId", "requestTime", "httpMethod", "resourcePath", "status"),
        *("responseLength", "responseLatency", "error.responseType"),
    }


# ---- What an operator sees -------------------------------------------------------------------------------------


def test_two_stages_in_one_account_count_for_themselves(resources: Resources) -> None:
    for function in FUNCTIONS:
        service = resources[function]["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        assert service == {"Fn::Sub": "rollcall-${Stage}"}


def test_an_operator_hears_of_all_that_stops_the_work(resources: Resources) -> None:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm").values()
    watched = {(a["MetricName"], json.dumps(a["Dimensions"][0]["Value"])) for a in alarms}
    errors = {("Errors", json.dumps({"Ref": function})) for function in FUNCTIONS}
    dead = json.dumps({"Fn::GetAtt": ["DeadQueue", "QueueName"]})
    load = json.dumps({"Fn::GetAtt": ["LoadQueue", "QueueName"]})
    table = json.dumps({"Ref": "Table"})
    age = "ApproximateAgeOfOldestMessage"
    assert watched >= errors | {("NumberOfMessagesReceived", dead), (age, dead), (age, load)}
    assert watched >= {
        ("5XXError", json.dumps({"Fn::Sub": "rollcall-${Stage}"})),
        ("WriteThrottleEvents", table),
    }
    assert all(alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}] for alarm in alarms)


# ---- The code that is deployed ---------------------------------------------------------------------------------


def test_the_same_code_makes_the_same_package(sam: Path, folder: Path) -> None:
    again = package("prod", folder / "again", layer=False)
    assert again.read_text() == sam.read_text()
    assert again.with_name("code.zip").read_bytes() == sam.with_name("code.zip").read_bytes()


def test_the_package_holds_source_only(sam: Path) -> None:
    with zipfile.ZipFile(sam.with_name("code.zip")) as code:
        names = code.namelist()
    assert {"app.py", "chalicelib/api/members.py", "chalicelib/console/app.js", "chalice/app.py"} <= set(
        names
    )
    assert {name.split("/")[0] for name in names} == {"app.py", "chalice", "chalicelib"}
    assert not [name for name in names if "__pycache__" in name]


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="the layer holds wheels for Lambda's Linux",
)
def test_the_app_runs_on_what_its_layer_holds(folder: Path) -> None:
    """An import that only the developer's own environment can satisfy would fail on the first call on AWS."""
    built = package("prod", folder / "layer")
    opened = folder / "opened"
    for name in ("layer.zip", "code.zip"):
        with zipfile.ZipFile(built.with_name(name)) as file:
            file.extractall(opened)
    (libraries,) = (opened / "python" / "lib").glob("*/site-packages")
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    pinned = {tuple(line.split("==")) for line in lines if line and not line.startswith("#")}
    held = {path.name.removesuffix(".dist-info") for path in libraries.glob("*.dist-info")}
    assert held == {f"{name.replace('-', '_')}-{version}" for name, version in pinned}
    size = sum(file.stat().st_size for file in opened.rglob("*"))
    assert size < 200_000_000  # Lambda unpacks up to 250 MB
    program = (
        f"import sys; sys.path[:0] = {[str(opened), str(libraries)]!r}; import app; print(app.app.app_name)"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], env={}, capture_output=True, text=True, check=False
    )
    assert (ran.stdout, ran.stderr) == ("rollcall\n", "")
