"""Searches on a real engine: every member exactly once, in order, whatever the page size, at a known price."""

import math
from collections.abc import Iterator
from itertools import cycle, pairwise, repeat

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chalicelib import config
from chalicelib.dynamodb import retries
from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Busy, Malformed
from chalicelib.imports.bulk_writer import BulkWriter
from chalicelib.imports.outcomes import MemberRow
from chalicelib.members.items import SHARDS, fold_name, member_key, member_key_of, name_order, shard_of
from chalicelib.members.model import Member, MemberKey, NewMember
from chalicelib.members.repository import MemberRepository
from chalicelib.members.search import MemberSearch, Search
from tests.support.metering import metered
from tests.support.people import odd_people, person, phone, set_fields
from tests.support.request_faults import leave_unprocessed

ODD = 200
MANY = 1000


def add(people: list[NewMember]) -> None:
    """Writes members, fast."""
    bulk = BulkWriter(Table(config.dynamodb(), config.settings().table_name), "listing", "create", 8)
    outcomes = bulk.write([MemberRow(line, new) for line, new in enumerate(people, 1)])
    assert {outcome.outcome for outcome in outcomes.values()} <= {"created"}


@pytest.fixture(scope="module")
def odd(settings: object) -> list[NewMember]:
    """An account of members with odd names, in the order they are listed in."""
    people = odd_people("odd-names", ODD)
    add(people)
    return sorted(people, key=lambda new: name_order(Member.model_construct(**new.__dict__)).encode())


@pytest.fixture(scope="module")
def many(settings: object) -> list[NewMember]:
    """An account of a thousand, in the order they are listed in."""
    people = [person("many", n, last_name=f"Mouse {n * 7919 % MANY:04}") for n in range(MANY)]
    add(people)
    return sorted(people, key=lambda new: new.last_name)


def pages(listing: MemberSearch, search: Search, limit: int) -> Iterator[list[Member]]:
    cursor = None
    while True:
        page = listing.find(search, limit, cursor)
        yield page.members
        cursor = page.cursor
        if not cursor:
            return


def ids(members: list[Member] | list[NewMember]) -> list[str]:
    return [member.client_member_id for member in members]


def all_ids(listing: MemberSearch, search: Search, limit: int) -> list[str]:
    return [one for page in pages(listing, search, limit) for one in ids(page)]


# ---- An account's members ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 7, 37, 199, 200, 201, 500])
def test_an_account_is_listed_in_name_order_each_member_once(
    listing: MemberSearch, odd: list[NewMember], limit: int
) -> None:
    served = list(pages(listing, Search(account_id="odd-names"), limit))
    assert [one for page in served for one in ids(page)] == ids(odd)
    assert all(len(page) == limit for page in served[:-1])
    assert len(served) == math.ceil(ODD / limit)  # no empty page at the end


@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.integers(0, 150))
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_pages_of_any_sizes_follow_one_another(
    listing: MemberSearch, odd: list[NewMember], limits: list[int], start: int
) -> None:
    search = Search(account_id="odd-names")
    cursor, at = None, 0
    if start:
        cursor, at = listing.find(search, start).cursor, start
    for limit in limits:
        if at >= ODD:
            break
        page = listing.find(search, limit, cursor)
        assert ids(page.members) == ids(odd)[at : at + limit]
        cursor, at = page.cursor, at + limit
        assert (cursor is None) is (at >= ODD)


def test_names_are_ordered_as_people_look_them_up(
    table: MemberRepository, listing: MemberSearch, account: str
) -> None:
    names = ["abel", "Abel", "ABEL", "Baker", "de Boer", "Zorn", "Ångström"]
    for n, name in enumerate(reversed(names)):
        table.create(person(account, n, last_name=name, first_name="x" if name == "abel" else "X"))
    found = listing.find(Search(account_id=account), 100).members
    assert [m.last_name.casefold() for m in found] == sorted(name.casefold() for name in names)
    same = [m for m in found if m.last_name.casefold() == "abel"]
    assert ids(same) == sorted(ids(same))  # equal names by client member id


