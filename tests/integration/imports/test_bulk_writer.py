"""Writing many rows on a real engine: in effect one after the other, best effort, and the same done again."""

import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chalicelib import config
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Busy, NotFound, Taken
from chalicelib.imports.bulk_writer import MAX_DEFERRED, BulkWriter
from chalicelib.imports.model import Mode
from chalicelib.imports.outcomes import MemberRow, Outcome
from chalicelib.members.model import Member, MemberKey, NewMember
from chalicelib.members.repository import MemberRepository
from infra.package import table_definition
from tests.support.concurrency import run_concurrently
from tests.support.metering import counts_units_as_aws, metered
from tests.support.people import person, phone, set_fields
from tests.support.request_faults import client_without_retries, error_response, inject_faults, lose_response
from tests.support.tables import members_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


NOTES: dict[tuple[str, str], Mapping[int, Outcome]] = {}  # by import and account, of loads done again


def load(
    people: Sequence[NewMember],
    mode: Mode = "create",
    import_id: str = "",
    client: "DynamoDBClient | None" = None,
    table_name: str = "",
) -> list[Outcome]:
    """Writes people as the lines of a file, from line 2 on; the outcomes in their order."""
    client, table_name = client or config.dynamodb(), table_name or config.settings().table_name
    import_id = import_id or uuid.uuid4().hex
    chunk = import_id, "".join(one.account_id for one in people[:1])

    def note(outcomes: Mapping[int, Outcome]) -> None:
        NOTES[chunk] = dict(outcomes)

    bulk = BulkWriter(
        Table(client, table_name), import_id, mode, 4, known=NOTES.get(chunk), save_checkpoint=note
    )
    entries = [MemberRow(line, new) for line, new in enumerate(people, 2)]
    outcomes = bulk.write(entries)
    assert outcomes.keys() == {entry.line for entry in entries}
    return [outcomes[entry.line] for entry in entries]


def said(outcomes: Sequence[Outcome]) -> list[str]:
    """What became of each row, in a word."""
    return [outcome.code or outcome.outcome for outcome in outcomes]


def rest(member: Member) -> dict[str, str]:
    """What a caller decides about a member, less the account."""
    return {name: value for name, value in member.writable().items() if name != "account_id"}


# ---- Mode create -------------------------------------------------------------------------------------------------


def test_rows_that_are_there_already_cost_reads_and_no_writes(table: MemberRepository, account: str) -> None:
    people = [person(account, n) for n in range(120)]
    assert set(said(load(people))) == {"created"}
    changed = [*people[:-1], person(account, 119, first_name="Ann"), person(account, 120)]
    with metered(config.dynamodb()) as meter:
        outcomes = said(load(changed))
    assert outcomes == ["unchanged"] * 119 + ["client_member_id_taken", "created"]
    assert meter.calls["TransactWriteItems"] == 1  # of the one that is new
    assert {m.first_name for m in members_of(account).values()} == {"Ralph"}


def test_every_good_row_goes_in_and_every_bad_one_says_why(table: MemberRepository, account: str) -> None:
    holder = table.create(person(account, 1))
    outcomes = load(
        [
            person(account, 2),
            person(account, 3, phone_number=holder.phone_number),
            person(account, 4, client_member_id="m1"),
            person(account, 1),
            person(account, 5),
        ]
    )
    assert said(outcomes) == [
        "created",
        "phone_number_taken",
        "client_member_id_taken",
        "unchanged",
        "created",
    ]
    assert holder.id in outcomes[1].reason
    assert holder.id in outcomes[2].reason
    members = members_of(account)
    assert members.keys() == {"m1", "m2", "m5"}
    assert members["m1"] == holder


def test_rows_that_clash_within_the_file_name_the_line_that_came_first(
    table: MemberRepository, account: str
) -> None:
    outcomes = load(
        [
            person(account, 1),
            person(account, 2, phone_number=phone(1)),
            person(account, 3, client_member_id="m1"),
            person(account, 1),  # the same row again
            person(account, 1, first_name="Minnie"),
        ]
    )
    assert said(outcomes) == [
        "created",
        "phone_number_taken",
        "client_member_id_taken",
        "unchanged",
        "client_member_id_taken",
    ]
    assert all("line 2 of this file" in outcomes[n].reason for n in (1, 2, 4))
    assert members_of(account).keys() == {"m1"}


