"""The check of all members and claims, on a table with planted faults."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from chalicelib import config
from chalicelib.dynamodb.items import key_pair
from chalicelib.members.check import Finding, MemberCheck
from chalicelib.members.items import to_item
from chalicelib.members.repository import MemberRepository
from chalicelib.services import Services
from tests.support.people import key_of, person, phone, set_fields
from tests.support.planted import Plants, all_items
from tests.support.tables import members_of

OTHERS = ({"pk": {"S": "USERS"}, "sk": {"S": "ann"}}, {"pk": {"S": "HISTORY#m1"}, "sk": {"S": "ACCOUNT#x"}})


@pytest.fixture
def plants(settings: object, account: str) -> Iterator[Plants]:
    """Plants faults, in a table without other items."""
    yield Plants(account)
    for item in all_items().values():
        Plants(account).delete(item)


@pytest.fixture
def check(services: Services) -> MemberCheck:
    return services.member_check


def found(check: MemberCheck, **options: Any) -> list[tuple[str, str, str, str]]:
    """Returns (code, client member id, number, outcome) of each finding, sorted."""
    findings = [one for page in check.pages(**options) for one in page.findings]
    return sorted(_row(one) for one in findings)


def _row(finding: Finding) -> tuple[str, str, str, str]:
    fault = finding.fault
    return fault.code, fault.client_member_id, fault.phone_number, finding.outcome


def plant_all(plants: Plants) -> None:
    """Plants each fault that can be repaired, beside sound members and other items."""
    for number in range(10, 40):
        plants.member(number)
    for item in OTHERS:
        plants.put(item)
    plants.member(1, claimed="-")
    plants.member(2, claimed="nobody")
    plants.member(3, claimed="m10")
    plants.claim(4, "gone")
    plants.claim(5, "m11")
    plants.member(6, account_shard={"S": "another#1"})
    plants.member(7, name_order={"S": "another"})
    plants.member(8)
    plants.claim(8, "m8", account_shard={"S": "another#1"}, name_order={"S": "another"})


FAULTS = [
    ("claim_in_index", "m8", phone(8)),
    ("claim_of_another", "m2", phone(2)),
    ("claim_of_another", "m3", phone(3)),
    ("claim_without_member", "gone", phone(4)),
    ("claim_without_member", "m10", phone(3)),  # seen from the member and from the claim
    ("claim_without_member", "m11", phone(5)),
    ("claim_without_member", "nobody", phone(2)),
    ("member_without_claim", "m1", phone(1)),
    ("wrong_index_keys", "m6", phone(6)),
    ("wrong_index_keys", "m7", phone(7)),
]


@pytest.mark.parametrize("segments", [1, 8])
def test_each_planted_fault_is_found(check: MemberCheck, plants: Plants, segments: int) -> None:
    plant_all(plants)
    before = all_items()
    assert found(check, segments=segments) == [(*fault, "found") for fault in FAULTS]
    assert all_items() == before


def test_each_planted_fault_is_repaired_and_nothing_else(check: MemberCheck, plants: Plants) -> None:
    plant_all(plants)
    before = all_items()
    assert {outcome for *_, outcome in found(check, repair=True, segments=1)} == {"repaired"}
    assert found(check) == []
    assert len(members_of(plants.account)) == 30 + 6

    after = all_items()
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    claims = {key_pair(plants.claim_key(number)) for number in (1, 2, 3, 4, 5, 8)}
    assert changed == claims | {key_pair(plants.member_key(number)) for number in (6, 7)}


def test_number_of_two_members_is_left_to_people(check: MemberCheck, plants: Plants) -> None:
    plants.member(1)
    plants.put(to_item(plants.member(2, claimed="-")) | {"phone_number": {"S": phone(1)}})
    plants.put(plants.member_key(3))
    plants.put(plants.claim_key(4))
    before = all_items()
    assert found(check, repair=True) == [
        ("number_held_twice", "m2", phone(1), "left"),
        ("unreadable", "", phone(4), "left"),
        ("unreadable", "m3", "", "left"),
    ]
    assert all_items() == before


def test_page_counts_members_and_claims(check: MemberCheck, plants: Plants) -> None:
    for number in range(30):
        plants.member(number)
    plants.claim(40, "nobody")
    pages = list(check.pages())
    assert (sum(page.members for page in pages), sum(page.claims for page in pages)) == (30, 31)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"phone_number": phone(7)}, id="another number"),
        pytest.param({"client_member_id": "m7"}, id="another id"),
    ],
)
def test_member_changed_during_repair_is_left(
    check: MemberCheck, members: MemberRepository, plants: Plants, change: dict[str, str]
) -> None:
    """Between the read that confirms the fault and the write that repairs it."""
    old = members.create(person(plants.account))
    plants.delete(plants.claim_key(1))
    plants.claim(1, "nobody")
    events: Any = config.dynamodb().meta.events
    once = iter([True])

    def interfere(params: dict[str, Any], **_: Any) -> None:
        if b"ConditionCheck" in params["body"] and next(once, False):
            plants.claim(1, "m1")
            members.change(key_of(old), set_fields(**change))

    events.register_last("before-call.dynamodb.TransactWriteItems", interfere, unique_id="interfere")
    try:
        outcomes = {outcome for *_, outcome in found(check, repair=True, segments=1)}
    finally:
        events.unregister("before-call.dynamodb.TransactWriteItems", unique_id="interfere")
    assert "changed" in outcomes
    (member,) = members_of(plants.account).values()
    assert change.items() <= member.writable().items()


def test_repair_beside_writers_loses_no_write(
    check: MemberCheck, members: MemberRepository, plants: Plants
) -> None:
    """Members change their numbers and ids all the time; those that nobody touches are broken and repaired."""
    olds = [members.create(person(plants.account, number)) for number in range(4)]
    for number in range(100, 130):
        plants.member(number, claimed="-")
        plants.claim(number + 100, f"m{number}")
    stopped, written = threading.Event(), [0] * len(olds)

    def write(index: int) -> None:
        while not stopped.is_set():
            number = phone(1000 + 10 * index + written[index] % 10)
            members.change(key_of(olds[index]), set_fields(phone_number=number))
            written[index] += 1

    writers = [threading.Thread(target=partial(write, index)) for index in range(len(olds))]
    for writer in writers:
        writer.start()
    try:
        repaired = found(check, repair=True)
        sound = [found(check, repair=True) for _ in range(10)]
    finally:
        stopped.set()
        for writer in writers:
            writer.join()
    assert {outcome for *_, outcome in repaired} == {"repaired"}
    assert len(repaired) == 60
    assert sound == [[]] * 10
    stored = members_of(plants.account)
    assert [stored[old.client_member_id].version for old in olds] == [1 + count for count in written]


def test_check_reads_each_item_twice_at_half_price(check: MemberCheck, plants: Plants) -> None:
    """Half a unit for each member and each claim as a counterpart, and the same for each 4 kB of the scan."""
    for number in range(200):
        plants.member(number)
    bodies: list[dict[str, Any]] = []
    events: Any = config.dynamodb().meta.events

    def note(params: dict[str, Any], **_: Any) -> None:
        bodies.append(json.loads(params["body"]))

    events.register_last("before-call.dynamodb", note, unique_id="note")
    try:
        assert found(check, segments=2) == []
    finally:
        events.unregister("before-call.dynamodb", unique_id="note")
    reads = [request for body in bodies for request in body.get("RequestItems", {}).values()]
    assert sum(len(read["Keys"]) for read in reads) == 400
    assert not any(request.get("ConsistentRead") for request in [*bodies, *reads])
