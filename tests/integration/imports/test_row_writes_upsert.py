"""Writing many rows in the mode upsert on a real engine."""

import pytest

from chalicelib import config
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.metering import metered
from tests.support.people import person, phone
from tests.support.request_faults import client_without_retries, inject_faults
from tests.support.tables import members_of
from tests.support.written_rows import codes, load, without_account


def test_upsert_of_a_member_recreated_meanwhile_keeps_its_phone(
    table: MemberRepository, account: str
) -> None:
    """It has the same version: a write over what was read would leave its claim without a member."""
    old = person(account)
    table.create(old)

    def replaced(_: object) -> None:
        table.delete(MemberKey(account, old.client_member_id))
        table.create(person(account, first_name="Ann", phone_number=phone(2)))

    client = client_without_retries()
    with inject_faults(client, "PutItem", replaced):
        renamed = person(account, first_name="Rolf")
        outcomes = load([renamed], "upsert", client=client, arrived_at="2999-01-01T00:00:00.000Z")
    assert codes(outcomes) == ["updated"]
    assert without_account(members_of(account)["m1"]) == {
        "client_member_id": "m1",
        "first_name": "Rolf",
        "last_name": "Mouse",
        "phone_number": phone(1),
    }


def test_upsert_creates_updates_and_skips_equal_rows(table: MemberRepository, account: str) -> None:
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
    assert codes(outcomes) == ["unchanged", "updated", "updated", "phone_number_taken", "created"]
    assert olds[3].id in outcomes[3].reason
    members = members_of(account)
    assert members["m0"] == olds[0]
    assert members["m3"] == olds[3]
    assert (members["m1"].last_name, members["m1"].version) == ("Vole", 2)
    assert (members["m2"].phone_number, members["m2"].created_at) == (phone(99), olds[2].created_at)


def test_later_of_two_rows_of_one_member_wins(table: MemberRepository, account: str) -> None:
    outcomes = load(
        [
            person(account, 1),
            person(account, 1, last_name="Vole"),
            person(account, 1, last_name="Vole"),
            person(account, 1, phone_number=phone(9)),
            person(account, 2, phone_number=phone(1)),  # freed by the row above
        ],
        "upsert",
    )
    assert codes(outcomes) == ["created", "updated", "unchanged", "updated", "created"]
    members = members_of(account)
    assert (members["m1"].phone_number, members["m2"].phone_number) == (phone(9), phone(1))


def test_phone_number_moves_after_its_holder_changes_first(table: MemberRepository, account: str) -> None:
    for n in range(3):
        table.create(person(account, n))
    rows = [
        person(account, 0, phone_number=phone(10)),
        person(account, 1, phone_number=phone(0)),
        person(account, 2, phone_number=phone(1)),
    ]
    assert codes(load(rows, "upsert")) == ["updated"] * 3
    stored = members_of(account)
    assert [stored[f"m{n}"].phone_number for n in range(3)] == [phone(10), phone(0), phone(1)]


def test_shifted_numbers_move_thirty_rows_a_transaction(table: MemberRepository, account: str) -> None:
    """Each row takes the number of the next row's member, which gives it up in a later row."""
    load([person(account, n) for n in range(120)])
    shifted = [person(account, n, phone_number=phone(n + 1), first_name="") for n in range(120)]
    with metered(config.dynamodb()) as meter:
        assert codes(load(shifted, "upsert", account)) == ["updated"] * 120
    # The last row is independent of the others, all others wait for the next one. A batch takes 31 of them:
    # three writes each, one for the first number, and six that a row may need must be free of its 98.
    assert meter.calls["TransactWriteItems"] <= 12
    stored = members_of(account)
    assert [stored[f"m{n}"].phone_number for n in range(120)] == [phone(n + 1) for n in range(120)]
    assert codes(load(shifted, "upsert", account)) == ["updated"] * 120


def test_many_rows_of_one_member_cost_few_writes(table: MemberRepository, account: str) -> None:
    rows = [person(account, 1, first_name=f"Ann{n}") for n in range(500)]
    rows += [person(account, 1, phone_number=phone(9)), person(account, 2, phone_number=phone(1))]
    with metered(config.dynamodb()) as meter:
        outcomes = codes(load(rows, "upsert"))
    assert outcomes == ["created"] + ["updated"] * 500 + ["created"]
    assert meter.calls["TransactWriteItems"] < 8  # each change has an entry in the history


def test_new_member_without_a_name_is_blank_before_taken(table: MemberRepository, account: str) -> None:
    load([person(account)])
    rows = [person(account, n, phone_number=phone(1), first_name="") for n in (2, 3)]
    assert codes(load(rows, "upsert")) == ["blank", "blank"]


def test_two_members_swap_their_phone_numbers(table: MemberRepository, account: str) -> None:
    for n in range(2):
        table.create(person(account, n))
    swap = [person(account, 0, phone_number=phone(1)), person(account, 1, phone_number=phone(0))]
    assert codes(load(swap, "upsert")) == ["updated"] * 2
    stored = members_of(account)
    assert [stored[f"m{n}"].phone_number for n in range(2)] == [phone(1), phone(0)]


@pytest.mark.parametrize("size", [3, 48, 49, 60, 100])
def test_ring_of_phone_numbers_moves_round(table: MemberRepository, account: str, size: int) -> None:
    load([person(account, n) for n in range(size)])
    ring = [person(account, n, phone_number=phone((n + 1) % size)) for n in range(size)]
    assert codes(load(ring, "upsert")) == ["updated"] * size
    after = members_of(account)
    assert [after[f"m{n}"].phone_number for n in range(size)] == [phone((n + 1) % size) for n in range(size)]
