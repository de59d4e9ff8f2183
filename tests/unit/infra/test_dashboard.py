"""The metrics of the alarms and of the dashboard are those that the services have. CloudWatch takes any name."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.template import Resources, of_type

# By namespace and dimensions: "Metrics dimensions and metrics" of API Gateway, "Viewing metrics for Lambda
# functions", "Available CloudWatch metrics for Amazon SQS", "Monitoring Amazon SNS topics using CloudWatch",
# "DynamoDB metrics and dimensions"; our own are in docs/alarms.md.
EXISTING = {
    ("AWS/ApiGateway", "ApiName"): {"Count", "4XXError", "5XXError"},
    ("AWS/Lambda",): {"ConcurrentExecutions"},
    ("AWS/Lambda", "FunctionName"): {
        *("ConcurrentExecutions", "DestinationDeliveryFailures", "Duration", "Errors", "Throttles"),
    },
    ("AWS/SQS", "QueueName"): {
        *("ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesDelayed"),
        *("ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesVisible"),
        "NumberOfMessagesReceived",
    },
    ("AWS/SNS", "TopicName"): {"NumberOfNotificationsFailed"},
    ("AWS/DynamoDB", "TableName"): {
        *("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"),
        *("ReadThrottleEvents", "WriteThrottleEvents"),
    },
    ("AWS/DynamoDB", "TableName", "GlobalSecondaryIndexName"): {
        *("ConsumedWriteCapacityUnits", "ReadThrottleEvents", "WriteThrottleEvents"),
    },
    ("Rollcall", "service"): {"api_latency", "import_idle_seconds", "import_steps", "refused_credentials"},
    ("Rollcall",): {"too_many_requests_${Stage}"},
}
Metric = tuple[tuple[str, ...], str]


def of_alarm(alarm: dict[str, Any]) -> Iterator[Metric]:
    """Yields the metrics that an alarm watches."""
    math = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", ()) if "MetricStat" in one]
    for one in math or [alarm]:
        name = one["MetricName"]
        dimensions = (dimension["Name"] for dimension in one.get("Dimensions", ()))
        yield (one["Namespace"], *dimensions), name["Fn::Sub"] if isinstance(name, dict) else name


def of_widget(rows: list[list[Any]]) -> Iterator[Metric]:
    """Yields the metrics of a widget.

    In a row "." is what stands there in the row before, and "..." as much of that row as makes both equally long
    ("Dashboard body structure and syntax").
    """
    before: list[str] = []
    for row in rows:
        texts = [text for text in row if isinstance(text, str)]
        if texts[:1] == ["..."]:
            texts = [*before[: len(before) - len(texts) + 1], *texts[1:]]
        before = [before[place] if text == "." else text for place, text in enumerate(texts)]
        if before:  # not an expression
            yield (before[0], *before[2::2]), before[1]


def unknown(metrics: Iterator[Metric]) -> list[Metric]:
    return [(place, name) for place, name in metrics if name not in EXISTING.get(place, ())]


def test_alarms_watch_metrics_that_exist(resources: Resources) -> None:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    assert {
        name: unknown(of_alarm(alarm)) for name, alarm in alarms.items() if unknown(of_alarm(alarm))
    } == {}


def test_dashboard_shows_metrics_that_exist(resources: Resources) -> None:
    (dashboard,) = of_type(resources, "AWS::CloudWatch::Dashboard").values()
    text, _ = dashboard["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(re.sub(r'(?<!")\$\{\w+\}', "1", text))["widgets"]
    found = {one["properties"]["title"]: unknown(of_widget(one["properties"]["metrics"])) for one in widgets}
    assert {title: metrics for title, metrics in found.items() if metrics} == {}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (["...", "b", {}], (("N", "D"), "M")),
        (["...", {}], (("N", "D"), "M")),
        ([".", "L", ".", "."], (("N", "D"), "L")),
        (["...", "E", "b"], (("N", "E"), "M")),  # in place of the dimension before
        ([".", ".", ".", ".", "E", "b"], (("N", "D", "E"), "M")),
    ],
)
def test_short_rows_stand_for_metrics(row: list[Any], expected: Metric) -> None:
    assert list(of_widget([["N", "M", "D", "a", {}], row]))[-1] == expected
