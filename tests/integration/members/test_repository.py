"""MemberTable on a real engine: its verbs, its rules, races, what a write costs, and what a lost answer does."""

import os
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import config
from chalicelib.dynamodb import retries
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Busy, NotFound, Stale, Taken
from chalicelib.members.items import to_item
from chalicelib.members.model import Member, MemberKey, NewMember, parse_member_id
from chalicelib.members.repository import MemberRepository
from tests.support.concurrency import run_concurrently
from tests.support.metering import counts_units_as_aws, metered
from tests.support.people import person, phone, set_fields
from tests.support.request_faults import (
    Fault,
    client_without_retries,
    error_response,
    inject_faults,
    lose_request,
    lose_response,
    refuse_connection,
)
from tests.support.tables import members_of

ROUNDS = int(os.environ.get("RACE_ROUNDS", "200"))

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def key(new: NewMember | Member) -> MemberKey:
    return MemberKey(new.account_id, new.client_member_id)


def current(expected: Member | None) -> Callable[[str | None], bool]:
    """The condition that this state of the member is the current one."""
    return lambda etag: etag == (expected and expected.etag)


# ---- The verbs ---------------------------------------------------------------------------------------------------


def test_a_created_member_is_there_at_once(table: MemberRepository, account: str) -> None:
    created = table.create(person(account))
    assert created.version == 1
    assert created.created_at == created.last_modified
    assert table.get(key(created)) == created
    assert members_of(account) == {"m1": created}


def test_an_id_says_the_key_and_nothing_else_is_stored_for_it(table: MemberRepository, account: str) -> None:
    created = table.create(person(account))
    assert parse_member_id(created.id) == key(created)


def test_a_member_nobody_created_is_not_found(table: MemberRepository, account: str) -> None:
    for act in (table.get, table.delete, partial(table.change, edit=set_fields(first_name="Minnie"))):
        with pytest.raises(NotFound):
            act(MemberKey(account, "m1"))


def test_a_phone_number_belongs_to_one_member_of_an_account(table: MemberRepository, account: str) -> None:
    holder = table.create(person(account, 1))
    with pytest.raises(Taken) as error:
        table.create(person(account, 2, phone_number=holder.phone_number))
    assert error.value.code == "phone_number_taken"
    assert [e.pointer for e in error.value.errors] == ["#/phone_number"]
    assert [e.holder.member_id for e in error.value.errors if e.holder] == [holder.id]
    assert holder.id in error.value.detail
    assert members_of(account) == {"m1": holder}


def test_a_client_member_id_belongs_to_one_member_of_an_account(
    table: MemberRepository, account: str
) -> None:
    holder = table.create(person(account, 1))
    with pytest.raises(Taken) as error:
        table.create(person(account, 2, client_member_id="m1"))
    assert error.value.code == "client_member_id_taken"
    assert [e.holder.member_id for e in error.value.errors if e.holder] == [holder.id]
    assert members_of(account) == {"m1": holder}


def test_a_clash_of_both_names_each_holder(table: MemberRepository, account: str) -> None:
    one, two = table.create(person(account, 1)), table.create(person(account, 2))
    with pytest.raises(Taken) as error:
        table.create(person(account, 1, phone_number=two.phone_number))
    assert [e.code for e in error.value.errors] == ["client_member_id_taken", "phone_number_taken"]
    assert [e.holder.member_id for e in error.value.errors if e.holder] == [one.id, two.id]


def test_another_account_may_have_the_same_numbers(table: MemberRepository, account: str) -> None:
    one = table.create(person(account))
    two = table.create(person(account + "-too"))
    assert (one.phone_number, one.client_member_id) == (two.phone_number, two.client_member_id)
    assert one.id != two.id
    assert members_of(account) == {"m1": one}
    assert members_of(account + "-too") == {"m1": two}


@pytest.mark.parametrize(
    ("account_id", "client_member_id"),
    [
        ("#", "#"),  # the character that joins the parts of keys
        ("ACCOUNT#1", "CLIENT#1"),  # a key's own words
        ("a/b?c=d&e", "%2F+ "),  # what a URL would take amiss
        ("🦊" * 64, "🦊" * 64),  # as many bytes as 64 characters can have
    ],
    ids=["separators", "words of keys", "reserved in URLs", "longest"],
)
def test_ids_may_hold_any_characters(
    table: MemberRepository, account: str, account_id: str, client_member_id: str
) -> None:
    account_id = (account[-8:] + account_id)[:64]  # of this run's own, in front
    created = table.create(person(account_id, client_member_id=client_member_id))
    assert table.get(MemberKey(account_id, client_member_id)) == created
    assert members_of(account_id) == {client_member_id: created}
    table.delete(key(created))
    assert members_of(account_id) == {}


