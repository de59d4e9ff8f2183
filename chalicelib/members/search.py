"""Finds members: each search takes the cheapest way into the table, and pages never skip a member."""

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
from .items import claim_key, folded, from_item, key_of, member_key
from .model import Member
from .name_index import NameIndex

EVERYWHERE = Scope()
MAX_LOOKUPS = 3  # of a phone number whose owner is moved between the two reads


@dataclass(frozen=True, slots=True)
class Search:
    """The values a member must have; None is no condition. `last_name` is a prefix and needs an account."""

    account_id: str | None = None
    client_member_id: str | None = None
    phone_number: str | None = None
    last_name: str | None = None

    def matches(self, member: Member) -> bool:
        """Returns whether the member has all of them."""
        return (
            self.account_id in (None, member.account_id)
            and self.client_member_id in (None, member.client_member_id)
            and self.phone_number in (None, member.phone_number)
            and folded(member.last_name).startswith(folded(self.last_name or ""))
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some members, and the cursor of the next page, None after the last."""

    members: list[Member]
    cursor: str | None


class MemberSearch:
    """The searches over one table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._names = NameIndex(table)

    def find(self, search: Search, limit: int, cursor: str | None = None, scope: Scope = EVERYWHERE) -> Page:
        """Returns at most `limit` members that match, from `cursor` on; without an account, those of the scope.

        An account's members come in name order, through an index that is eventually consistent. A search by client
        member id or phone number reads the table itself, strongly consistent. Raises Malformed for a cursor of
        another search.
        """
        if search.account_id is not None and (search.client_member_id or search.phone_number):
            read_cursor(cursor, "one", 0)  # one member makes one page: every cursor is refused
            return self._one(search.account_id, search)
        if search.phone_number is not None:
            return self._by_phone(search, limit, read_cursor(cursor, "phone", 1), scope)
        if search.client_member_id is not None:
            return self._by_client_id(search, limit, read_cursor(cursor, "client", 1), scope)
        if search.account_id is not None:
            return self._by_name(search.account_id, search.last_name, limit, read_cursor(cursor, "name", 3))
        if scope.accounts is not None:
            return self._of_accounts(scope.accounts, limit, read_cursor(cursor, "accounts", 4))
        return self._everyone(limit, read_cursor(cursor, "all", 4))

    def _one(self, account_id: str, search: Search) -> Page:
        """Returns the one member of an account that can match, by client member id or phone number."""
        if search.client_member_id is not None:
            item = self._table.get(member_key(account_id, search.client_member_id))
            member = from_item(item) if item else None
        else:
            member = self._owner(account_id, search.phone_number or "")
        return Page([member] if member and search.matches(member) else [], None)

    def _owner(self, account_id: str, phone_number: str) -> Member | None:
        """Returns the owner of a phone number. One that moves between the two reads is looked up again."""
        for _ in range(MAX_LOOKUPS):
            claim = self._table.get(claim_key(account_id, phone_number))
            if claim is None:
                return None
            item = self._table.get(member_key(*key_of(claim)))
            if item and item["phone_number"]["S"] == phone_number:
                return from_item(item)
        return None

    def _by_phone(self, search: Search, limit: int, after: list[str] | None, scope: Scope) -> Page:
        """Returns the members of all accounts that have a phone number, through its claims."""
        key = partial(claim_key, phone_number=search.phone_number or "")
        claims = list(islice(self._over_accounts(key, after, limit + 1, scope), limit + 1))
        items = self._table.batch_get([member_key(*key_of(claim)) for claim in claims[:limit]])
        found = sorted(map(from_item, items), key=lambda member: member.account_id)
        # A member may have been moved between the two reads; it no longer has this number.
        return Page([m for m in found if search.matches(m)], _next_account("phone", claims, limit))

    def _by_client_id(self, search: Search, limit: int, after: list[str] | None, scope: Scope) -> Page:
        key = partial(member_key, client_member_id=search.client_member_id or "")
        items = list(islice(self._over_accounts(key, after, limit + 1, scope), limit + 1))
        return _page(items, limit, _next_account("client", items, limit))

    def _by_name(self, account_id: str, prefix: str | None, limit: int, after: list[str] | None) -> Page:
        """Returns an account's members in name order. The cursor is the last sort key, in whichever shard it is."""
        items = self._names.in_order(account_id, prefix, after, limit + 1)
        return _page(items, limit, _next_name("name", items, limit))

    def _of_accounts(self, accounts: Iterable[str], limit: int, after: list[str] | None) -> Page:
        """Returns the members of some accounts, one account after the other, each in name order."""
        reached, *names = after or [""]
        items: list[Item] = []
        for account_id in sorted(account for account in accounts if account >= reached):
            start = names if account_id == reached else None
            items += self._names.in_order(account_id, None, start, limit + 1 - len(items))
            if len(items) > limit:
                break
        return _page(items, limit, _next_listed("accounts", items, limit))

    def _everyone(self, limit: int, after: list[str] | None) -> Page:
        items = self._names.everyone(after, limit + 1)
        return _page(items, limit, _next_listed("all", items, limit))

    def _over_accounts(
        self, key: Callable[[str], Item], after: list[str] | None, size: int, scope: Scope
    ) -> Iterator[Item]:
        """Yields the items under a key of each account in the scope, by account id, after the account in `after`."""
        reached = (after or [""])[0]
        if scope.accounts is None:
            yield from self._partition(key(""), reached, size)
            return
        names = sorted(account for account in scope.accounts if account > reached)
        for i in range(0, len(names), BATCH_GET_LIMIT):
            found = self._table.batch_get([key(name) for name in names[i : i + BATCH_GET_LIMIT]])
            yield from sorted(found, key=lambda item: key_of(item).account_id)

    def _partition(self, start: Item, after: str, size: int) -> Iterator[Item]:
        """Yields the items of one partition by account id, after this account."""
        query: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk AND sk > :after",
            "ExpressionAttributeValues": {":pk": start["pk"], ":after": {"S": start["sk"]["S"] + after}},
            "ConsistentRead": True,
            "Limit": size,
        }
        yield from self._table.query_all(**query)


def _page(items: list[Item], limit: int, cursor: str | None) -> Page:
    return Page([from_item(item) for item in items[:limit]], cursor)


def _next_account(kind: str, items: list[Item], limit: int) -> str | None:
    """Returns the cursor after `limit` items of a partition, where more were found."""
    return write_cursor(kind, [key_of(items[limit - 1]).account_id]) if len(items) > limit else None


def _next_name(kind: str, items: list[Item], limit: int) -> str | None:
    """Returns the cursor after `limit` items of one account, where more were found."""
    return write_cursor(kind, _names_of(items[limit - 1])) if len(items) > limit else None


def _next_listed(kind: str, items: list[Item], limit: int) -> str | None:
    """Returns the cursor after `limit` items of several accounts, where more were found."""
    if len(items) <= limit:
        return None
    last = items[limit - 1]
    return write_cursor(kind, [key_of(last).account_id, *_names_of(last)])


def _names_of(item: Item) -> list[str]:
    return str(item["name_order"]["S"]).split(SEPARATOR)
