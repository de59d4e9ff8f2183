"""Finds members. Each search uses the cheapest key or index.

Pages skip no member that keeps its name. A member that is renamed meanwhile may be missing or appear twice.

Cursors mark where the next page of a search starts. They are opaque to callers and validated when read.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import islice

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import BATCH_GET_LIMIT, Table
from chalicelib.errors import InvalidCursor
from chalicelib.fields.text import MAX_LENGTH, SEPARATOR
from chalicelib.scope import UNLIMITED, Scope

from .filtered import Filter, FilteredMembers
from .folding import fold_name
from .items import claim_key, from_item, member_key, member_key_of
from .model import Member, decode_parts, encode_parts
from .name_index import NameIndex
from .name_search import NameSearch
from .person_names import NameStart, readings

MAX_LOOKUPS = 3  # per phone number: its holder may move between the two reads


@dataclass(frozen=True, slots=True)
class Search:
    """The values to search for; None matches any value. All but the ids and `phone_number` need an account.

    `last_name` is a prefix, `name` the start of a last name, or of both names (`person_names.readings`).
    `phone_ends_with` are digits. `modified_since` is the earliest time (see clock.iso_time) of the last write.
    `descending`, the order by name from Z to A, has no effect on searches by these three.
    """

    account_id: str | None = None
    client_member_id: str | None = None
    phone_number: str | None = None
    phone_ends_with: str | None = None
    last_name: str | None = None
    name: str | None = None
    modified_since: str | None = None
    descending: bool = False

    def starts(self) -> list[NameStart]:
        """Returns the starts of names, one of which the member's have."""
        return readings(self.name) if self.name else [NameStart("")]

    def matcher(self) -> Callable[[Member], bool]:
        """Returns a function that says whether a member has all these values."""
        prefix, starts = fold_name(self.last_name or ""), self.starts()

        def matches(member: Member) -> bool:
            last, first = fold_name(member.last_name), fold_name(member.first_name)
            return (
                self.account_id in (None, member.account_id)
                and self.client_member_id in (None, member.client_member_id)
                and self.phone_number in (None, member.phone_number)
                and member.phone_number.endswith(self.phone_ends_with or "")
                and (self.modified_since or "") <= member.last_modified
                and last.startswith(prefix)
                and any(start.matches(last, first) for start in starts)
            )

        return matches


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
        self._people = NameSearch(table)

    def find(self, search: Search, limit: int, cursor: str | None = None, scope: Scope = UNLIMITED) -> Page:
        """Returns at most `limit` matching members after `cursor`; without an account, those of the scope.

        An account's members are in name order, from an eventually consistent index. Searches by client member id or
        phone number are strongly consistent. Raises InvalidCursor for one of another kind of search.
        """
        if search.account_id is not None and (search.client_member_id or search.phone_number):
            read_cursor(cursor, "one", 0)  # there is only one page: reject every cursor
            return self._find_one(search.account_id, search)
        if search.phone_number is not None:
            return self._by_phone(search, limit, read_cursor(cursor, "phone", 1), scope)
        if search.client_member_id is not None:
            key = partial(member_key, client_member_id=search.client_member_id)
            items = self._items_by_account(key, read_cursor(cursor, "client", 1), limit + 1, scope)
            return _page("client", items, limit)
        if search.account_id is not None:
            return self._by_account(search.account_id, search, limit, cursor)
        if scope.accounts is not None:
            return self._by_accounts(scope.accounts, limit, read_cursor(cursor, "accounts", 4))
        items = self._names.list_all(read_cursor(cursor, "all", 4), limit + 1)
        return _page("all", items, limit)

    def _by_account(self, account_id: str, search: Search, limit: int, cursor: str | None) -> Page:
        """Returns an account's members in name order; in no order those that are found by reading all of them."""
        if search.modified_since or search.phone_ends_with:
            return self._by_reading(account_id, search, limit, read_cursor(cursor, "modified", 3))
        if search.name:
            after = SEPARATOR.join(read_cursor(cursor, "name", 3) or [])
            items, end = self._people.page(account_id, search.starts(), _accept(search), after, limit)
            return _partial_page("name", items, end)
        kind = "name-desc" if search.descending else "name"
        names = read_cursor(cursor, kind, 3)  # a sort key, whatever the shard
        items = self._names.list_account(
            account_id, search.last_name, names, limit + 1, descending=search.descending
        )
        return _page(kind, items, limit)

    def _by_reading(self, account_id: str, search: Search, limit: int, after: list[str] | None) -> Page:
        """Returns an account's members that no key finds."""
        wanted = Filter(search.modified_since or "", search.phone_ends_with or "")
        members = FilteredMembers(self._table, wanted, _accept(search))
        prefix, place = fold_name(search.last_name or ""), SEPARATOR.join(after or [])
        return _partial_page("modified", *members.page(account_id, prefix, place, limit))

    def _find_one(self, account_id: str, search: Search) -> Page:
        """Returns an account's only possible match, by client member id or phone number."""
        if search.client_member_id is not None:
            item = self._table.get(member_key(account_id, search.client_member_id))
            member = from_item(item) if item else None
        else:
            member = self._holder(account_id, search.phone_number or "")
        return Page([member] if member and search.matcher()(member) else [], None)

    def _holder(self, account_id: str, phone_number: str) -> Member | None:
        """Returns the holder of a phone number. Reads again if the holder moved between the two reads."""
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
        claims = self._items_by_account(key, after, limit + 1, scope)
        items = self._table.batch_get([member_key(*member_key_of(claim)) for claim in claims[:limit]])
        found = sorted(map(from_item, items), key=lambda member: member.account_id)
        # A member that moved between the two reads no longer matches.
        return Page(list(filter(search.matcher(), found)), _next_cursor("phone", claims, limit))

    def _by_accounts(self, accounts: Iterable[str], limit: int, after: list[str] | None) -> Page:
        """Returns the members of several accounts, one account after another, each in name order."""
        reached, *names = after or [""]
        items: list[Item] = []
        for account_id in sorted(account for account in accounts if account >= reached):
            start = names if account_id == reached else None
            items += self._names.list_account(account_id, None, start, limit + 1 - len(items))
            if len(items) > limit:
                break
        return _page("accounts", items, limit)

    def _items_by_account(
        self, key: Callable[[str], Item], after: list[str] | None, size: int, scope: Scope
    ) -> list[Item]:
        """Returns `size` items under `key` in the accounts of the scope, by account id, after the one in `after`."""
        reached = (after or [""])[0]
        if scope.accounts is None:
            found = self._table.query_all(
                KeyConditionExpression="pk = :pk AND sk > :after",
                ExpressionAttributeValues={":pk": key(reached)["pk"], ":after": key(reached)["sk"]},
                ConsistentRead=True,
                Limit=size,
            )
            return list(islice(found, size))
        names = sorted(account for account in scope.accounts if account > reached)
        items: list[Item] = []
        while names and len(items) < size:
            batch, names = names[:BATCH_GET_LIMIT], names[BATCH_GET_LIMIT:]
            items += sorted(self._table.batch_get([key(name) for name in batch]), key=_account_of)
        return items[:size]