def test_a_change_of_names_counts_a_version_and_keeps_the_rest(table: MemberRepository, account: str) -> None:
    old = table.create(person(account))
    new = table.change(key(old), set_fields(first_name="Minnie", last_name="Vole"))
    assert (new.first_name, new.last_name, new.version) == ("Minnie", "Vole", 2)
    assert (new.id, new.phone_number, new.created_at) == (old.id, old.phone_number, old.created_at)
    assert new.last_modified >= old.last_modified
    assert members_of(account) == {"m1": new}


def test_a_change_that_changes_nothing_writes_nothing(table: MemberRepository, account: str) -> None:
    old = table.create(person(account))
    with metered(config.dynamodb()) as meter:
        assert table.change(key(old), set_fields(first_name="Ralph")) == old
        assert table.put(person(account)) == (old, False)
    assert meter.calls == {"GetItem": 2}


def test_a_changed_phone_number_frees_the_old_one(table: MemberRepository, account: str) -> None:
    old = table.create(person(account, 1))
    new = table.change(key(old), set_fields(phone_number=phone(9)))
    heir = table.create(person(account, 2, phone_number=old.phone_number))
    assert members_of(account) == {"m1": new, "m2": heir}
    assert (new.version, new.created_at) == (2, old.created_at)


MOVES = {
    "client member id": {"client_member_id": "moved"},
    "client member id and phone": {"client_member_id": "moved", "phone_number": phone(9)},
    "account": {"account_id": "other"},
    "account and phone": {"account_id": "other", "phone_number": phone(9)},
    "account and client member id": {"account_id": "other", "client_member_id": "moved"},
    "all at once": {
        "account_id": "other",
        "client_member_id": "moved",
        "phone_number": phone(9),
        "first_name": "Minnie",
        "last_name": "Vole",
    },
}


@pytest.mark.parametrize("fields", MOVES.values(), ids=MOVES.keys())
def test_a_member_moves_with_its_id_and_leaves_nothing_behind(
    table: MemberRepository, account: str, fields: dict[str, str]
) -> None:
    other = account + "-too"
    fields = {name: other if value == "other" else value for name, value in fields.items()}
    old = table.create(person(account))
    new = table.change(key(old), set_fields(**fields))
    assert new.writable() == old.writable() | fields
    assert (new.version, new.created_at) == (2, old.created_at)
    assert new.id != old.id
    assert table.get(key(new)) == new
    with pytest.raises(NotFound):
        table.get(key(old))
    found = members_of(account) | members_of(other)
    assert found == {new.client_member_id: new}
    freed = fields.keys() & {"account_id", "phone_number"}
    assert table.create(person(account, **{} if freed else {"phone_number": phone(8)})).version == 1


def test_a_member_cannot_move_onto_another(table: MemberRepository, account: str) -> None:
    one, two = table.create(person(account, 1)), table.create(person(account, 2))
    with pytest.raises(Taken) as error:
        table.change(key(one), set_fields(client_member_id="m2"))
    assert error.value.code == "client_member_id_taken"
    assert [e.holder.member_id for e in error.value.errors if e.holder] == [two.id]
    with pytest.raises(Taken) as error:
        table.change(key(one), set_fields(client_member_id="m3", phone_number=two.phone_number))
    assert error.value.code == "phone_number_taken"
    with pytest.raises(Taken) as error:
        table.change(key(one), set_fields(phone_number=two.phone_number))
    assert [e.holder.member_id for e in error.value.errors if e.holder] == [two.id]
    assert members_of(account) == {"m1": one, "m2": two}


def test_a_member_cannot_move_to_an_account_where_its_phone_is_taken(
    table: MemberRepository, account: str
) -> None:
    other = account + "-too"
    one, two = table.create(person(account, 1)), table.create(person(other, 2, phone_number=phone(1)))
    with pytest.raises(Taken) as error:
        table.change(key(one), set_fields(account_id=other))
    assert [e.holder.member_id for e in error.value.errors if e.holder] == [two.id]
    assert members_of(account) == {"m1": one}
    assert members_of(other) == {"m2": two}


