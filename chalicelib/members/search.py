"""Finds members. Each search uses the cheapest key or index, and pages never skip a member."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import BATCH_GET_LIMIT, Table
from chalicelib.fields.text import SEPARATOR
from chalicelib.scope import Scope

from .cursors import read_cursor, write_cursor
from .items import claim_key, fold_name, from_item, member_key, member_key_of
from .model import Member
from .name_index import NameIndex

ALL_ACCOUNTS = Scope()
Position = Callable[[Item], list[str]]  # the parts of a cursor after an item
MAX_LOOKUPS = 3  # per phone number: its owner may move between the two reads


@dataclass(frozen=True, slots=True)
class Search:
    """The values to search for; None matches any value. `last_name` is a prefix and needs an account."""

    account_id: str | None = None
    client_member_id: str | None = None
    phone_number: str | None = None
    last_name: str | None = None

    def matches(self, member: Member) -> bool:
        """Returns whether the member has all these values."""
        return (
            self.account_id in (None, member.account_id)
            and self.client_member_id in (None, member.client_member_id)
            and self.phone_number in (None, member.phone_number)
            and fold_name(member.last_name).startswith(fold_name(self.last_name or ""))
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some members, and the cursor of the next page; None on the last page."""

    members: list[Member]
    cursor: str | None


class MemberSearch:
    """The searches over one table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._names = NameIndex(table)

    def find(
        self, search: Search, limit: int, cursor: str | None = None, scope: Scope = ALL_ACCOUNTS
    ) -> Page:
        """Returns at most `limit` matching members after `cursor`; without an account, those of the scope.

        An account's members are in name order, from an eventually consistent index. Searches by client member id or
        phone number are strongly consistent. Raises Malformed for a cursor of another kind of search.
        """
        if search.account_id is not None and (search.client_member_id or search.phone_number):
            read_cursor(cursor, "one", 0)  # there is only one page: reject every cursor
            return self._find_one(search.account_id, search)
        if search.phone_number is not None:
            return self._by_phone(search, limit, read_cursor(cursor, "phone", 1), scope)
        if search.client_member_id is not None:
            return self._by_client_id(search, limit, read_cursor(cursor, "client", 1), scope)
        if search.account_id is not None:
            return self._by_name(search.account_id, search.last_name, limit, read_cursor(cursor, "name", 3))
        if scope.accounts is not None:
            return self._by_accounts(scope.accounts, limit, read_cursor(cursor, "accounts", 4))
        return self._all(limit, read_cursor(cursor, "all", 4))

    def _find_one(self, account_id: str, search: Search) -> Page:
        """Returns an account's only possible match, by client member id or phone number."""
        if search.client_member_id is not None:
            item = self._table.get(member_key(account_id, search.client_member_id))
            member = from_item(item) if item else None
        else:
            member = self._owner(account_id, search.phone_number or "")
        return Page([member] if member and search.matches(member) else [], None)

    def _owner(self, account_id: str, phone_number: str) -> Member | None:
        """Returns the owner of a phone number. Reads again if the owner moved between the two reads."""
        for _ in range(MAX_LOOKUPS):
            claim = self._table.get(claim_key(account_id, phone_number))
            if claim is None:
                return None
            item = self._table.get(member_key(*member_key_of(claim)))
            if item and item["phone_number"]["S"] == phone_number:
                return from_item(item)
        return None

    def _by_phone(self, search: Search, limit: int, after: list[str] | None, scope: Scope) -> Page:
        """Returns the members of all accounts that have a phone number, through its claims."""
        key = partial(claim_key, phone_number=search.phone_number or "")
        claims = list(islice(self._items_by_account(key, after, limit + 1, scope), limit + 1))
        items = self._table.batch_get([member_key(*member_key_of(claim)) for claim in claims[:limit]])
        found = sorted(map(from_item, items), key=lambda member: member.account_id)
        # A member that moved between the two reads no longer matches.
        members = [member for member in found if search.matches(member)]
        return Page(members, _next_cursor("phone", claims, limit, _account_of))

    def _by_client_id(self, search: Search, limit: int, after: list[str] | None, scope: Scope) -> Page:
        key = partial(member_key, client_member_id=search.client_member_id or "")
        items = list(islice(self._items_by_account(key, after, limit + 1, scope), limit + 1))
        return _page("client", items, limit, _account_of)

    def _by_name(self, account_id: str, prefix: str | None, limit: int, after: list[str] | None) -> Page:
        """Returns an account's members in name order. The cursor is a sort key, whatever the shard."""
        items = self._names.list_account(account_id, prefix, after, limit + 1)
        return _page("name", items, limit, _name_of)

    def _by_accounts(self, accounts: Iterable[str], limit: int, after: list[str] | None) -> Page:
        """Returns the members of several accounts, one account after another, each in name order."""
        reached, *names = after or [""]
        items: list[Item] = []
        for account_id in sorted(account for account in accounts if account >= reached):
            start = names if account_id == reached else None
            items += self._names.list_account(account_id, None, start, limit + 1 - len(items))
            if len(items) > limit:
                break
        return _page("accounts", items, limit, _account_and_name_of)

    def _all(self, limit: int, after: list[str] | None) -> Page:
        items = self._names.list_all(after, limit + 1)
        return _page("all", items, limit, _account_and_name_of)

    def _items_by_account(
        self, key: Callable[[str], Item], after: list[str] | None, size: int, scope: Scope
    ) -> Iterator[Item]:
        """Yields the item under `key` of each account in the scope, by account id, after the account in `after`."""
        reached = (after or [""])[0]
        if scope.accounts is None:
            yield from self._query_partition(key(""), reached, size)
            return
        names = sorted(account for account in scope.accounts if account > reached)
        for i in range(0, len(names), BATCH_GET_LIMIT):
            found = self._table.batch_get([key(name) for name in names[i : i + BATCH_GET_LIMIT]])
            yield from sorted(found, key=lambda item: member_key_of(item).account_id)

    def _query_partition(self, start: Item, after: str, size: int) -> Iterator[Item]:
        """Yields the items of one partition by account id, after the account `after`."""
        query: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk AND sk > :after",
            "ExpressionAttributeValues": {":pk": start["pk"], ":after": {"S": start["sk"]["S"] + after}},
            "ConsistentRead": True,
            "Limit": size,
        }
        yield from self._table.query_all(**query)


def _page(kind: str, items: list[Item], limit: int, position: Position) -> Page:
    return Page([from_item(item) for item in items[:limit]], _next_cursor(kind, items, limit, position))


def _next_cursor(kind: str, items: list[Item], limit: int, position: Position) -> str | None:
    """Returns the cursor after `limit` items, or None if there are no more items."""
    return write_cursor(kind, position(items[limit - 1])) if len(items) > limit else None


def _account_of(item: Item) -> list[str]:
    return [member_key_of(item).account_id]


def _name_of(item: Item) -> list[str]:
    return str(item["name_order"]["S"]).split(SEPARATOR)


def _account_and_name_of(item: Item) -> list[str]:
    return _account_of(item) + _name_of(item)
