"""`./rollcall import` when an import makes no progress or DynamoDB does not respond."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.dynamodb import retries
from commands.import_run import ImportRun
from commands.stage import find_deployment
from infra import endpoints
from tests.support.clock import Clock
from tests.support.import_command import InterferingLines, write_roster
from tests.support.pipeline import Pipeline


def test_import_without_progress_prints_what_it_waits_for(
    stage: None, pipeline: Pipeline, tmp_path: Path, account: str
) -> None:
    """No function is called for the uploaded file. Each reading of the clock advances it by a minute."""
    path = write_roster(tmp_path / "a.csv", account)
    ids: list[str] = []
    notices: list[str] = []

    def react(text: str) -> None:
        if "is awaiting_upload at 0%" in text:
            notices.append(text)
        if len(notices) == 2:
            pipeline.imports.cancel(ids[0])

    clock = itertools.count(step=60.0).__next__
    [outcome] = ImportRun(
        find_deployment("local"), {}, InterferingLines(on_line=react, on_load=ids.append), clock
    ).run([path])

    assert outcome.text == f"{path}: cancelled: The import was cancelled."
    for notice in notices[:2]:
        assert re.match(rf"{re.escape(str(path))}: no progress for \d+ min: import {ids[0]} is ", notice)
        assert notice.endswith(f" for the uploaded file. See {endpoints.STATE / 'emulator.log'}")


def test_watch_ends_after_5_minutes_without_a_response(
    stage: None, tmp_path: Path, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 1)  # the test's clock does not wait for pauses
    deployment, clock, lines = find_deployment("local"), Clock(), list[str]()
    events: Any = deployment.services.table._client.meta.events  # noqa: SLF001 - no public access

    def refuse(**_: Any) -> None:
        if clock.now < 1200.0:  # four minutes at most, until a notice says it
            clock.now += 61.0
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1/")

    def react(text: str) -> None:
        lines.append(text)
        if "does not respond" in text:
            clock.now += 300.0

    def disconnect(_: str) -> None:
        events.register("before-send.dynamodb", refuse)

    path = write_roster(tmp_path / "a.csv", account)
    [outcome] = ImportRun(deployment, {}, InterferingLines(on_line=react, on_load=disconnect), clock).run(
        [path]
    )

    assert outcome.status == 2
    assert outcome.text.startswith(f"{path}: no longer watched: No response from DynamoDB for 5 min: ")
    assert " is still running. To cancel it:" in outcome.text
    assert 'min: DynamoDB does not respond: Could not connect to the endpoint URL: "http' in lines[-1]