def test_put_creates_then_replaces_then_does_nothing(table: MemberRepository, account: str) -> None:
    created, is_new = table.put(person(account))
    assert (is_new, created.version) == (True, 1)
    replaced, is_new = table.put(person(account, last_name="Vole", phone_number=phone(9)))
    assert (is_new, replaced.version, replaced.created_at) == (False, 2, created.created_at)
    assert table.put(person(account, last_name="Vole", phone_number=phone(9))) == (replaced, False)
    assert members_of(account) == {"m1": replaced}


def test_put_is_refused_a_phone_number_of_another(table: MemberRepository, account: str) -> None:
    holder = table.create(person(account, 1))
    for _ in range(2):  # as a new member, then as one that exists
        with pytest.raises(Taken) as error:
            table.put(person(account, 2, phone_number=holder.phone_number))
        assert error.value.code == "phone_number_taken"
        table.put(person(account, 2))


def test_a_deleted_member_frees_both_its_numbers(table: MemberRepository, account: str) -> None:
    old = table.create(person(account))
    table.delete(key(old))
    assert members_of(account) == {}
    with pytest.raises(NotFound):
        table.delete(key(old))
    assert table.create(person(account)).version == 1


def test_a_condition_on_the_version_stops_every_write_that_it_refuses(
    table: MemberRepository, account: str
) -> None:
    old = table.create(person(account))
    new = table.change(key(old), set_fields(last_name="Vole"), current(old))
    for stale in (
        lambda: table.change(key(old), set_fields(last_name="Rat"), current(old)),
        lambda: table.change(key(old), set_fields(), current(old)),  # even where it would write nothing
        lambda: table.put(person(account, last_name="Rat"), current(old)),
        lambda: table.put(person(account, last_name="Rat"), current(None)),
        lambda: table.put(person(account, 2), current(old)),  # there is none
        lambda: table.delete(key(old), current(old)),
    ):
        with pytest.raises(Stale):
            stale()
    assert members_of(account) == {"m1": new}
    table.delete(key(old), current(new))
    assert table.put(person(account), current(None))[1]


# ---- Races -------------------------------------------------------------------------------------------------------


def outcomes(results: list[Any]) -> tuple[list[Member], list[Taken]]:
    """The winners and the losers, and nothing else."""
    winners = [r for r in results if isinstance(r, Member)]
    losers = [r for r in results if isinstance(r, Taken)]
    assert len(winners) + len(losers) == len(results), [
        r for r in results if not isinstance(r, Member | Taken)
    ]
    return winners, losers


def test_sixteen_creating_the_same_member_make_one(table: MemberRepository, account: str) -> None:
    """The same phone number and the same client member id, in each round new ones."""
    won = {}
    for n in range(ROUNDS):
        new = person(account, n)
        winners, losers = outcomes(run_concurrently([partial(table.create, new)] * 16))
        assert len(winners) == 1
        assert {e.holder.member_id for loser in losers for e in loser.errors if e.holder} == {winners[0].id}
        won[winners[0].client_member_id] = winners[0]
    assert members_of(account) == won