def test_a_rejected_row_takes_nothing_from_those_after_it(table: MemberRepository, account: str) -> None:
    """A and B share a phone number, B and C an id: B is out, so C is in."""
    outcomes = load(
        [
            person(account, 1, client_member_id="a", phone_number=phone(1)),
            person(account, 2, client_member_id="b", phone_number=phone(1)),
            person(account, 3, client_member_id="b", phone_number=phone(3)),
            person(account, 4, client_member_id="c", phone_number=phone(3)),
        ]
    )
    assert said(outcomes) == ["created", "phone_number_taken", "created", "phone_number_taken"]
    assert "line 4 of this file" in outcomes[3].reason
    assert members_of(account).keys() == {"a", "b"}


def test_one_file_may_hold_the_same_numbers_for_several_accounts(
    table: MemberRepository, account: str
) -> None:
    accounts = [account + letter for letter in "abc"]
    assert said(load([person(one) for one in accounts])) == ["created"] * 3
    assert [members_of(one).keys() for one in accounts] == [{"m1"}] * 3


def test_a_hundred_and_twenty_rows_with_clashes_all_over(table: MemberRepository, account: str) -> None:
    for n in range(0, 120, 9):
        table.create(person(account, n + 1000, phone_number=phone(n)))
    for n in range(4, 120, 9):
        table.create(person(account, n + 2000, client_member_id=f"m{n}"))
    before = members_of(account)
    outcomes = load([person(account, n) for n in range(120)])
    expected = {0: "phone_number_taken", 4: "client_member_id_taken"}
    assert said(outcomes) == [expected.get(n % 9, "created") for n in range(120)]
    after = members_of(account)
    assert len(after) == len(before) + said(outcomes).count("created")
    assert before.items() <= after.items()


def test_rows_are_written_fifty_to_a_transaction(table: MemberRepository, account: str) -> None:
    with metered(config.dynamodb()) as meter:
        load([person(account, n) for n in range(120)])
    assert meter.calls == {"TransactWriteItems": 3, "BatchGetItem": 1}  # and a glance at what is there
    if counts_units_as_aws():
        assert meter.units == 120 * 5


def test_a_batch_with_bad_rows_is_written_again_without_them_once(
    table: MemberRepository, account: str
) -> None:
    for n in range(5):
        table.create(person(account, n))
    with metered(config.dynamodb()) as meter:
        outcomes = load([person(account, n, last_name="Vole") for n in range(50)])
    assert Counter(said(outcomes)) == {"created": 45, "client_member_id_taken": 5}
    assert meter.calls == {"TransactWriteItems": 2, "BatchGetItem": 1}


def test_a_roster_sent_again_one_row_off_costs_reads_alone(table: MemberRepository, account: str) -> None:
    """Each row wants the number of the next one's member, which nobody will let go of: none has to wait."""
    people = [person(account, n) for n in range(120)]
    load(people)
    shifted = [person(account, n, phone_number=phone(n + 1)) for n in range(120)]
    with metered(config.dynamodb()) as meter:
        assert set(said(load(shifted, import_id="shifted"))) == {"client_member_id_taken"}
    assert meter.calls == {"BatchGetItem": 3}  # a glance, then all: a hundred a read
    assert ("shifted", account) not in NOTES


# ---- Mode upsert -------------------------------------------------------------------------------------------------


def test_an_upsert_meets_another_member_in_the_place_of_the_one_it_read(
    table: MemberRepository, account: str
) -> None:
    """It is at the same version; written over as read, it would lose its phone number to nobody."""
    old = person(account)
    table.create(old)

    def replaced(_: object) -> None:
        table.delete(MemberKey(account, old.client_member_id))
        table.create(person(account, first_name="Ann", phone_number=phone(2)))

    client = client_without_retries()
    with inject_faults(client, "PutItem", replaced):
        assert said(load([person(account, first_name="Rolf")], "upsert", client=client)) == ["updated"]
    assert rest(members_of(account)["m1"]) == {
        "client_member_id": "m1",
        "first_name": "Rolf",
        "last_name": "Mouse",
        "phone_number": phone(1),
    }


def test_an_upsert_creates_updates_and_leaves_alone(table: MemberRepository, account: str) -> None:
    olds = [table.create(person(account, n)) for n in range(4)]
    outcomes = load(
        [
            person(account, 0),
            person(account, 1, last_name="Vole"),
            person(account, 2, phone_number=phone(99)),
            person(account, 4, phone_number=phone(3)),
            person(account, 5),
        ],
        "upsert",
    )
    assert said(outcomes) == ["unchanged", "updated", "updated", "phone_number_taken", "created"]
    assert olds[3].id in outcomes[3].reason
    members = members_of(account)
    assert members["m0"] == olds[0]
    assert members["m3"] == olds[3]
    assert (members["m1"].last_name, members["m1"].version) == ("Vole", 2)
    assert (members["m2"].phone_number, members["m2"].created_at) == (phone(99), olds[2].created_at)


