"""A table that an earlier version wrote is brought to this version's order of names."""

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib import config
from chalicelib.dynamodb import retries
from chalicelib.dynamodb.table import Table
from chalicelib.fields.text import SEPARATOR
from chalicelib.members.items import member_key
from chalicelib.members.model import MemberKey, NewMember
from chalicelib.members.reindexing import Reindexed, Reindexer
from chalicelib.members.search import Search
from chalicelib.services import Services
from tests.integration.commands.test_access import run, run_json
from tests.support.metering import counts_units_as_aws, metered
from tests.support.people import person, set_fields
from tests.support.request_faults import client_without_retries, error_response, inject_faults
from tests.support.searches import all_ids
from tests.support.tables import members_of

NAMES = ("Zoller", "Zöller", "ZÖLLNER", "Nguyễn", "Ng", "Łee", "Lee")


def old_order(new: NewMember) -> str:
    """Returns the sort key that version 0.1 wrote at first: without case, with accents."""
    return SEPARATOR.join((new.last_name.casefold(), new.first_name.casefold(), new.client_member_id))


def add_old_members(services: Services, account: str) -> list[NewMember]:
    """Creates members as an earlier version did."""
    people = [person(account, n, last_name=name) for n, name in enumerate(NAMES)]
    for new in people:
        services.members.create(new)
        set_order(new, old_order(new))
    return people


def set_order(new: NewMember, order: str) -> None:
    """Gives a member another sort key."""
    config.dynamodb().update_item(
        TableName=config.settings().table_name,
        Key=member_key(new.account_id, new.client_member_id),
        UpdateExpression="SET name_order = :order",
        ExpressionAttributeValues={":order": {"S": order}},
    )


def found(services: Services, account: str, prefix: str) -> list[str]:
    """Returns the client member ids of those whose last names start with a prefix."""
    return all_ids(services.member_search, Search(account_id=account, last_name=prefix), 2)


def test_reindex_brings_old_members_into_order(services: Services, stage: None, account: str) -> None:
    add_old_members(services, account)
    before = members_before(services, account)
    assert found(services, account, "zoll") == ["m0"]  # those with accents are missing until then
    counts = run_json("reindex")
    assert counts["moved"] >= 4
    assert counts["read"] >= len(NAMES)
    assert found(services, account, "zöll") == ["m0", "m1", "m2"]
    assert found(services, account, "nguyen") == ["m3"]
    assert found(services, account, "le") == ["m5", "m6"]
    assert members_of(account) == before  # neither versions nor times have changed, and the index is in order
    repeated = run("reindex")
    assert repeated.endswith(" members read, 0 brought to their place in the order of names.\n")


def members_before(services: Services, account: str) -> dict[str, Any]:
    """Returns the members of an account by client member id, whatever their keys in the index."""
    return {
        m.client_member_id: m for m in services.member_search.find(Search(account_id=account), 100).members
    }


def test_change_meanwhile_is_not_lost(services: Services, account: str) -> None:
    """Members are renamed and deleted between the reading of the index and the write of the key."""
    add_old_members(services, account)
    events = config.dynamodb().meta.events
    changed = threading.Event()

    def change(**_: Any) -> None:
        if not changed.is_set():
            changed.set()
            services.members.change(MemberKey(account, "m1"), set_fields(last_name="Ångström"))
            services.members.delete(MemberKey(account, "m2"))

    events.register("before-send.dynamodb.UpdateItem", change)
    try:
        done = Reindexer(services.table, segments=1).run()
    finally:
        events.unregister("before-send.dynamodb.UpdateItem", change)
    assert done.changed == 2
    assert set(members_of(account)) == {"m0", "m1", "m3", "m4", "m5", "m6"}
    assert found(services, account, "ang") == ["m1"]


def test_failed_run_is_completed_by_the_next(services: Services, account: str) -> None:
    add_old_members(services, account)
    client = client_without_retries()
    table = Table(client, config.settings().table_name)
    with (
        inject_faults(client, "UpdateItem", None, None, error_response("AccessDeniedException")),
        pytest.raises(ClientError),
    ):
        Reindexer(table, segments=2).run()
    with metered(client) as meter:
        moved = Reindexer(table, segments=2).run().moved
    assert 0 < moved <= 3
    if counts_units_as_aws():
        assert meter.write_units == 3 * moved  # the member, and its old and new entry in the index
    assert found(services, account, "zoll") == ["m0", "m1", "m2"]
    assert Reindexer(table).run()[1:] == (0, 0)


def test_throttles_do_not_end_a_run(
    services: Services, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE_SECONDS", 0)
    add_old_members(services, account)
    client = client_without_retries()
    throttle = error_response("ProvisionedThroughputExceededException")
    shown = list[Reindexed]()
    with (
        inject_faults(client, "UpdateItem", *[throttle] * (retries.MAX_ATTEMPTS + 2)),
        inject_faults(client, "Scan", *[throttle] * (retries.MAX_ATTEMPTS + 2)),
    ):
        done = Reindexer(Table(client, config.settings().table_name), segments=1).run(shown.append)
    assert done == shown[-1] == Reindexed(read=done.read, moved=4, changed=0)
    assert set(members_of(account)) == {f"m{n}" for n in range(len(NAMES))}