def _page(kind: str, items: list[Item], limit: int) -> Page:
    return Page([from_item(item) for item in items[:limit]], _next_cursor(kind, items, limit))


def _partial_page(kind: str, items: list[Item], end: str | None) -> Page:
    """Returns a page that may be short; the next one starts after `end`."""
    following = encode_parts(kind, *end.split(SEPARATOR)) if end else None
    return Page([from_item(item) for item in items], following)


def _accept(search: Search) -> Callable[[Item], bool]:
    """Returns a function that says whether the member in an item is searched for."""
    matches = search.matcher()
    return lambda item: matches(from_item(item))


def _next_cursor(kind: str, items: list[Item], limit: int) -> str | None:
    """Returns the cursor after `limit` items, or None if there are no more items."""
    if len(items) <= limit:
        return None
    last = items[limit - 1]
    account = [] if kind.startswith("name") else [_account_of(last)]
    names = [] if kind in {"client", "phone"} else last["name_order"]["S"].split(SEPARATOR)
    return encode_parts(kind, *account, *names)


def _account_of(item: Item) -> str:
    return member_key_of(item).account_id


def read_cursor(cursor: str | None, kind: str, length: int) -> list[str] | None:
    """Returns the `length` parts of a cursor of this kind, or None. Raises InvalidCursor for any other."""
    if cursor is None:
        return None
    try:
        found, *parts = decode_parts(cursor)
    except ValueError:
        found, parts = "", []
    if found != kind or len(parts) != length or not all(0 < len(part) <= MAX_LENGTH for part in parts):
        raise InvalidCursor
    return parts