def test_the_later_of_two_rows_about_one_member_has_the_last_word(
    table: MemberRepository, account: str
) -> None:
    outcomes = load(
        [
            person(account, 1),
            person(account, 1, last_name="Vole"),
            person(account, 1, last_name="Vole"),
            person(account, 1, phone_number=phone(9)),
            person(account, 2, phone_number=phone(1)),  # which the row above has freed
        ],
        "upsert",
    )
    assert said(outcomes) == ["created", "updated", "unchanged", "updated", "created"]
    members = members_of(account)
    assert (members["m1"].phone_number, members["m2"].phone_number) == (phone(9), phone(1))


def test_a_phone_number_passes_on_when_its_holder_lets_go_first(
    table: MemberRepository, account: str
) -> None:
    for n in range(3):
        table.create(person(account, n))
    rows = [
        person(account, 0, phone_number=phone(10)),
        person(account, 1, phone_number=phone(0)),
        person(account, 2, phone_number=phone(1)),
    ]
    assert said(load(rows, "upsert")) == ["updated"] * 3
    assert [members_of(account)[f"m{n}"].phone_number for n in range(3)] == [phone(10), phone(0), phone(1)]


def test_rows_that_want_held_numbers_are_told_without_a_write(table: MemberRepository, account: str) -> None:
    load([person(account, n) for n in range(120)])
    shifted = [person(account, n, phone_number=phone(n + 1), first_name="") for n in range(120)]
    with metered(config.dynamodb()) as meter:
        outcomes = said(load(shifted, "upsert"))
    assert outcomes == ["phone_number_taken"] * 119 + ["updated"]
    assert meter.calls == {"BatchGetItem": 2, "TransactWriteItems": 1}


def test_a_chain_of_numbers_costs_a_transaction_a_row_and_no_note(
    table: MemberRepository, account: str
) -> None:
    """Each row takes what the row before it has let go of. All can be found again by their members."""
    load([person(account, n) for n in range(1, 61)])
    chain = [person(account, n, phone_number=phone(n - 1)) for n in range(1, 61)]
    with metered(config.dynamodb()) as meter:
        assert said(load(chain, "upsert", "chain")) == ["updated"] * 60
    assert meter.calls == {"BatchGetItem": 1, "TransactWriteItems": 60}
    assert ("chain", account) not in NOTES
    assert said(load(chain, "upsert", "chain")) == ["updated"] * 60


def test_a_row_waits_however_far_behind_it_stands(table: MemberRepository, account: str) -> None:
    """More rows wait for one member than a wave looks at."""
    rows = [person(account, 1)] * (MAX_DEFERRED + 20)
    rows += [person(account, 1, phone_number=phone(9)), person(account, 2, phone_number=phone(1))]
    outcomes = said(load(rows, "upsert"))
    assert outcomes == ["created"] + ["unchanged"] * (MAX_DEFERRED + 19) + ["updated", "created"]


def test_a_new_member_without_a_name_is_told_so_wherever_its_number_is(
    table: MemberRepository, account: str
) -> None:
    load([person(account)])
    rows = [person(account, n, phone_number=phone(1), first_name="") for n in (2, 3)]
    assert said(load(rows, "upsert")) == ["blank", "blank"]


def test_two_rows_that_swap_phone_numbers_are_both_rejected(table: MemberRepository, account: str) -> None:
    """Written one after the other neither can go first; a third number in between would do it."""
    olds = [table.create(person(account, n)) for n in range(2)]
    swap = [person(account, 0, phone_number=phone(1)), person(account, 1, phone_number=phone(0))]
    assert said(load(swap, "upsert")) == ["phone_number_taken"] * 2
    assert members_of(account) == {old.client_member_id: old for old in olds}
    detour = [person(account, 0, phone_number=phone(99)), swap[1], swap[0]]
    assert said(load(detour, "upsert")) == ["updated"] * 3
    assert [members_of(account)[f"m{n}"].phone_number for n in range(2)] == [phone(1), phone(0)]


# ---- Done again --------------------------------------------------------------------------------------------------

MIXED: list[tuple[int, dict[str, str]]] = [
    (1, {}),
    (2, {"phone_number": phone(1)}),
    (3, {}),
    (3, {"last_name": "Vole"}),
    (4, {"phone_number": phone(500)}),
    (500, {"last_name": "Vole"}),
    (5, {}),
    (6, {"phone_number": phone(5)}),
    (501, {}),
]


def mixed(account: str) -> list[NewMember]:
    """Rows of every fate, if members 500 and 501 exist."""
    return [person(account, number, **fields) for number, fields in MIXED]


