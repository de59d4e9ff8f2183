"""The outcome of a row. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from chalicelib.dynamodb.items import Item
from chalicelib.errors import Holder
from chalicelib.members.items import from_item, holder_of, origin_of
from chalicelib.members.model import Member, NewMember, PhoneKey, Values
from chalicelib.members.writes import CLIENT_ID

from .member_row import MemberRow
from .removal import REMOVAL_OUTCOMES
from .row_context import RowContext, modifier

APPLIED = ("created", "updated", "deleted")
OUTCOMES = ("created", "updated", "unchanged", "deleted", "rejected")
# Those in changes.csv: also of rows that wait for a removal, and of members that no row is about.
LISTED_OUTCOMES = (*OUTCOMES, "held", *REMOVAL_OUTCOMES)


class Outcome(NamedTuple):
    """The outcome of a row, one of OUTCOMES; code and reason where it is rejected, and after a newer change.

    `before` are the values that an applied row replaces. `by` is who has made the newer change. `holder` is the id of
    the member that holds a value taken in a request, which has no import.
    """

    outcome: str
    code: str = ""
    reason: str = ""
    before: Values = ()
    by: str = ""
    holder: str = ""


CREATED = Outcome("created")
DEFERRED = Outcome("deferred")  # of a row that the resolver settles
HELD = Outcome("held")  # of a row that waits until a sync may remove the holder of its number
CHANGED_SINCE = "changed_since"  # the code of an unchanged row


def changed_since(by: str | None) -> Outcome:
    """Returns the outcome of a row whose member others have changed."""
    return Outcome("unchanged", CHANGED_SINCE, by=by or "")


def count_outcomes(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Returns what outcomes add to the counts of their import."""
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        counts["rows"] += 1
        counts[outcome.outcome] += 1
        if outcome.code == CHANGED_SINCE:
            counts[outcome.code] += 1
    return counts


def not_created(outcomes: Mapping[int, Outcome]) -> dict[int, Outcome]:
    """Returns outcomes by line, without the most frequent one: a row without an outcome was created."""
    return {line: outcome for line, outcome in outcomes.items() if outcome != CREATED}


def freed_numbers(rows: Iterable[MemberRow], outcomes: Mapping[int, Outcome]) -> Iterator[PhoneKey]:
    """Yields the phone numbers that rows with these outcomes by line have freed."""
    for row in rows:
        if row.line in outcomes and (number := dict(outcomes[row.line].before).get("phone_number")):
            yield PhoneKey(row.member.account_id, number)


def encode_outcomes(outcomes: Iterable[tuple[int, Outcome]]) -> bytes:
    """Returns the outcomes of lines as one line of JSON."""
    return orjson.dumps([(line, *_shortened(outcome)) for line, outcome in outcomes])


def _shortened(outcome: Outcome) -> tuple[Any, ...]:
    """Returns the fields of an outcome without empty ones at the end."""
    size = 5 if outcome.by else 4 if outcome.before else 3 if outcome.code else 1
    return outcome[:size]


def decode_outcomes(text: bytes | str) -> dict[int, Outcome]:
    """Returns what `encode_outcomes` was given, by line."""
    found = ((line, rest) for line, *rest in orjson.loads(text))
    return {
        line: Outcome(*rest[:3], *(tuple(map(tuple, before)) for before in rest[3:4]), *rest[4:])
        for line, rest in found
    }


def applied_outcome(row: MemberRow, old: Member | None) -> Outcome:
    """Returns the outcome of a row that is applied to the stored member, None where it creates one."""
    if old is None:
        return CREATED
    if row.deletes:
        return Outcome("deleted", before=tuple(old.writable().items()))
    given = vars(row.member)
    changed = ((name, value) for name, value in old.writable().items() if given[name] not in ("", value))
    return Outcome("updated", before=tuple(changed))


def desired_member(
    row: MemberRow, item: Item | None, context: RowContext, previous: Item | None = None
) -> NewMember | Outcome | None:
    """Returns the member that a row asks for, given its stored member, or the outcome if nothing is to be written.

    None where the stored member is to be deleted. `previous` is the member stored under the row's previous client
    member id.
    """
    if row.deletes:
        return _kept_outcome(row, item, context)
    if item and previous:
        return _unmoved_outcome(item, previous, context)
    item = item or previous
    if item is None:
        return missing_field_outcome(row) if row.missing_field else row.member
    if context.mode != "upsert":
        return existing_member_outcome(row, item, context.import_id)
    old = from_item(item)
    new = row.with_stored(old)
    if old.has_values_of(new):
        return Outcome("unchanged")
    return changed_since(old.modified_by) if was_changed_since(item, old, context) else new


def _unmoved_outcome(item: Item, previous: Item, context: RowContext) -> Outcome:
    """Returns the outcome of a row that moves the member `previous` to the id of another one."""
    member = from_item(previous)
    if was_changed_since(previous, member, context):
        return changed_since(member.modified_by)
    return taken_outcome(CLIENT_ID, holder_of(item), context.import_id)


def _kept_outcome(row: MemberRow, item: Item | None, context: RowContext) -> Outcome | None:
    """Returns the outcome of a row that deletes nothing, None if its stored member is to be deleted."""
    if item is None:
        return Outcome("unchanged")
    old = from_item(item)
    if was_changed_since(item, old, context):
        return changed_since(old.modified_by)
    stored = old.writable()
    differing = next((name for name, value in row.member if value not in ("", stored[name])), None)
    if differing is None:
        return None
    detail = (
        "The stored member has another value, and may be another person. Correct the cell, or leave it blank."
    )
    return Outcome("rejected", "identity_mismatch", f"{differing}: {detail}")


def was_changed_since(item: Item, member: Member, context: RowContext) -> bool:
    """Returns whether others changed a member after the import's file had arrived.

    What another import wrote counts from the arrival of its file: of two files the later one wins, whichever loads
    first. A request of the API arrives when it is written.
    """
    if member.modified_by == context.by or not context.arrived_at:
        return False
    origin = origin_of(item)
    if origin and origin.arrived_at and member.modified_by == modifier(origin.import_id):
        return (origin.arrived_at, origin.import_id) > (context.arrived_at, context.import_id)
    return member.last_modified > context.arrived_at


def existing_member_outcome(row: MemberRow, item: Item, import_id: str) -> Outcome:
    """Returns the outcome of a row in mode create whose member `item` exists."""
    if from_item(item).has_values_of(row.member):
        return Outcome("unchanged")
    return taken_outcome(CLIENT_ID, holder_of(item), import_id)


def taken_outcome(field: str, holder: Holder, import_id: str) -> Outcome:
    """Returns the outcome of a row whose value of `field` another member holds."""
    by = f"member {holder.member_id} of this account"
    if holder.import_id == import_id:
        by = f"line {holder.line} of this file"
    reason = f"{field}: Already used by {by}."
    return Outcome("rejected", f"{field}_taken", reason, holder="" if import_id else holder.member_id)


def missing_field_outcome(row: MemberRow) -> Outcome:
    """Returns the outcome of a row for a new member with a blank field."""
    return Outcome("rejected", "blank", f"{row.missing_field}: Must not be blank.")
