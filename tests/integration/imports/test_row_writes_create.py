"""Writing many rows in the mode create on a real engine."""

from collections import Counter

from chalicelib import config
from chalicelib.members.repository import MemberRepository
from tests.support.metering import counts_units_as_aws, metered
from tests.support.people import person, phone
from tests.support.tables import members_of
from tests.support.written_rows import codes, load


def test_existing_rows_cost_reads_and_no_writes(table: MemberRepository, account: str) -> None:
    people = [person(account, n) for n in range(120)]
    assert set(codes(load(people))) == {"created"}
    changed = [*people[:-1], person(account, 119, first_name="Ann"), person(account, 120)]
    with metered(config.dynamodb()) as meter:
        outcomes = codes(load(changed))
    assert outcomes == ["unchanged"] * 119 + ["client_member_id_taken", "created"]
    assert meter.calls["TransactWriteItems"] == 1  # of the new member
    assert {m.first_name for m in members_of(account).values()} == {"Ralph"}


def test_good_rows_are_created_and_bad_rows_name_the_holder(table: MemberRepository, account: str) -> None:
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
    assert codes(outcomes) == [
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


def test_clash_within_the_file_names_the_earlier_line(table: MemberRepository, account: str) -> None:
    outcomes = load(
        [
            person(account, 1),
            person(account, 2, phone_number=phone(1)),
            person(account, 3, client_member_id="m1"),
            person(account, 1),  # the same row again
            person(account, 1, first_name="Minnie"),
        ]
    )
    assert codes(outcomes) == [
        "created",
        "phone_number_taken",
        "client_member_id_taken",
        "unchanged",
        "client_member_id_taken",
    ]
    assert all("line 2 of this file" in outcomes[n].reason for n in (1, 2, 4))
    assert members_of(account).keys() == {"m1"}


def test_rejected_row_takes_no_value_from_later_rows(table: MemberRepository, account: str) -> None:
    """A and B share a phone number, B and C an id: B is out, so C is in."""
    outcomes = load(
        [
            person(account, 1, client_member_id="a", phone_number=phone(1)),
            person(account, 2, client_member_id="b", phone_number=phone(1)),
            person(account, 3, client_member_id="b", phone_number=phone(3)),
            person(account, 4, client_member_id="c", phone_number=phone(3)),
        ]
    )
    assert codes(outcomes) == ["created", "phone_number_taken", "created", "phone_number_taken"]
    assert "line 4 of this file" in outcomes[3].reason
    assert members_of(account).keys() == {"a", "b"}


def test_accounts_of_one_file_may_share_phone_numbers(table: MemberRepository, account: str) -> None:
    accounts = [account + letter for letter in "abc"]
    assert codes(load([person(one) for one in accounts])) == ["created"] * 3
    assert [members_of(one).keys() for one in accounts] == [{"m1"}] * 3


def test_clashes_in_every_batch_reject_only_their_rows(table: MemberRepository, account: str) -> None:
    for n in range(0, 120, 9):
        table.create(person(account, n + 1000, phone_number=phone(n)))
    for n in range(4, 120, 9):
        table.create(person(account, n + 2000, client_member_id=f"m{n}"))
    before = members_of(account)
    outcomes = load([person(account, n) for n in range(120)])
    expected = {0: "phone_number_taken", 4: "client_member_id_taken"}
    assert codes(outcomes) == [expected.get(n % 9, "created") for n in range(120)]
    after = members_of(account)
    assert len(after) == len(before) + codes(outcomes).count("created")
    assert before.items() <= after.items()


def test_rows_are_written_fifty_to_a_transaction(table: MemberRepository, account: str) -> None:
    with metered(config.dynamodb()) as meter:
        load([person(account, n) for n in range(120)])
    # And the item of the import, and a read of the sample.
    assert meter.calls == {"TransactWriteItems": 3, "BatchGetItem": 1, "PutItem": 1}
    if counts_units_as_aws():
        assert meter.units == 120 * 5 + 1


def test_batch_with_bad_rows_is_written_again_once(table: MemberRepository, account: str) -> None:
    for n in range(5):
        table.create(person(account, n))
    with metered(config.dynamodb()) as meter:
        outcomes = load([person(account, n, last_name="Vole") for n in range(50)])
    assert Counter(codes(outcomes)) == {"created": 45, "client_member_id_taken": 5}
    assert meter.calls == {"TransactWriteItems": 2, "BatchGetItem": 1, "PutItem": 1}


def test_existing_members_with_shifted_numbers_cost_only_reads(table: MemberRepository, account: str) -> None:
    people = [person(account, n) for n in range(120)]
    load(people)
    shifted = [person(account, n, phone_number=phone(n + 1)) for n in range(120)]
    with metered(config.dynamodb()) as meter:
        assert set(codes(load(shifted, import_id="shifted"))) == {"client_member_id_taken"}
    assert meter.calls == {"BatchGetItem": 3, "PutItem": 1}  # the sample, then all: a hundred a read
