"""Metrics and alarms, read from the packaged template."""

import json

from tests.support.template import FUNCTIONS, Resources, of_type


def test_metrics_of_two_stages_are_separate(resources: Resources) -> None:
    for function in FUNCTIONS:
        service = resources[function]["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        assert service == {"Fn::Sub": "rollcall-${Stage}"}


def test_each_kind_of_failure_has_an_alarm(resources: Resources) -> None:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm").values()
    watched = {(a["MetricName"], json.dumps(a["Dimensions"][0]["Value"])) for a in alarms}
    errors = {("Errors", json.dumps({"Ref": function})) for function in FUNCTIONS}
    dead = json.dumps({"Fn::GetAtt": ["DeadQueue", "QueueName"]})
    split = json.dumps({"Fn::GetAtt": ["SplitQueue", "QueueName"]})
    load = json.dumps({"Fn::GetAtt": ["LoadQueue", "QueueName"]})
    export = json.dumps({"Fn::GetAtt": ["ExportQueue", "QueueName"]})
    table = json.dumps({"Ref": "Table"})
    age = "ApproximateAgeOfOldestMessage"
    assert watched >= errors | {
        ("NumberOfMessagesReceived", dead),
        (age, dead),
        (age, split),
        (age, load),
        (age, export),
    }
    assert watched >= {
        ("5XXError", json.dumps({"Fn::Sub": "rollcall-${Stage}"})),
        ("WriteThrottleEvents", table),
    }
    assert ("Throttles", json.dumps({"Ref": "APIHandler"})) in watched
    assert all(alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}] for alarm in alarms)


def test_throttles_alarm_only_after_fifteen_minutes(resources: Resources) -> None:
    """Of the table, the index and the API function: shorter ones are normal, and are retried."""
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    throttled = {name: alarm for name, alarm in alarms.items() if name.startswith("Throttled")}
    assert set(throttled) == {"ThrottledTableAlarm", "ThrottledIndexAlarm", "ThrottledApiAlarm"}
    for alarm in throttled.values():
        assert alarm["Period"] * alarm["EvaluationPeriods"] == 15 * 60
    dimensions = [d["Name"] for d in throttled["ThrottledIndexAlarm"]["Dimensions"]]
    assert dimensions == ["TableName", "GlobalSecondaryIndexName"]
