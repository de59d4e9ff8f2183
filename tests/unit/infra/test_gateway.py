"""The API and its gateway responses, read from the packaged template."""

import json
import re
from typing import Any

import botocore.session
import pytest

from tests.support.template import Resources, of_type

RETRY_AFTER = {429, 503}


def gateway_responses(resources: Resources) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = resources["RestAPI"]["Properties"]["Body"][
        "x-amazon-apigateway-gateway-responses"
    ]
    return found


def test_api_is_regional(resources: Resources) -> None:
    endpoint = resources["RestAPI"]["Properties"]["EndpointConfiguration"]
    assert endpoint == {"Types": ["REGIONAL"]}


def test_authorizer_results_are_cached_by_credentials_and_address(
    resources: Resources,
) -> None:
    (scheme,) = resources["RestAPI"]["Properties"]["Body"]["securityDefinitions"].values()
    authorizer = scheme["x-amazon-apigateway-authorizer"]
    # By the address too: guesses from another address must not get the cached result of the right password.
    assert authorizer["identitySource"] == "method.request.header.Authorization, context.identity.sourceIp"
    assert authorizer["type"] == "request"
    assert authorizer["authorizerResultTtlInSeconds"] == 60


def test_api_has_one_throttled_stage(resources: Resources) -> None:
    (stage,) = of_type(resources, "AWS::ApiGateway::Stage").values()
    settings = {(one["HttpMethod"], one["ResourcePath"]): one for one in stage["MethodSettings"]}
    assert set(settings) == {("*", "/*"), ("POST", "/~1sessions")}
    assert (
        0 < settings["*", "/*"]["ThrottlingBurstLimit"] <= settings["*", "/*"]["ThrottlingRateLimit"] < 10_000
    )
    assert settings["POST", "/~1sessions"]["ThrottlingRateLimit"] <= 100


def test_each_gateway_response_type_is_defined(resources: Resources) -> None:
    model = botocore.session.get_session().get_service_model("apigateway")
    known = set(model.shape_for("GatewayResponseType").metadata["enum"])
    assert set(gateway_responses(resources)) == known


def test_throttled_caller_learns_the_limit(resources: Resources) -> None:
    (stage,) = of_type(resources, "AWS::ApiGateway::Stage").values()
    limit = stage["MethodSettings"][0]["ThrottlingRateLimit"]
    headers = gateway_responses(resources)["THROTTLED"]["responseParameters"]
    assert headers["gatewayresponse.header.RateLimit-Policy"] == f"'\"requests\";q={limit};w=1'"
    assert headers["gatewayresponse.header.RateLimit"] == "'\"requests\";r=0;t=1'"


def test_each_gateway_response_is_a_problem_document(resources: Resources) -> None:
    for kind, response in gateway_responses(resources).items():
        headers = response["responseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'", kind
        assert headers["gatewayresponse.header.X-Request-Id"] == "context.requestId", kind
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
        ("MISSING_AUTHENTICATION_TOKEN", 404, "not_found"),  # unknown paths and methods
        ("INVALID_SIGNATURE", 404, "not_found"),  # with an Authorization header
        ("EXPIRED_TOKEN", 404, "not_found"),
        ("DEFAULT_4XX", 404, "not_found"),
        ("UNAUTHORIZED", 401, "unauthorized"),
        ("ACCESS_DENIED", 401, "unauthorized"),  # the authorizer denies unknown callers
        ("WAF_FILTERED", 403, "forbidden"),
        ("AUTHORIZER_CONFIGURATION_ERROR", 503, "service_unavailable"),  # the authorizer failed
        ("REQUEST_TOO_LARGE", 413, "payload_too_large"),
        ("UNSUPPORTED_MEDIA_TYPE", 415, "unsupported_media_type"),
        ("THROTTLED", 429, "too_many_requests"),
        ("INTEGRATION_TIMEOUT", 504, "gateway_timeout"),
        ("DEFAULT_5XX", 500, "internal_error"),
    ],
)
def test_gateway_response_has_status_and_code(
    resources: Resources, kind: str, status: int, code: str
) -> None:
    response = gateway_responses(resources)[kind]
    assert int(response["statusCode"]) == status
    assert json.loads(response["responseTemplates"]["application/json"])["code"] == code


def test_api_has_head_for_each_get(resources: Resources) -> None:
    """With the same authorizer. Without HEAD, the gateway would respond 404."""
    for path, methods in resources["RestAPI"]["Properties"]["Body"]["paths"].items():
        assert set(methods) == {"get", "head", "post", "put", "patch", "delete"}, path
        assert methods["head"] == methods["get"], path


def test_no_route_accepts_aws_signatures(resources: Resources) -> None:
    """So the gateway's signature errors always mean an unknown path."""
    assert set(resources["RestAPI"]["Properties"]["Body"]["securityDefinitions"]) == {"authorize"}


def test_access_log_has_no_path_query_or_address(resources: Resources) -> None:
    (stage,) = of_type(resources, "AWS::ApiGateway::Stage").values()
    condition, setting, _ = stage["AccessLogSetting"]["Fn::If"]
    assert condition == "HasAccessLogs"
    variables = set(re.findall(r"\$context\.([A-Za-z.]+)", setting["Format"]))
    assert variables == {
        *("requestId", "requestTime", "httpMethod", "resourcePath", "status"),
        *("responseLength", "responseLatency", "error.responseType"),
    }