@pytest.mark.parametrize(
    "prefix",
    [
        "m",
        "MOUSE",
        "mouse-",
        "mouse s",
        "str",
        "strass",
        "straß",
        "ß",
        "🦊",
        "🦊🦊",
        "李",
        "ΐ",
        "\u03b9",
        "\U0010ffff",
        "zz",
        "i",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("limit", [3, 100])
def test_a_prefix_finds_every_last_name_that_begins_with_it(
    listing: MemberSearch, odd: list[NewMember], prefix: str, limit: int
) -> None:
    expected = [new for new in odd if fold_name(new.last_name).startswith(fold_name(prefix))]
    assert all_ids(listing, Search(account_id="odd-names", last_name=prefix), limit) == ids(expected)


def test_a_prefix_of_full_length_finds_its_name(listing: MemberSearch, odd: list[NewMember]) -> None:
    for name in ("ΐ" * 64, "ß" * 64, "🦊" * 64, "\U0010ffff" * 64):
        expected = [new for new in odd if fold_name(new.last_name) == fold_name(name)]
        assert expected
        assert all_ids(listing, Search(account_id="odd-names", last_name=name), 10) == ids(expected)


def test_pages_go_on_while_members_come_and_go(
    table: MemberRepository, listing: MemberSearch, account: str
) -> None:
    """Who was there all the time is served once; the member that the cursor points at may go, too."""
    people = [person(account, n, last_name=f"M{n:03}") for n in range(60)]
    add(people)
    search = Search(account_id=account)
    first = listing.find(search, 20)
    table.delete(MemberKey(account, "m19"))  # the last one served
    table.delete(MemberKey(account, "m5"))  # one served before
    table.delete(MemberKey(account, "m20"))  # the next
    table.create(person(account, 100, last_name="M000a"))  # before the cursor
    table.create(person(account, 101, last_name="M030a"))  # after it
    rest = all_ids(listing, search, 7) if first.cursor is None else []
    cursor = first.cursor
    while cursor:
        page = listing.find(search, 7, cursor)
        rest += ids(page.members)
        cursor = page.cursor
    assert rest == [*(f"m{n}" for n in range(21, 31)), "m101", *(f"m{n}" for n in range(31, 60))]


def test_a_member_who_moves_is_found_where_it_is(
    table: MemberRepository, listing: MemberSearch, account: str
) -> None:
    old = table.create(person(account))
    other = account + "-too"
    table.change(MemberKey(account, "m1"), set_fields(account_id=other))
    assert listing.find(Search(account_id=account), 10).members == []
    assert ids(listing.find(Search(account_id=other), 10).members) == [old.client_member_id]


# ---- What a page costs -------------------------------------------------------------------------------------------


def test_a_small_account_costs_one_query_a_shard(listing: MemberSearch, account: str) -> None:
    add([person(account, n) for n in range(5)])
    with metered(config.dynamodb()) as meter:
        assert len(listing.find(Search(account_id=account), 100).members) == 5
    assert meter.calls == {"Query": SHARDS}
    assert meter.items_read == 5
    assert meter.units <= SHARDS * 0.5  # half a unit each, the least a query costs


@pytest.mark.parametrize("limit", [1, 10, 100, 500])
def test_a_page_reads_little_more_than_it_serves(
    listing: MemberSearch, many: list[NewMember], limit: int
) -> None:
    """One more than the page, and what the shards hold unevenly: two standard deviations of a shard's share.

    A shard that holds still more of the page is asked again, which is rare: then it costs one query more.
    """
    share = (limit + 1) / SHARDS
    first = math.ceil(share + 2 * math.sqrt(share))
    costs = []
    cursor = None
    while True:
        with metered(config.dynamodb()) as meter:
            page = listing.find(Search(account_id="many"), limit, cursor)
        extra = meter.calls["Query"] - SHARDS
        costs.append((meter.items_read, extra))
        assert meter.items_read <= SHARDS * first + extra * first
        assert meter.units <= 0.5 * (SHARDS + extra) * math.ceil(
            first * 400 / 4096
        )  # a member is below 400 bytes
        cursor = page.cursor
        if not cursor or len(costs) == 20:
            break
    assert sum(extra for _, extra in costs) <= len(costs) * 1.0
    assert sum(read for read, _ in costs) <= len(costs) * (SHARDS * first + first)


def test_a_thousand_members_by_thirty_seven(listing: MemberSearch, many: list[NewMember]) -> None:
    assert all_ids(listing, Search(account_id="many"), 37) == ids(many)


def test_the_shards_of_a_thousand_are_even() -> None:
    counts = [0] * SHARDS
    for n in range(MANY):
        counts[shard_of(f"m{n}")] += 1
    assert max(counts) <= 1.3 * MANY / SHARDS


# ---- By phone number, by client member id, all -------------------------------------------------------------------


def test_both_numbers_find_one_member_of_an_account(
    table: MemberRepository, listing: MemberSearch, account: str
) -> None:
    one, two = table.create(person(account, 1)), table.create(person(account, 2))
    for search, found in (
        (Search(account_id=account, client_member_id="m1"), [one]),
        (Search(account_id=account, phone_number=phone(2)), [two]),
        (Search(account_id=account, client_member_id="m1", phone_number=phone(1)), [one]),
        (Search(account_id=account, client_member_id="m1", phone_number=phone(2)), []),
        (Search(account_id=account, phone_number=phone(2), last_name="mou"), [two]),
        (Search(account_id=account, phone_number=phone(2), last_name="rat"), []),
        (Search(account_id=account, client_member_id="m1", last_name="MOUS"), [one]),
        (Search(account_id=account, client_member_id="m3"), []),
        (Search(account_id=account, phone_number=phone(3)), []),
    ):
        with metered(config.dynamodb()) as meter:
            page = listing.find(search, 10)
        assert (page.members, page.cursor) == (found, None)
        assert meter.calls.keys() == {"GetItem"}
        assert meter.units <= 2  # one for the claim, one for the member


@pytest.mark.parametrize("field", ["phone_number", "client_member_id"])
@pytest.mark.parametrize("limit", [1, 3, 12, 13, 50])
def test_one_number_over_all_accounts_is_paged(
    table: MemberRepository, listing: MemberSearch, account: str, field: str, limit: int
) -> None:
    number = {"phone_number": f"+44{int(account[4:], 16) % 10**10:010}", "client_member_id": account}[field]
    accounts = [f"{account}-{letter}" for letter in "abcdefghijkl"] + [account + "-🦊"]
    for n, one in enumerate(accounts):
        table.create(person(one, n, **{field: number}))
    search = Search(**{field: number})
    served = list(pages(listing, search, limit))
    assert [m.account_id for page in served for m in page] == accounts
    assert len(served) == math.ceil(len(accounts) / limit)
    both = listing.find(Search(**{field: number, "last_name": "mouse"}), 50)
    assert len(both.members) == len(accounts)


def test_a_phone_number_with_a_client_member_id_is_both(
    table: MemberRepository, listing: MemberSearch, account: str
) -> None:
    shared = {"phone_number": phone(777), "client_member_id": account}
    table.create(person(account + "-a", **shared))
    table.create(person(account + "-b", **shared | {"phone_number": phone(778)}))
    table.create(person(account + "-c", **shared | {"client_member_id": "else"}))
    found = listing.find(Search(**shared), 500).members
    assert [m.account_id for m in found if m.account_id.startswith(account)] == [account + "-a"]


def test_a_write_is_seen_by_the_very_next_search_by_number(
    table: MemberRepository, listing: MemberSearch, account: str
) -> None:
    for n in range(20):
        new = table.create(person(account, n))
        assert listing.find(Search(account_id=account, phone_number=phone(n)), 1).members == [new]
        assert listing.find(Search(account_id=account, client_member_id=f"m{n}"), 1).members == [new]


def test_all_members_are_paged_each_once(
    listing: MemberSearch, odd: list[NewMember], many: list[NewMember]
) -> None:
    found = [m for page in pages(listing, Search(), 90) for m in page]
    assert len({m.id for m in found}) == len(found)
    assert {m.id for m in found} >= {new.id for new in [*odd, *many]}


def test_all_members_go_on_from_one_that_is_gone(
    table: MemberRepository, listing: MemberSearch, account: str, odd: list[NewMember], many: list[NewMember]
) -> None:
    """The start of a scan need not exist. Of two members one has others after it, wherever they came to stand."""
    keys = {table.create(person(account, n)).id: MemberKey(account, f"m{n}") for n in (1, 2)}
    whole = [m.id for page in pages(listing, Search(), 500) for m in page]
    at = next(n for n, one in enumerate(whole) if one in keys)
    cursor = listing.find(Search(), at + 1).cursor
    table.delete(keys[whole[at]])
    rest = listing.find(Search(), len(whole), cursor).members
    assert [m.id for m in rest] == whole[at + 1 :]


# ---- Keys that a BatchGetItem leaves unprocessed ------------------------------------------------------------------


@pytest.fixture
def eight(table: MemberRepository, account: str) -> list[Item]:
    """The keys of eight members."""
    return [member_key(account, table.create(person(account, n)).client_member_id) for n in range(8)]


def asked_again(keys: list[Item]) -> list[str]:
    """The client member ids of the members that are found under keys."""
    found = Table(config.dynamodb(), config.settings().table_name).batch_get(keys)
    return sorted(member_key_of(item).client_member_id for item in found)


def test_unprocessed_keys_are_asked_again(eight: list[Item]) -> None:
    with leave_unprocessed(config.dynamodb(), [3, 0, 0]) as left:
        assert asked_again(eight) == [f"m{n}" for n in range(8)]
    assert left == [5, 5, 5, 0]


def test_keys_that_are_never_processed_end_as_busy(
    eight: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 3)
    with leave_unprocessed(config.dynamodb(), repeat(0)) as left, pytest.raises(Busy) as error:
        asked_again(eight)
    assert left == [8] * 3
    assert error.value.headers["Retry-After"]


def test_keys_that_come_one_by_one_are_all_waited_for(
    eight: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only attempts that bring nothing count."""
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 3)
    with leave_unprocessed(config.dynamodb(), cycle([0, 1])) as left:
        assert asked_again(eight) == [f"m{n}" for n in range(8)]
    assert left == [8, 7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0]


def test_keys_are_asked_again_after_a_pause_despite_progress(
    eight: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without time for a pause there is no second request."""
    monkeypatch.setattr(retries, "MAX_WAIT_SECONDS", -1.0)
    with leave_unprocessed(config.dynamodb(), repeat(1)) as left, pytest.raises(Busy):
        asked_again(eight)
    assert left == [7]


# ---- Cursors -----------------------------------------------------------------------------------------------------


def test_a_cursor_belongs_to_its_kind_of_search(
    table: MemberRepository, listing: MemberSearch, account: str
) -> None:
    shared = {"phone_number": phone(4242), "client_member_id": account}
    for letter in "abc":
        table.create(person(account + letter, **shared))
    add([person(account, n) for n in range(3)])
    searches = [
        Search(account_id=account),
        Search(phone_number=phone(4242)),
        Search(client_member_id=account),
        Search(),
    ]
    cursors = [listing.find(search, 1).cursor for search in searches]
    assert all(cursors)
    for one, cursor in enumerate(cursors):
        for other, search in enumerate(searches):
            if one == other:
                listing.find(search, 1, cursor)
                continue
            with pytest.raises(Malformed) as error:
                listing.find(search, 1, cursor)
            assert error.value.code == "invalid_cursor"


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda b: b.hex()))
@hypothesis_settings(max_examples=50, deadline=None)
def test_no_made_up_cursor_does_harm(cursor: str) -> None:
    with pytest.raises(Malformed):
        MemberSearch(None).find(Search(), 1, cursor)  # type: ignore[arg-type]


def test_a_cursor_of_another_account_only_says_where_to_go_on(
    listing: MemberSearch, odd: list[NewMember], many: list[NewMember]
) -> None:
    """It holds names and an id, and opens nothing."""
    cursor = listing.find(Search(account_id="odd-names"), 60).cursor
    found = listing.find(Search(account_id="many"), 500, cursor).members
    assert {m.account_id for m in found} <= {"many"}
    assert all(one.last_name < two.last_name for one, two in pairwise(found))