@pytest.mark.parametrize("mode", ["create", "upsert"])
def test_the_same_rows_again_say_the_same_and_change_nothing(
    table: MemberRepository, account: str, mode: Mode
) -> None:
    for n in (500, 501):
        table.create(person(account, n))
    first = load(mixed(account), mode, "one")
    before = members_of(account)
    assert load(mixed(account), mode, "one") == first
    assert members_of(account) == before


@pytest.mark.parametrize("mode", ["create", "upsert"])
@pytest.mark.parametrize("done", range(1, len(MIXED)))
def test_a_load_cut_off_and_done_again_ends_as_if_it_had_not_been(
    table: MemberRepository, account: str, mode: Mode, done: int
) -> None:
    whole, cut = account + "-whole", account + "-cut"
    for one in (whole, cut):
        for n in (500, 501):
            table.create(person(one, n))
    expected = load(mixed(whole), mode, "whole")
    load(mixed(cut)[:done], mode, "cut")
    assert said(load(mixed(cut), mode, "cut")) == said(expected)
    after = {name: rest(member) for name, member in members_of(cut).items()}
    assert after == {name: rest(member) for name, member in members_of(whole).items()}


def test_another_import_of_the_same_rows_finds_them_unchanged(table: MemberRepository, account: str) -> None:
    rows = [person(account, n) for n in range(60)]
    load(rows)
    before = members_of(account)
    assert said(load(rows)) == ["unchanged"] * 60
    assert said(load(rows, "upsert")) == ["unchanged"] * 60
    assert members_of(account) == before


def test_a_member_changed_since_is_not_set_back_by_a_redelivery(
    table: MemberRepository, account: str
) -> None:
    rows = [person(account, n) for n in range(3)]
    for mode in ("create", "upsert"):
        load(rows, mode, f"import-{mode}")
    table.change(MemberKey(account, "m1"), set_fields(last_name="Vole"))
    assert said(load(rows, "create", "import-create")) == ["created"] * 3
    assert members_of(account)["m1"].last_name == "Vole"


def test_recall_knows_what_was_written_and_writes_nothing(table: MemberRepository, account: str) -> None:
    table.create(person(account, 500))
    rows = mixed(account)
    one, two = (
        BulkWriter(Table(config.dynamodb(), config.settings().table_name), "recalled", "create", 4)
        for _ in range(2)
    )
    entries = [MemberRow(line, new) for line, new in enumerate(rows, 2)]
    first = one.write(entries[:5])
    before = members_of(account)
    assert two.recall(entries) == {line: o for line, o in first.items() if o.outcome == "created"}
    assert members_of(account) == before


def test_a_lost_answer_does_not_reject_its_own_rows(settings: object, account: str) -> None:
    client = client_without_retries()
    with inject_faults(client, "TransactWriteItems", lose_response, lose_response) as requests:
        outcomes = load([person(account, n) for n in range(60)], client=client)
    assert len(requests) == 4
    assert said(outcomes) == ["created"] * 60
    assert len(members_of(account)) == 60


def test_a_load_that_meets_throttles_goes_on_after_them(settings: object, account: str) -> None:
    client = client_without_retries()
    throttled = error_response("TransactionCanceledException", reasons=["ThrottlingError"] + ["None"] * 99)
    with inject_faults(
        client, "TransactWriteItems", throttled, error_response("ThrottlingException"), throttled
    ):
        outcomes = load([person(account, n) for n in range(60)], client=client)
    assert said(outcomes) == ["created"] * 60


# ---- Against a model ---------------------------------------------------------------------------------------------

ROW = st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from("AB"))


def one_by_one(
    stored: dict[str, tuple[str, str]], rows: Sequence[tuple[str, str, str]], mode: Mode
) -> list[set[str]]:
    """What may be said of each row (client member id, phone number, name) written alone, in order, into `stored`.

    A row that clashes twice may be told either reason.
    """
    fates: list[set[str]] = []
    for client_member_id, number, name in rows:
        held = any(other[0] == number for one, other in stored.items() if one != client_member_id)
        old = stored.get(client_member_id)
        if old == (number, name):
            fates.append({"unchanged"})
        elif (old and mode == "create") or held:
            reasons = {"client_member_id_taken": old and mode == "create", "phone_number_taken": held}
            fates.append({reason for reason, true in reasons.items() if true})
        else:
            stored[client_member_id] = (number, name)
            fates.append({"updated" if old else "created"})
    return fates


