"""The requests and read units of a page."""

import math

import pytest

from chalicelib import config
from chalicelib.members.items import SHARDS
from chalicelib.members.model import NewMember
from chalicelib.members.search import MemberSearch, Search
from tests.support.metering import metered
from tests.support.people import person
from tests.support.searches import add_members


def test_page_of_small_account_costs_one_query_per_shard(member_search: MemberSearch, account: str) -> None:
    add_members([person(account, n) for n in range(5)])
    with metered(config.dynamodb()) as meter:
        assert len(member_search.find(Search(account_id=account), 100).members) == 5
    assert meter.calls == {"Query": SHARDS}
    assert meter.items_read == 5
    assert meter.units <= SHARDS * 0.5  # half a unit is the minimum of a query


@pytest.mark.parametrize("limit", [1, 10, 100, 500])
def test_page_reads_few_items_beyond_its_limit(
    member_search: MemberSearch, large_account: list[NewMember], limit: int
) -> None:
    """A page reads two standard deviations more than a shard's share, as shards differ in size.

    A shard with still more of the page needs another query, which is rare.
    """
    share = (limit + 1) / SHARDS
    first = math.ceil(share + 2 * math.sqrt(share))
    costs = []
    cursor = None
    while True:
        with metered(config.dynamodb()) as meter:
            page = member_search.find(Search(account_id="many"), limit, cursor)
        extra = meter.calls["Query"] - SHARDS
        costs.append((meter.items_read, extra))
        assert meter.items_read <= SHARDS * first + extra * first
        pages_of_4_kb = math.ceil(first * 400 / 4096)  # a member has less than 400 bytes
        assert meter.units <= 0.5 * (SHARDS + extra) * pages_of_4_kb
        cursor = page.cursor
        if not cursor or len(costs) == 20:
            break
    assert sum(extra for _, extra in costs) <= len(costs) * 1.0
    assert sum(read for read, _ in costs) <= len(costs) * (SHARDS * first + first)
