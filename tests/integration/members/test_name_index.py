"""All members of an account in name order, from pages of its shards."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib import config
from chalicelib.members.folding import fold_name
from chalicelib.members.items import from_item, name_order
from chalicelib.members.model import Member
from chalicelib.members.name_index import NameIndex
from chalicelib.services import Services
from tests.support.exports import add_members
from tests.support.people import odd_people


@contextmanager
def pages_of(size: int) -> Iterator[None]:
    """Limits each page of a query, as DynamoDB does at 1 MB."""
    events = config.dynamodb().meta.events

    def limit(params: dict[str, Any], **_: Any) -> None:
        params["Limit"] = size

    events.register("before-parameter-build.dynamodb.Query", limit)
    try:
        yield
    finally:
        events.unregister("before-parameter-build.dynamodb.Query", limit)


@pytest.fixture
def members(services: Services, account: str) -> list[Member]:
    """Members in the order of their names."""
    return add_members(services, odd_people(account, 60))


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize("prefix", [None, "mOu", "ß"])
def test_pages_of_all_shards_merge_in_name_order(
    services: Services, account: str, members: list[Member], size: int, prefix: str | None
) -> None:
    wanted = [m for m in members if fold_name(m.last_name).startswith(fold_name(prefix or ""))]
    index = NameIndex(services.table)
    with pages_of(size):
        for start in (0, 1, len(wanted) // 2, len(wanted)):
            after = name_order(wanted[start - 1]) if start else ""
            found = list(index.in_order(account, prefix, after, from_item))
            assert found == [(name_order(member), member) for member in wanted[start:]]
    assert len(wanted) > 2
