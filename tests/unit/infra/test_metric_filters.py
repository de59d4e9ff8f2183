"""The metric filters on lines that the functions log."""

import json
import logging
import re

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from infra.package import source_template

LINES: dict[str, list[tuple[str, dict[str, object]]]] = {
    "LatencyMetric": [("request", {"route": "/members/{member_id}", "milliseconds": 2.5})],
    "RefusedCredentialsMetric": [
        ("authorize", {"caller": None, "refusals": 1, "user": "ann"}),
        ("authorize", {"caller": None, "refusals": 100, "too_many": True}),
    ],
    "SplitStepsMetric": [("import_step", {"status": "splitting"})],
    "LoadStepsMetric": [("import_step", {"status": "loading"})],
    "SplitIdleMetric": [("step_sent_again", {"error": "Throttled", "idle_seconds": 0})],
    "LoadIdleMetric": [("step_sent_again", {"error": "Throttled", "idle_seconds": 1200})],
}
OTHERS: list[tuple[str, dict[str, object]]] = [
    ("request", {"route": "/imports/{import_id}", "milliseconds": 20000.0}),  # it waits on purpose
    ("authorize", {"caller": "user:ann"}),
    ("step_sent_again", {"error": "Throttled", "idle_seconds": None}),  # of an export
]


def logged(message: str, fields: dict[str, object]) -> str:
    """Returns the line that the functions' logger writes."""
    record = logging.makeLogRecord({"msg": message, "levelname": "INFO", **fields})
    return LambdaPowertoolsFormatter(service="rollcall-prod").format(record)


def matches(pattern: str, line: str) -> bool:
    """Returns whether a line matches a pattern of the kinds used here ("Filter pattern syntax")."""
    fields, found = json.loads(line), []
    for name, operator, value in re.findall(r'\$\.(\w+) (=|!=|>=) "?([^")]*)', pattern):
        if operator == ">=":
            found.append(name in fields and fields[name] >= int(value))
        else:
            found.append((fields.get(name) == value) == (operator == "="))
    assert len(found) == pattern.count("$.")
    return all(found)


@pytest.mark.parametrize("name", LINES)
def test_metric_filter_counts_the_lines_it_is_for(name: str) -> None:
    pattern = source_template()["Resources"][name]["Properties"]["FilterPattern"]
    lines = [logged(*line) for line in LINES[name]]
    others = [logged(*line) for line in OTHERS]
    assert [line for line in (*lines, *others) if matches(pattern, line)] == lines
