"""Metrics and alarms, read from the packaged template."""

import json
import re
from typing import Any

from chalicelib.imports.records.model import Counts
from infra.project import PROJECT
from tests.support.template import FUNCTIONS, Resources, of_type


def test_metrics_of_two_stages_are_separate(resources: Resources) -> None:
    for function in FUNCTIONS:
        service = resources[function]["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        assert service == {"Fn::Sub": "rollcall-${Stage}"}


def metrics_of(alarm: dict[str, Any]) -> set[tuple[str, str]]:
    """Returns (metric, its last dimension's value as JSON) of each metric that an alarm watches."""
    if "MetricName" in alarm:
        found = [alarm]
    else:
        found = [one["MetricStat"]["Metric"] for one in alarm["Metrics"] if "MetricStat" in one]
    return {
        (str(one["MetricName"]), json.dumps(one.get("Dimensions", [{"Value": ""}])[-1]["Value"]))
        for one in found
    }


def reference(name: str, attribute: str = "") -> str:
    """Returns a dimension's value that refers to a resource."""
    return json.dumps({"Fn::GetAtt": [name, attribute]} if attribute else {"Ref": name})


def test_each_kind_of_failure_has_an_alarm(resources: Resources) -> None:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm").values()
    watched = {metric for alarm in alarms for metric in metrics_of(alarm)}
    expected = {(name, reference(function)) for name in ("Errors", "Throttles") for function in FUNCTIONS}
    for queue in ("DeadQueue", "SplitQueue", "LoadQueue", "ExportQueue"):
        expected.add(("ApproximateAgeOfOldestMessage", reference(queue, "QueueName")))
    for name in ("ReadThrottleEvents", "WriteThrottleEvents"):
        expected |= {(name, reference("Table")), (name, json.dumps("by_account"))}
    service = json.dumps({"Fn::Sub": "rollcall-${Stage}"})
    expected |= {
        (name, service)
        for name in (
            "5XXError",
            "api_latency",
            "refused_credentials",
            "import_steps",
            "import_idle_seconds",
        )
    }
    expected |= {
        ("NumberOfMessagesReceived", reference("DeadQueue", "QueueName")),
        ("DestinationDeliveryFailures", reference("StartImport")),
        ("NumberOfNotificationsFailed", reference("NoticeTopic", "TopicName")),
        ("ConcurrentExecutions", json.dumps("")),
    }
    assert watched >= expected
    assert all(alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}] for alarm in alarms)


def test_each_alarm_is_documented(resources: Resources) -> None:
    text = (PROJECT / "docs" / "alarms.md").read_text(encoding="utf-8")
    names = set(of_type(resources, "AWS::CloudWatch::Alarm"))
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_throttles_alarm_only_after_fifteen_minutes(resources: Resources) -> None:
    """Shorter ones are normal, and are retried."""
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    throttled = {name: alarm for name, alarm in alarms.items() if "Throttled" in name}
    assert len(throttled) == 8
    for alarm in throttled.values():
        assert period_of(alarm) * alarm["EvaluationPeriods"] == 15 * 60
    dimensions = [d["Name"] for d in throttled["ThrottledIndexAlarm"]["Dimensions"]]
    assert dimensions == ["TableName", "GlobalSecondaryIndexName"]


def test_imports_that_do_not_move_alarm_after_fifteen_minutes(resources: Resources) -> None:
    """Each minute by itself, as a message that no worker ends waits, runs and is delayed in turn."""
    alarm = of_type(resources, "AWS::CloudWatch::Alarm")["StalledImportsAlarm"]
    assert period_of(alarm) * alarm["EvaluationPeriods"] == 15 * 60
    stalled, *metrics = alarm["Metrics"]
    assert {one["MetricStat"]["Period"] for one in metrics} == {60}
    states = [one["Id"] for one in metrics if one["Id"] != "steps"]
    watched = {metric for metric, _ in metrics_of(alarm)}
    assert len(states) == 2 * len(watched - {"import_steps"}) == 6
    for state in states:
        assert is_stalled(stalled["Expression"], **{state: 1})
        assert not is_stalled(stalled["Expression"], **{state: 1, "steps": 1})
    assert not is_stalled(stalled["Expression"])


def is_stalled(expression: str, **values: int) -> bool:
    """Returns what the alarm's expression is with these values, those that are missing left out."""
    text = re.sub(r"FILL\((\w+), 0\)", lambda found: str(values.get(found[1], 0)), expression)
    [condition] = re.findall(r"IF\((.+), 1, 0\)$", text)
    return bool(eval(condition.replace("AND", "and")))


def period_of(alarm: dict[str, Any]) -> int:
    """Returns the seconds of one period of an alarm."""
    found: int = alarm["Period"] if "Period" in alarm else alarm["Metrics"][1]["MetricStat"]["Period"]
    return found


def test_metric_filters_read_what_functions_log(resources: Resources) -> None:
    """The messages and fields of the log lines, as the code writes them."""
    code = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "chalicelib").rglob("*.py"))
    filters = of_type(resources, "AWS::Logs::MetricFilter")
    patterns = {
        name: one["FilterPattern"] for name, one in filters.items() if name != "TooManyRequestsMetric"
    }
    for pattern in patterns.values():
        (message,) = re.findall(r'\$\.message = "(\w+)"', pattern)
        assert f'"{message}"' in code
    dimensions = [one["MetricTransformations"][0].get("Dimensions") for one in filters.values()]
    assert [one for one in dimensions if one] == [[{"Key": "service", "Value": "$.service"}]] * len(patterns)
    assert "milliseconds=" in code
    assert "idle_seconds=" in code
    assert "/imports/{import_id}" in patterns["LatencyMetric"]
    assert "/imports/{import_id}" in code


def test_dashboard_is_json_of_metrics_that_exist(resources: Resources) -> None:
    (dashboard,) = of_type(resources, "AWS::CloudWatch::Dashboard").values()
    text, variables = dashboard["DashboardBody"]["Fn::Sub"]
    named = set(re.findall(r"\$\{([\w:]+)", text)) - set(variables)
    assert named <= set(resources) | {"Stage", "AccountConcurrency", "AWS::Region"}
    body = json.loads(re.sub(r"\$\{[^}]+\}", "1", text))
    titles = [widget["properties"]["title"] for widget in body["widgets"]]
    assert len(titles) == 8
    outcomes = {name for name in Counts.model_fields if name != "rows"}
    assert set(re.findall(r"rows_(\w+)", text)) == outcomes