@pytest.mark.parametrize("field", ["phone_number", "client_member_id"])
def test_sixteen_who_share_one_number_make_one_member(
    table: MemberRepository, account: str, field: str
) -> None:
    won = {}
    for n in range(ROUNDS // 5):
        shared = getattr(person(account, n * 100), field)
        new = [person(account, n * 100 + i, **{field: shared}) for i in range(16)]
        winners, losers = outcomes(run_concurrently([partial(table.create, one) for one in new]))
        assert len(winners) == 1
        assert {loser.code for loser in losers} == {f"{field}_taken"}
        assert {e.holder.member_id for loser in losers for e in loser.errors if e.holder} == {winners[0].id}
        won[winners[0].client_member_id] = winners[0]
    assert members_of(account) == won


def test_changes_at_the_same_moment_are_all_counted(table: MemberRepository, account: str) -> None:
    def add_one(member: Member) -> NewMember:
        return set_fields(first_name=str(int(member.first_name) + 1))(member)

    old = table.create(person(account, first_name="0"))
    results = run_concurrently([partial(table.change, key(old), add_one)] * 12)
    done = [r for r in results if isinstance(r, Member)]
    assert all(isinstance(r, Member | Busy) for r in results)
    new = table.get(key(old))
    assert (new.first_name, new.version) == (str(len(done)), 1 + len(done))
    assert sorted(r.version for r in done) == list(range(2, 2 + len(done)))
    assert members_of(account) == {"m1": new}


def test_phone_changes_at_the_same_moment_leave_one_claim(table: MemberRepository, account: str) -> None:
    old = table.create(person(account))
    results = run_concurrently(
        [partial(table.change, key(old), set_fields(phone_number=phone(n))) for n in range(10, 18)]
    )
    assert all(isinstance(r, Member) for r in results), results
    assert members_of(account)["m1"].version == 9


def test_a_change_and_a_delete_at_the_same_moment_leave_all_or_nothing(
    table: MemberRepository, account: str
) -> None:
    ends: Counter[str] = Counter()
    for n in range(ROUNDS // 5):
        old = table.create(person(account, n))
        edits = (
            {"last_name": "Vole"},
            {"phone_number": phone(n + 5000)},
            {"client_member_id": f"moved{n}"},
        )
        changed, deleted = run_concurrently(
            [partial(table.change, key(old), set_fields(**edits[n % 3])), partial(table.delete, key(old))]
        )
        assert isinstance(changed, Member | NotFound)
        assert deleted is None or isinstance(deleted, NotFound)
        ends[type(changed).__name__] += 1
        if isinstance(changed, Member) and deleted:  # moved away in time
            table.delete(key(changed))
    assert members_of(account) == {}


def test_a_create_and_a_delete_at_the_same_moment_leave_all_or_nothing(
    table: MemberRepository, account: str
) -> None:
    ends: Counter[bool] = Counter()
    for n in range(ROUNDS // 5):
        new = person(account, n)
        was_there = n % 2 == 1
        if was_there:
            table.create(new)
        created, deleted = run_concurrently([partial(table.create, new), partial(table.delete, key(new))])
        assert isinstance(created, Member | Taken)
        assert deleted is None or isinstance(deleted, NotFound)
        # It stands if the create came last: after the delete of an older one, or after one that found nothing.
        stands = isinstance(created, Member) and (was_there or deleted is not None)
        ends[stands] += 1
        if stands:
            table.delete(key(new))
    assert members_of(account) == {}
    assert ends[True]


def test_two_members_after_one_phone_number_do_not_share_it(table: MemberRepository, account: str) -> None:
    one, two = table.create(person(account, 1)), table.create(person(account, 2))
    for n in range(ROUNDS // 5):
        prize = phone(100 + n)
        results = run_concurrently(
            [partial(table.change, key(m), set_fields(phone_number=prize)) for m in (one, two)]
        )
        assert Counter(type(r) for r in results) == {Member: 1, Taken: 1}
    members_of(account)


def test_two_members_who_swap_phone_numbers_are_both_refused_or_follow_each_other(
    table: MemberRepository, account: str
) -> None:
    """Each wants what the other has: neither gets it while the other holds on."""
    one, two = table.create(person(account, 1)), table.create(person(account, 2))
    for _ in range(ROUNDS // 5):
        results = run_concurrently(
            [
                partial(table.change, key(one), set_fields(phone_number=two.phone_number)),
                partial(table.change, key(two), set_fields(phone_number=one.phone_number)),
            ]
        )
        assert all(isinstance(r, Taken) for r in results)
    assert members_of(account) == {"m1": one, "m2": two}


def test_a_crowd_that_does_everything_at_once_keeps_every_rule(table: MemberRepository, account: str) -> None:
    """Eight threads over four ids and four phone numbers: creates, replaces, changes, moves and deletes."""
    tally: Counter[str] = Counter()

    def work(seed: int) -> None:
        for step in range(ROUNDS // 5):
            n, kind = (seed * 7 + step * 3) % 4, (seed + step) % 5
            new = person(account, n, phone_number=phone((seed + step * 5) % 4), first_name=f"{seed}-{step}")
            try:
                if kind == 0:
                    table.create(new)
                elif kind == 1:
                    table.put(new)
                elif kind == 2:
                    table.change(key(new), set_fields(phone_number=new.phone_number))
                elif kind == 3:
                    table.change(key(new), set_fields(client_member_id=f"m{(n + 1) % 4}"))
                else:
                    table.delete(key(new))
                tally["done"] += 1
            except (Taken, NotFound, Busy) as error:
                tally[error.code] += 1

    failures = [r for r in run_concurrently([partial(work, seed) for seed in range(8)]) if r]
    assert not failures
    assert tally["busy"] <= tally.total() // 20
    members_of(account)


@pytest.mark.parametrize("act", ["change", "delete"])
def test_a_member_that_another_took_the_place_of_is_not_taken_for_the_one_that_was_read(
    table: MemberRepository, account: str, act: str
) -> None:
    """Both are at version 1. Written back, the first one's phone number would belong to two members."""
    old, other = person(account), person(account, first_name="Ann", phone_number=phone(2))
    table.create(old)
    looks = iter(range(9))

    def meanwhile(_: str | None) -> bool:
        if next(looks) == 0:
            table.delete(key(old))
            table.create(other)
        return True

    if act == "change":
        changed = table.change(key(old), set_fields(last_name="Moused"), meanwhile)
        assert (changed.first_name, changed.last_name, changed.phone_number) == ("Ann", "Moused", phone(2))
    else:
        table.delete(key(old), meanwhile)
    table.create(person(account, 3, phone_number=old.phone_number))
    assert set(members_of(account)) == ({"m1", "m3"} if act == "change" else {"m3"})


# ---- What a write costs ------------------------------------------------------------------------------------------

# Write units, by DynamoDB's own count, of items below 1 kB. A transaction costs two units an item; what moves a
# member in the index costs one for the entry that goes and one for the entry that comes.
BUDGET = {
    "create": 5.0,  # two items, one entry
    "change a first name": 3.0,  # one item alone, the entry moves: names are its place
    "change a phone number": 7.0,  # three items, the entry is written in its place
    "change a client member id": 8.0,  # three items, the entry moves
    "change an account": 10.0,  # four items, the entry moves
    "delete": 5.0,  # two items, one entry
    "change nothing": 0.0,
}


def test_writes_cost_what_they_are_budgeted(table: MemberRepository, account: str) -> None:
    if not counts_units_as_aws():
        pytest.skip("DynamoDB Local counts write units in its own way")
    old = table.create(person(account))
    acts: dict[str, Callable[[], object]] = {
        "create": lambda: table.create(person(account, 2)),
        "change nothing": lambda: table.change(key(old), set_fields()),
        "change a first name": lambda: table.change(key(old), set_fields(first_name="Minnie")),
        "change a phone number": lambda: table.change(key(old), set_fields(phone_number=phone(9))),
        "change a client member id": lambda: table.change(key(old), set_fields(client_member_id="moved")),
        "change an account": lambda: table.change(
            MemberKey(account, "moved"), set_fields(account_id=account + "-too")
        ),
        "delete": lambda: table.delete(MemberKey(account + "-too", "moved")),
    }
    spent = {}
    for name, act in acts.items():
        with metered(config.dynamodb()) as meter:
            act()
        reads = meter.calls["GetItem"]  # a strongly consistent read of a member is one unit
        spent[name] = meter.units - reads
        assert reads <= 1
        assert meter.calls.total() <= 2
    assert spent == BUDGET


# ---- Faults ------------------------------------------------------------------------------------------------------


@pytest.fixture
def impatient(settings: object) -> "DynamoDBClient":
    """A client that never retries by itself."""
    return client_without_retries()


@pytest.fixture
def frail(impatient: "DynamoDBClient") -> MemberRepository:
    """The members, over that client."""
    return MemberRepository(Table(impatient, config.settings().table_name))


def test_a_create_whose_answer_is_lost_has_happened_once(
    impatient: "DynamoDBClient", frail: MemberRepository, account: str
) -> None:
    with inject_faults(impatient, "TransactWriteItems", lose_response) as requests:
        created = frail.create(person(account))
    assert len(requests) == 2
    assert members_of(account) == {"m1": created}


def test_the_sdk_itself_asks_again_with_the_same_effect(table: MemberRepository, account: str) -> None:
    with inject_faults(config.dynamodb(), "TransactWriteItems", lose_response) as requests:
        created = table.create(person(account))
    with inject_faults(config.dynamodb(), "PutItem", lose_response) as more:
        changed = table.change(key(created), set_fields(first_name="Minnie"))
    assert (len(requests), len(more)) == (2, 2)
    assert changed.version == 2
    assert members_of(account) == {"m1": changed}


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("PutItem", {"first_name": "Minnie"}),
        ("TransactWriteItems", {"phone_number": phone(9)}),
        ("TransactWriteItems", {"client_member_id": "moved"}),
    ],
)
def test_a_change_whose_answer_is_lost_has_happened_once(
    impatient: "DynamoDBClient", frail: MemberRepository, account: str, operation: str, fields: dict[str, str]
) -> None:
    old = frail.create(person(account))
    with inject_faults(impatient, operation, lose_response) as requests:
        new = frail.change(key(old), set_fields(**fields))
    assert len(requests) == 2
    assert new.version == 2
    assert members_of(account) == {new.client_member_id: new}


def test_a_delete_whose_answer_is_lost_has_happened(
    impatient: "DynamoDBClient", frail: MemberRepository, account: str
) -> None:
    old = frail.create(person(account))
    with inject_faults(impatient, "TransactWriteItems", lose_response) as requests:
        frail.delete(key(old))
    assert len(requests) == 2
    assert members_of(account) == {}


def test_the_same_put_of_two_in_one_moment_is_two_writes(
    frail: MemberRepository, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is refused on the first attempt was outrun, even by an item that is the same to the last byte."""
    old = frail.create(person(account, first_name="0"))
    monkeypatch.setattr("chalicelib.members.model.now", lambda: "2026-11-23T04:00:00.000Z")

    def add_one(member: Member) -> NewMember:
        return set_fields(first_name=str(int(member.first_name) + 1))(member)

    def slowly_add_one(member: Member) -> NewMember:
        if member.version == 1:
            frail.change(key(old), add_one)  # someone else's, between our read and our write
        return add_one(member)

    new = frail.change(key(old), slowly_add_one)
    assert (new.first_name, new.version) == ("2", 3)


CANCELED = "TransactionCanceledException"
PASSING = {
    "a conflict of transactions": error_response(CANCELED, reasons=["None", "TransactionConflict"]),
    "a throttled transaction": error_response(CANCELED, reasons=["ThrottlingError", "None"]),
    "a throttled request": error_response("ThrottlingException"),
    "a throttled table": error_response("ProvisionedThroughputExceededException"),
    "the same transaction still under way": error_response("TransactionInProgressException"),
    "an error of the service": error_response("InternalServerError", 500),
    "a gateway without a word": error_response("", 503),
    "a request that never arrives": lose_request,
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_what_passes_is_waited_out(
    impatient: "DynamoDBClient", frail: MemberRepository, account: str, fault: Fault
) -> None:
    with inject_faults(impatient, "TransactWriteItems", fault, fault, fault) as requests:
        created = frail.create(person(account))
    assert len(requests) == 4
    assert members_of(account) == {"m1": created}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_what_does_not_pass_ends_as_busy(
    impatient: "DynamoDBClient",
    frail: MemberRepository,
    account: str,
    fault: Fault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 3)
    with (
        inject_faults(impatient, "TransactWriteItems", *[fault] * 9) as requests,
        pytest.raises(Busy) as error,
    ):
        frail.create(person(account))
    assert len(requests) == 3
    assert error.value.headers["Retry-After"]
    assert members_of(account) == {}


def test_a_single_write_that_meets_a_transaction_is_done_after_it(
    impatient: "DynamoDBClient", frail: MemberRepository, account: str
) -> None:
    old = frail.create(person(account))
    with inject_faults(impatient, "PutItem", error_response("TransactionConflictException")) as requests:
        new = frail.change(key(old), set_fields(first_name="Minnie"))
    assert len(requests) == 2
    assert members_of(account) == {"m1": new}


def test_a_read_that_fails_for_now_is_busy(
    impatient: "DynamoDBClient", frail: MemberRepository, account: str
) -> None:
    for fault in (
        error_response("ThrottlingException"),
        error_response("", 503),
        lose_request,
        refuse_connection,
    ):
        with inject_faults(impatient, "GetItem", fault), pytest.raises(Busy):
            frail.get(MemberKey(account, "m1"))


def test_a_conflict_on_one_leg_does_not_hide_the_clash_on_another(
    impatient: "DynamoDBClient", frail: MemberRepository, account: str
) -> None:
    holder = frail.create(person(account))
    fault = error_response(
        CANCELED, reasons=["ConditionalCheckFailed", "TransactionConflict"], item=to_item(holder)
    )
    with inject_faults(impatient, "TransactWriteItems", fault) as requests, pytest.raises(Taken) as error:
        frail.create(person(account, phone_number=phone(2)))
    assert len(requests) == 1
    assert [e.code for e in error.value.errors] == ["client_member_id_taken"]
