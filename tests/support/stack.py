"""The stack on an emulator that enforces IAM, called through its gateway."""

import itertools
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from chalicelib.access.model import NewToken
from chalicelib.config import Settings
from chalicelib.services import Services
from infra.emulator import Emulator
from infra.package import source_template

TIMEOUT = 120.0  # seconds
SETTINGS = {  # the fields of Settings, and the outputs of the stack
    "table_name": "TableName",
    "bucket_name": "BucketName",
    "split_queue_url": "SplitQueueUrl",
    "load_queue_url": "LoadQueueUrl",
    "export_queue_url": "ExportQueueUrl",
}


class Stack:
    """A deployed stack: its outputs, its emulator, and the tokens of its callers by name."""

    def __init__(self, outputs: Mapping[str, str], emulator: Emulator) -> None:
        self.outputs = outputs
        self.client = emulator.client
        self.environment = emulator.environment
        self.tokens: dict[str, str] = {}

    @property
    def services(self) -> Services:
        """The services over the stack's table."""
        names = {name: self.outputs[key] for name, key in SETTINGS.items()}
        return Services(Settings.model_validate(names), self.client)

    def add_token(self, name: str, group: str) -> None:
        """Create a token of one group."""
        self.tokens[name] = self.services.tokens.create(NewToken(name=name, groups=[group])).text

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
        """Return (status, headers, JSON or text) of a request as token "tests".

        Header names have _ in place of -. An empty Authorization sends none.
        """
        named = {"Authorization": f"Bearer {self.tokens['tests']}"}
        named |= {name.replace("_", "-"): value for name, value in headers.items() if value}
        if headers.get("Authorization") == "":
            del named["Authorization"]
        request = urllib.request.Request(self.outputs["ApiUrl"] + path, body, named, method=method)
        try:
            response = urllib.request.build_opener(_NoRedirect).open(request)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            text = response.read()
            is_json = "json" in response.headers.get("Content-Type", "")
            return response.status, response.headers, json.loads(text) if is_json and text else text.decode()

    def ended_import(self, key: str) -> dict[str, Any]:
        """Return the newest import of a file, when it has ended."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            _, _, page = self.call("GET", "/imports")
            found: list[dict[str, Any]] = [one for one in page["items"] if one["source"]["key"] == key]
            if found and found[0]["finished_at"]:
                return found[0]
            time.sleep(0.2)
        raise AssertionError(f"the import of {key} has not ended: {page}")

    def peak_concurrency(self, function: str) -> int:
        """Return how many calls of a function ran at once at most, by the durations in its log."""
        logs = self.client("logs")
        groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
        (group,) = (name for name in groups if f"-{function}-" in name)
        changes: list[tuple[float, int]] = []
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
            for event in page["events"]:
                if found := re.match(r"REPORT .*\tDuration: ([0-9.]+) ms", event["message"]):
                    ended = event["timestamp"]
                    # The log rounds to milliseconds, so a call may seem to start before the last one ended.
                    started = min(ended, ended - float(found[1]) + 2)
                    changes += [(started, 1), (ended, -1)]
        return max(itertools.accumulate(change for _, change in sorted(changes)), default=0)

    def put_object(self, key: str, body: bytes, **metadata: str) -> None:
        """Store an object in the bucket."""
        self.client("s3").put_object(Bucket=self.outputs["BucketName"], Key=key, Body=body, Metadata=metadata)

    def put_gateway_responses(self) -> None:
        """Set the gateway responses by API calls: the emulator does not read them from the definition."""
        gateway, api_id = self.client("apigateway"), self.outputs["RestAPIId"]
        responses = source_template()["Resources"]["RestAPI"]["Properties"]["GatewayResponses"]
        for kind, response in responses.items():
            headers = response["ResponseParameters"]["Headers"]
            gateway.put_gateway_response(
                restApiId=api_id,
                responseType=kind,
                statusCode=str(response["StatusCode"]),
                responseParameters={f"gatewayresponse.header.{name}": v for name, v in headers.items()},
                responseTemplates=response["ResponseTemplates"],
            )
        gateway.create_deployment(restApiId=api_id, stageName="api")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
