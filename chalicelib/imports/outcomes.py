"""The outcome of a row. Pure."""

from typing import NamedTuple

from chalicelib.dynamodb.items import Item
from chalicelib.errors import Holder
from chalicelib.members.items import from_item, holder_of
from chalicelib.members.model import NewMember
from chalicelib.members.writes import CLIENT_ID

from .member_row import MemberRow
from .model import Mode

OUTCOMES = ("created", "updated", "unchanged", "rejected")


class Outcome(NamedTuple):
    """The outcome of a row, one of OUTCOMES; code and reason only where it is rejected."""

    outcome: str
    code: str = ""
    reason: str = ""


DEFERRED = Outcome("deferred")  # of a row that the resolver settles


def desired_member(
    row: MemberRow, item: Item | None, mode: Mode, import_id: str, previous: Item | None = None
) -> NewMember | Outcome:
    """Returns the member that a row asks for, given its stored member, or the outcome if nothing is to be written.

    `previous` is the member stored under the row's previous client member id.
    """
    if item and previous:
        return taken_outcome(CLIENT_ID, holder_of(item), import_id)
    item = item or previous
    if item is None:
        return missing_field_outcome(row) if row.missing_field else row.member
    if mode != "upsert":
        return existing_member_outcome(row, item, import_id)
    old = from_item(item)
    new = row.with_stored(old)
    return Outcome("unchanged") if old.has_values_of(new) else new


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
    return Outcome("rejected", f"{field}_taken", f"{field}: Already used by {by}.")


def missing_field_outcome(row: MemberRow) -> Outcome:
    """Returns the outcome of a row for a new member with a blank field."""
    return Outcome("rejected", "blank", f"{row.missing_field}: Must not be blank.")
