"""What a login reads of the table, on the model of a table."""

from typing import Any

import boto3
import pytest

from bench.model.charges import charges
from bench.model.memory_table import MemoryTable
from bench.model.responses import request_body
from bench.stub import ENVIRONMENT
from chalicelib.access.items import group_item
from chalicelib.access.model import Group, NewUser
from chalicelib.access.permissions import ALL_ACCOUNTS
from chalicelib.config import Settings
from chalicelib.dynamodb.items import key_pair
from chalicelib.services import Services
from tests.support.access import PASSWORD, basic


@pytest.mark.parametrize("count", [1, 1_000, 10_000])
def test_login_reads_the_same_among_any_number_of_groups(count: int) -> None:
    table = MemoryTable()
    client = boto3.client(
        "dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    table.attach(client)
    given = {name.lower(): value for name, value in ENVIRONMENT.items()}
    services = Services(Settings.model_validate(given), lambda _: client)
    services.users.create(NewUser(name="ann", password=PASSWORD, groups=["viewers", "editors"]))
    for n in range(count):
        item = group_item(Group(name=f"g{n}", permissions=["members:read"], accounts=[f"{n}"]))
        table.items[key_pair(item)] = item
    reads = []

    def note(model: Any, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        charged = charges(model.name, request_body(params, context), table.find)
        reads.append(sum(charge.reads for charge in charged))

    client.meta.events.register("before-call.dynamodb", note)
    caller = services.authenticator.authenticate(basic("ann"))
    for _ in range(2):
        assert services.group_cache.grants_of(caller.groups)["members:write"] == ALL_ACCOUNTS
    assert [units for units in reads if units] == [3, 2]  # the user and two counts, then its groups once
