"""The write units that each operation consumes."""

from collections.abc import Callable

import pytest

from chalicelib import config
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.metering import counts_units_as_aws, metered
from tests.support.people import key_of, person, phone, set_fields

# Write units as DynamoDB counts them, for items below 1 kB. A transaction costs two units per item. Moving an index
# entry costs one unit to delete it and one to add it. A change writes an item of history too, a move two.
# docs/operating.md has this table.
BUDGET = {
    "create": 5.0,  # two items, one entry added
    "change a first name": 6.0,  # two items, the entry moves: its sort key has the names
    "change a phone number": 9.0,  # four items, the entry is updated
    "change a client member id": 12.0,  # five items, the entry moves
    "change an account": 14.0,  # six items, the entry moves
    "delete": 7.0,  # three items, one entry deleted
    "restore": 7.0,  # three items, one entry added
    "change nothing": 0.0,
}


def test_writes_consume_budgeted_units(members: MemberRepository, account: str) -> None:
    if not counts_units_as_aws():
        pytest.skip("DynamoDB Local counts write units differently")
    old = members.create(person(account))
    moved = MemberKey(account + "-too", "moved")
    operations: dict[str, Callable[[], object]] = {
        "create": lambda: members.create(person(account, 2)),
        "change nothing": lambda: members.change(key_of(old), set_fields()),
        "change a first name": lambda: members.change(key_of(old), set_fields(first_name="Minnie")),
        "change a phone number": lambda: members.change(key_of(old), set_fields(phone_number=phone(9))),
        "change a client member id": lambda: members.change(
            key_of(old), set_fields(client_member_id="moved")
        ),
        "change an account": lambda: members.change(
            MemberKey(account, "moved"), set_fields(account_id=account + "-too")
        ),
        "delete": lambda: members.delete(moved),
        "restore": lambda: members.restore(moved),
    }
    consumed = {}
    for name, operation in operations.items():
        with metered(config.dynamodb()) as meter:
            operation()
        reads = (
            meter.calls["GetItem"] + meter.calls["Query"]
        )  # each strongly consistent read here is one unit
        consumed[name] = meter.units - reads
        assert reads <= 1
        assert meter.calls.total() <= 2
    assert consumed == BUDGET
