"""Writing many rows in the mode upsert on a real engine."""

from chalicelib import config
from chalicelib.imports.bulk_writer import MAX_DEFERRED
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.bulk import CHECKPOINTS, codes, load, without_account
from tests.support.metering import metered
from tests.support.people import person, phone
from tests.support.request_faults import client_without_retries, inject_faults
from tests.support.tables import members_of


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
        assert codes(load([person(account, first_name="Rolf")], "upsert", client=client)) == ["updated"]
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
    assert [members_of(account)[f"m{n}"].phone_number for n in range(3)] == [phone(10), phone(0), phone(1)]


def test_rows_with_held_numbers_are_rejected_without_a_write(table: MemberRepository, account: str) -> None:
    load([person(account, n) for n in range(120)])
    shifted = [person(account, n, phone_number=phone(n + 1), first_name="") for n in range(120)]
    with metered(config.dynamodb()) as meter:
        outcomes = codes(load(shifted, "upsert"))
    assert outcomes == ["phone_number_taken"] * 119 + ["updated"]
    assert meter.calls == {"BatchGetItem": 2, "TransactWriteItems": 1}


def test_chain_of_numbers_costs_one_transaction_each_and_no_checkpoint(
    table: MemberRepository, account: str
) -> None:
    """Each row takes the number that the row before it frees. The members store all rows."""
    load([person(account, n) for n in range(1, 61)])
    chain = [person(account, n, phone_number=phone(n - 1)) for n in range(1, 61)]
    with metered(config.dynamodb()) as meter:
        assert codes(load(chain, "upsert", "chain")) == ["updated"] * 60
    assert meter.calls == {"BatchGetItem": 1, "TransactWriteItems": 60}
    assert ("chain", account) not in CHECKPOINTS
    assert codes(load(chain, "upsert", "chain")) == ["updated"] * 60


def test_row_waits_for_one_more_than_max_deferred_before(table: MemberRepository, account: str) -> None:
    """More rows wait for one member than a wave scans."""
    rows = [person(account, 1)] * (MAX_DEFERRED + 20)
    rows += [person(account, 1, phone_number=phone(9)), person(account, 2, phone_number=phone(1))]
    outcomes = codes(load(rows, "upsert"))
    assert outcomes == ["created"] + ["unchanged"] * (MAX_DEFERRED + 19) + ["updated", "created"]


def test_new_member_without_a_name_is_blank_before_taken(table: MemberRepository, account: str) -> None:
    load([person(account)])
    rows = [person(account, n, phone_number=phone(1), first_name="") for n in (2, 3)]
    assert codes(load(rows, "upsert")) == ["blank", "blank"]


def test_swapped_phone_numbers_need_a_third_number(table: MemberRepository, account: str) -> None:
    """One after the other, neither can be written first."""
    olds = [table.create(person(account, n)) for n in range(2)]
    swap = [person(account, 0, phone_number=phone(1)), person(account, 1, phone_number=phone(0))]
    assert codes(load(swap, "upsert")) == ["phone_number_taken"] * 2
    assert members_of(account) == {old.client_member_id: old for old in olds}
    detour = [person(account, 0, phone_number=phone(99)), swap[1], swap[0]]
    assert codes(load(detour, "upsert")) == ["updated"] * 3
    assert [members_of(account)[f"m{n}"].phone_number for n in range(2)] == [phone(1), phone(0)]
