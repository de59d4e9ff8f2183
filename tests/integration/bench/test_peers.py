"""The peers answer the measured requests as Rollcall does, from table and replay, and load every row."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.child import measure
from bench.peers import batch_writer, postgres, store
from bench.peers.replay import Replay
from bench.peers.services import BARE, MODULES, Request, Service
from chalicelib import config
from tools.roster import Roster

ROWS = 60
SHOWN = ("account_id", "client_member_id", "first_name", "last_name", "phone_number")


@pytest.fixture(scope="module")
def peers_table(settings: config.Settings) -> str:
    """Creates the peers' table; returns its name."""
    name = f"{settings.table_name}-peers"
    config.dynamodb().create_table(**store.table_definition(), TableName=name)
    return name


@pytest.fixture(params=MODULES)
def service(
    request: pytest.FixtureRequest, peers_table: str, account: str, monkeypatch: pytest.MonkeyPatch
) -> Service:
    """Returns each service in turn, with an account that no other test uses."""
    monkeypatch.setenv("PEERS_TABLE_NAME", peers_table)
    return Service(request.param, account)


def shown(response: dict[str, Any]) -> Any:
    """Returns the fields of the members in a response, that all services show alike."""
    body = json.loads(response["body"])
    members = body.get("items", [body])
    return [tuple(member[name] for name in SHOWN) for member in members]


def changed(request: Request, status: int, **fields: str) -> Request:
    """Returns a POST with other values, and the status that it must have."""
    body = json.loads(request.event["body"]) | fields
    return Request(request.name, {**request.event, "body": json.dumps(body)}, status)


def test_services_answer_the_measured_requests(service: Service) -> None:
    replay = Replay()
    service.record(replay, members=3)
    one, post, page = service.requests()
    phone = "(201) 000-0000" if service.name == BARE else "+12010000000"
    first = (service.account_id, "0000000", "Ralph", "Mouse 0000", phone)
    with replay.attached(service.client):
        assert shown(service.answer(one)) == [first]
        assert shown(service.answer(post)) == shown(service.answer(post)), "the write was not discarded"
        found = shown(service.answer(page))
    assert found[0] == first
    assert [last_name for _, _, _, last_name, _ in found] == ["Mouse 0000", "Mouse 5838", "Mouse 7919"]


def test_services_refuse_a_taken_client_member_id(service: Service) -> None:
    first = service.post(1)
    service.answer(first)
    service.answer(first._replace(status=409))


def test_services_refuse_a_taken_phone_number(service: Service) -> None:
    first = service.post(1)
    service.answer(first)
    service.answer(changed(first, 409, client_member_id="another"))


def test_only_bare_boto3_accepts_an_impossible_phone_number(service: Service) -> None:
    status = 201 if service.name == BARE else 422
    service.answer(changed(service.post(1), status, phone_number="555-1234"))


@pytest.fixture
def roster(tmp_path: Path) -> str:
    """Writes a roster; returns its path."""
    path = tmp_path / "roster.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        Roster(ROWS).write(file)
    return str(path)


def test_batch_writer_loads_every_row(roster: str, peers_table: str) -> None:
    name = f"{peers_table}-batch"
    batch_writer.work(roster, name)()
    assert config.dynamodb().scan(TableName=name, Select="COUNT")["Count"] == ROWS


def test_django_loads_every_row(roster: str, capsys: pytest.CaptureFixture[str]) -> None:
    with postgres.started() as port:
        if port is None:
            pytest.skip(capsys.readouterr().out.strip())
        assert measure("bench.peers.django_rows:work", roster, str(port)).result == ROWS