@pytest.fixture(scope="module")
def small_table(settings: object) -> Iterator[str]:
    """A table of this module's own, since each look at an account reads all of it."""
    name = f"rollcall-test-{uuid.uuid4().hex[:8]}"
    config.dynamodb().create_table(**{**table_definition(), "TableName": name})
    yield name
    config.dynamodb().delete_table(TableName=name)


@pytest.mark.parametrize("mode", ["create", "upsert"])
@given(before=st.lists(ROW, max_size=4), rows=st.lists(ROW, min_size=1, max_size=12))
@example(before=[(0, 0, "A")], rows=[(1, 0, "A"), (0, 0, "A"), (1, 1, "A")])
@example(before=[], rows=[(0, 0, "A"), (1, 0, "A"), (0, 1, "A")])
@example(before=[(0, 0, "A")], rows=[(2, 2, "A"), (0, 1, "B"), (0, 0, "A")])
@hypothesis_settings(max_examples=50, deadline=None)
def test_a_load_ends_as_if_its_rows_were_written_one_by_one(
    small_table: str,
    mode: Mode,
    before: list[tuple[int, int, str]],
    rows: list[tuple[int, int, str]],
) -> None:
    account = f"acc-{uuid.uuid4().hex[:12]}"

    def people(some: list[tuple[int, int, str]]) -> list[NewMember]:
        return [person(account, n, phone_number=phone(p), first_name=name) for n, p, name in some]

    def plain(some: list[tuple[int, int, str]]) -> list[tuple[str, str, str]]:
        return [(new.client_member_id, new.phone_number, new.first_name) for new in people(some)]

    stored: dict[str, tuple[str, str]] = {}
    one_by_one(stored, plain(before), "upsert")
    load(people(before), "upsert", table_name=small_table)
    expected = one_by_one(stored, plain(rows), mode)
    outcomes = load(people(rows), mode, account, table_name=small_table)
    assert all(word in fate for word, fate in zip(said(outcomes), expected, strict=True)), (
        said(outcomes),
        expected,
    )
    after = members_of(account, small_table)
    assert {name: (m.phone_number, m.first_name) for name, m in after.items()} == stored
    # A row that clashes both ways may name the other clash the second time; nothing else may differ.
    again = load(people(rows), mode, account, table_name=small_table)
    assert all(word in fate for word, fate in zip(said(again), expected, strict=True)), (
        said(again),
        expected,
    )
    assert members_of(account, small_table) == after


# ---- Beside others -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["create", "upsert"])
def test_a_load_and_callers_of_the_api_on_the_same_members_keep_every_rule(
    table: MemberRepository, account: str, mode: Mode
) -> None:
    """While rows are written, others create, change, move and delete the very members that the rows are about."""
    for n in range(0, 120, 3):
        table.create(person(account, n))

    def call(seed: int) -> Counter[str]:
        dice = random.Random(seed)
        tally: Counter[str] = Counter()
        for _ in range(60):
            n, number = dice.randrange(120), phone(dice.randrange(150))
            acts: list[Callable[[], object]] = [
                partial(table.create, person(account, n, phone_number=number)),
                partial(table.put, person(account, n, phone_number=number, first_name="Caller")),
                partial(table.delete, MemberKey(account, f"m{n}")),
            ]
            try:
                dice.choice(acts)()
                tally["done"] += 1
            except (Taken, NotFound, Busy) as error:
                tally[error.code] += 1
        return tally

    rows = [person(account, n, last_name="Vole") for n in range(120)]
    outcomes, *tallies = run_concurrently(
        [partial(load, rows, mode), *(partial(call, seed) for seed in range(3))]
    )
    assert isinstance(outcomes, list), outcomes
    assert all(isinstance(tally, Counter) and not tally["busy"] for tally in tallies), tallies
    members = members_of(account)
    assert all(m.last_name in ("Mouse", "Vole") for m in members.values())


def test_two_loads_of_the_same_rows_at_once_share_them(table: MemberRepository, account: str) -> None:
    rows = [person(account, n) for n in range(150)]
    one, two = run_concurrently([partial(load, rows, "create", name) for name in ("one", "two")])
    assert isinstance(one, list), one
    assert isinstance(two, list), two
    for pair in zip(said(one), said(two), strict=True):
        assert sorted(pair) == ["created", "unchanged"]
    assert len(members_of(account)) == 150


def test_one_load_delivered_twice_at_once_counts_every_row_as_its_own(
    table: MemberRepository, account: str
) -> None:
    rows = [person(account, n) for n in range(150)]
    results = run_concurrently([partial(load, rows, "create", "one")] * 2)
    assert [said(r) for r in results if isinstance(r, list)] == [["created"] * 150] * 2
    assert len(members_of(account)) == 150
