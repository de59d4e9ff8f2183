"""Writes whose responses are lost take effect exactly once."""

from typing import TYPE_CHECKING

import pytest

from chalicelib import config
from chalicelib.dynamodb.table import Table
from chalicelib.members.model import Member, NewMember
from chalicelib.members.repository import MemberRepository
from tests.support.people import key_of, person, phone, set_fields
from tests.support.request_faults import (
    client_without_retries,
    inject_faults,
    lose_response,
)
from tests.support.tables import members_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def client(settings: object) -> "DynamoDBClient":
    """A client without the SDK's retries."""
    return client_without_retries()


@pytest.fixture
def unretried(client: "DynamoDBClient") -> MemberRepository:
    """The operations on members over that client."""
    return MemberRepository(Table(client, config.settings().table_name))


def test_create_with_lost_response_takes_effect_once(
    client: "DynamoDBClient", unretried: MemberRepository, account: str
) -> None:
    with inject_faults(client, "TransactWriteItems", lose_response) as requests:
        created = unretried.create(person(account))
    assert len(requests) == 2
    assert members_of(account) == {"m1": created}


def test_sdk_retry_of_lost_response_takes_effect_once(members: MemberRepository, account: str) -> None:
    with inject_faults(config.dynamodb(), "TransactWriteItems", lose_response) as requests:
        created = members.create(person(account))
    with inject_faults(config.dynamodb(), "TransactWriteItems", lose_response) as more:
        changed = members.change(key_of(created), set_fields(first_name="Minnie"))
    assert (len(requests), len(more)) == (2, 2)
    assert changed.version == 2
    assert members_of(account) == {"m1": changed}


@pytest.mark.parametrize(
    "fields", [{"first_name": "Minnie"}, {"phone_number": phone(9)}, {"client_member_id": "moved"}]
)
def test_change_with_lost_response_takes_effect_once(
    client: "DynamoDBClient", unretried: MemberRepository, account: str, fields: dict[str, str]
) -> None:
    old = unretried.create(person(account))
    with inject_faults(client, "TransactWriteItems", lose_response) as requests:
        new = unretried.change(key_of(old), set_fields(**fields))
    assert len(requests) == 2
    assert new.version == 2
    assert members_of(account) == {new.client_member_id: new}


def test_delete_with_lost_response_takes_effect(
    client: "DynamoDBClient", unretried: MemberRepository, account: str
) -> None:
    old = unretried.create(person(account))
    with inject_faults(client, "TransactWriteItems", lose_response) as requests:
        unretried.delete(key_of(old))
    assert len(requests) == 2
    assert members_of(account) == {}


def test_equal_writes_within_one_millisecond_are_both_counted(
    unretried: MemberRepository, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A condition that fails on the first attempt means another writer, even if the stored item is equal."""
    old = unretried.create(person(account, first_name="0"))
    monkeypatch.setattr("chalicelib.members.model.now", lambda: "2026-11-23T04:00:00.000Z")

    def add_one(member: Member) -> NewMember:
        return set_fields(first_name=str(int(member.first_name) + 1))(member)

    def add_one_after_another(member: Member) -> NewMember:
        if member.version == 1:
            unretried.change(key_of(old), add_one)  # between this caller's read and write
        return add_one(member)

    new = unretried.change(key_of(old), add_one_after_another)
    assert (new.first_name, new.version) == ("2", 3)
