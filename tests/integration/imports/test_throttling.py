"""Steps that the table throttles, or that run out of time, continue later."""

import math
import threading
from collections.abc import Callable

import pytest

from chalicelib import config
from chalicelib.dynamodb import retries
from chalicelib.errors import Busy
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.steps import Step
from chalicelib.imports.running import step_runner, write_progress
from chalicelib.services import Services
from tests.support.pipeline import HEADER, Pipeline, counts
from tests.support.request_faults import error_response, inject_faults

THROTTLED = error_response("TransactionCanceledException", reasons=["ThrottlingError", "None"])


def lines(account: str, count: int) -> str:
    return HEADER + "".join(f"Ann,Lee,{3235550000 + i},{i:03},{account}\n" for i in range(count))


def step(pipeline: Pipeline, record: ImportRecord, time_left: Callable[[], float]) -> ImportRecord:
    """Does the first step as a worker with so much time."""
    imports = pipeline.services.imports_within(time_left)
    return imports.step(record.id, Step("load"))


def test_worker_waits_for_capacity_while_it_has_time(pipeline: Pipeline, account: str) -> None:
    record = pipeline.split("drops/a.csv", lines(account, 60))
    faults = [THROTTLED] * 9
    with inject_faults(config.dynamodb(), "TransactWriteItems", *faults) as requests:
        assert counts(step(pipeline, record, lambda: math.inf))["created"] == 60
    assert len(requests) >= 12  # two of rows, one that counts


@pytest.mark.parametrize("mode", ["create", "upsert"])
def test_step_out_of_time_continues_where_it_was(
    pipeline: Pipeline, account: str, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(write_progress, "NOTE_SECONDS", math.inf)
    pipeline = Pipeline(writes_in_flight=1)
    record = pipeline.split(f"drops/{mode}/a.csv", lines(account, 260))
    own = threading.current_thread()
    with inject_faults(config.dynamodb(), "TransactWriteItems") as requests:

        def time_left() -> float:
            """Ends after two transactions. Those of a create are two parts: the step takes in both before it ends."""
            waits = mode == "create" and threading.current_thread() is own
            return math.inf if waits else 2 - len(requests)

        with pytest.raises(Busy):
            step(pipeline, record, time_left)
        assert pipeline.repository.get(record.id).counts.created == 100
        assert counts(step(pipeline, record, lambda: math.inf))["created"] == 260
    assert len(requests) == 8  # none of the first hundred rows is written again


@pytest.mark.usefixtures("pauses")
def test_rows_are_rejected_only_after_days_without_capacity(
    pipeline: Pipeline, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = pipeline.split("drops/a.csv", lines(account, 3))
    with inject_faults(config.dynamodb(), "TransactWriteItems", *[THROTTLED] * 100):
        for _ in range(30):  # far more than a message has deliveries
            with pytest.raises(Busy):
                step(pipeline, record, lambda: 0)
    monkeypatch.setattr(step_runner, "MAX_SECONDS", 0)
    assert counts(step(pipeline, record, lambda: math.inf))["rejected"] == 3
    record = pipeline.drain(record.id)
    assert pipeline.report(record.id)["codes"] == {"not_processed": 3}


def test_api_answers_busy_within_seconds(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    assert retries.MAX_WAIT_SECONDS <= 3
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 2)
    with (
        inject_faults(config.dynamodb(), "GetItem", *[error_response("ThrottlingException")] * 4) as requests,
        pytest.raises(Busy) as busy,
    ):
        services.imports.cancel("20260101T000000Z-aaaaaaaaaa")
    assert len(requests) == 2
    assert busy.value.status == 503
    assert busy.value.headers["Retry-After"]
