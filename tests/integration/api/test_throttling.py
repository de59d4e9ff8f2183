"""Requests about single members while the table lacks capacity."""

import pytest

from bench.model.capacity import Rules
from bench.model.limits import Limits
from chalicelib import config
from chalicelib.dynamodb import retries
from tests.support.api import member_body, phone_of
from tests.support.client import Http, href
from tests.support.clock import Clock


def limits(seconds_a_request: float = 0.0, **rules: float) -> Limits:
    """Returns limits of a table of one partition, on a clock that only requests move."""
    clock = Clock()

    def pass_time(_: float) -> None:
        clock.now += seconds_a_request

    return Limits(Rules(partitions=1, index_partitions=1, **rules), clock=clock, sleep=pass_time)


def test_write_waits_briefly_for_capacity(http: Http, account: str) -> None:
    slow = limits(seconds_a_request=0.4, write_units=4)
    with slow.attached(config.dynamodb()):
        bodies = [
            member_body(account, client_member_id=f"{account}-{n}", phone_number=phone_of(account, n))
            for n in range(3)
        ]
        statuses = [http.send("POST", "/members", body).status for body in bodies]
    assert statuses == [201, 201, 201]
    assert slow.throttled["TransactWriteItems"] > 0


def test_read_waits_briefly_for_capacity(http: Http, account: str) -> None:
    http.create(member_body(account))
    slow = limits(seconds_a_request=0.25, read_units=1)
    with slow.attached(config.dynamodb()):
        responses = [http.get(href(account, f"{account}-42")) for _ in range(3)]
    assert [response.status for response in responses] == [200, 200, 200]
    assert slow.throttled["GetItem"] > 0


def test_write_without_capacity_returns_503_and_changes_nothing(
    http: Http, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 3)
    with limits(write_units=1).attached(config.dynamodb()):
        response = http.send("POST", "/members", member_body(account))
    response.problem(503, "busy")
    assert int(response.headers["Retry-After"]) > 0
    http.create(member_body(account))
