"""Compares every member of the table with its claim, every claim with its member, and repairs what differs.

Most items are read twice at half price: in a scan, and as the counterpart of another. What seems wrong is read again
in one transaction, as writes may have been under way. A repair writes under the condition that all that it relies on
is unchanged: the service may be in use.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from chalicelib.dynamodb.items import Item, key_of, key_pair
from chalicelib.dynamodb.segments import handle_pages
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import (
    ConditionalWrite,
    ConditionsFailed,
    check_if,
    check_that,
    delete_if,
    put_if,
    put_new,
)

from .faults import (
    INDEX_KEYS,
    Fault,
    Related,
    counterpart_key,
    faults_of,
    holder_key,
    index_keys,
    is_member,
    is_readable,
)
from .history import VERSION
from .items import (
    CLAIM_PREFIX,
    MEMBER_PREFIX,
    claimed_phone_key,
    from_item,
    member_key,
    member_key_of,
    to_claim,
)
from .writes import PHONE, unchanged

SEGMENTS = 8  # pages in memory, and requests in flight
PAGE = 1000  # items; 1 MB, DynamoDB's own limit, takes 30 MB of objects in Python
Outcome = Literal["found", "repaired", "changed", "left"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault, and what became of it.

    It was `found` only, `repaired`, `changed` by somebody else meanwhile, or is `left` for a person to decide.
    """

    fault: Fault
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class CheckedPage:
    """How many members and claims a page of the table has, and what is wrong with them."""

    members: int
    claims: int
    findings: Sequence[Finding]


class MemberCheck:
    """Checks the members of one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def pages(self, *, repair: bool = False, segments: int = SEGMENTS) -> Iterator[CheckedPage]:
        """Yields what was found on each page of the table, and was repaired if that is wanted."""
        yield from handle_pages(
            self._table,
            segments,
            partial(self._check_page, repair=repair),
            Limit=PAGE,
            FilterExpression="begins_with(pk, :member) OR begins_with(pk, :claim)",
            ExpressionAttributeValues={":member": {"S": MEMBER_PREFIX}, ":claim": {"S": CLAIM_PREFIX}},
        )

    def _check_page(self, items: Sequence[Item], *, repair: bool) -> CheckedPage:
        keys = {key_pair(key): key for key in map(counterpart_key, filter(is_readable, items))}
        found = {
            key_pair(item): item for item in self._table.batch_get(list(keys.values()), consistent=False)
        }
        findings: list[Finding] = []
        for item in items:
            counterpart = found.get(key_pair(counterpart_key(item))) if is_readable(item) else None
            if any(faults_of(Related(item, counterpart))):
                findings += self._examine(item, repair=repair)
        members = sum(map(is_member, items))
        return CheckedPage(members, len(items) - members, findings)

    def _examine(self, item: Item, *, repair: bool) -> Iterator[Finding]:
        """Yields the faults that an item still has when it is read again, after their repair if that is wanted."""
        related = self._read_again(item)
        for fault in faults_of(related) if related else ():
            yield Finding(fault, self._repair(fault, related) if repair and related else "found")

    def _read_again(self, item: Item) -> Related | None:
        """Returns an item and what must agree with it, all as they are at one moment; None if it was deleted."""
        key = key_of(*key_pair(item))
        others = [counterpart_key(item)] if is_readable(item) else []
        while True:
            current, *rest = self._table.get_together([key, *others])
            if current is None:
                return None
            related = Related(current, *(rest or [None]))
            expected = [counterpart_key(current)] if is_readable(current) else []
            if holder := holder_key(related):
                expected.append(holder)
            if expected == others:
                return related
            others = expected  # the first time with a holder; else it has changed

    def _repair(self, fault: Fault, related: Related) -> Outcome:
        if fault.code in ("wrong_index_keys", "claim_in_index"):
            return self._repair_index_keys(related.item)
        writes = _repairs(fault, related)
        if not writes:
            return "left"
        try:
            self._table.write(writes)
        except ConditionsFailed:
            return "changed"
        return "repaired"

    def _repair_index_keys(self, item: Item) -> Outcome:
        """Sets the index keys of a member, or removes those of a claim, and touches no other attribute."""
        if is_member(item):
            expected, keys = unchanged(item), index_keys(item)
            update = "SET " + ", ".join(f"{name} = :{name}" for name in keys)
        else:
            expected, keys = {"client_member_id": item["client_member_id"]}, {}
            update = "REMOVE " + ", ".join(INDEX_KEYS)
        done = self._table.update(
            key_of(*key_pair(item)),
            UpdateExpression=update,
            ConditionExpression=" AND ".join(f"{name} = :{name}" for name in expected),
            ExpressionAttributeValues={f":{name}": value for name, value in (expected | keys).items()},
        )
        return "changed" if done is None else "repaired"


def _repairs(fault: Fault, related: Related) -> list[ConditionalWrite]:
    """Returns the writes that repair a claim, none where a person has to decide."""
    item = related.item
    if fault.code == "member_without_claim":
        return [put_new(PHONE, to_claim(from_item(item))), _member_unchanged(item)]
    if fault.code == "claim_of_another" and related.counterpart:
        claim = to_claim(from_item(item))
        return [_replace(claim, related.counterpart), _member_unchanged(item), _not_held(related.counterpart)]
    if fault.code == "claim_without_member":
        held = {"client_member_id": item["client_member_id"]}
        return [delete_if(PHONE, key_of(*key_pair(item)), held), _not_held(item)]
    return []


def _replace(claim: Item, stored: Item) -> ConditionalWrite:
    return put_if(PHONE, claim, {"client_member_id": stored["client_member_id"]})


def _member_unchanged(item: Item) -> ConditionalWrite:
    return check_if(VERSION, member_key(*member_key_of(item)), unchanged(item))


def _not_held(claim: Item) -> ConditionalWrite:
    """Returns the check that the member that a claim names does not exist, or has another number."""
    return check_that(
        VERSION,
        member_key(*member_key_of(claim)),
        ConditionExpression="attribute_not_exists(pk) OR phone_number <> :number",
        ExpressionAttributeValues={":number": {"S": claimed_phone_key(claim).phone_number}},
    )
